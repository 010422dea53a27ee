package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// alertOf words an alert and what became of it.
func alertOf(a *shard.ExplainedAlert, clock clockOf) Alert {
	out := Alert{
		AlertID: a.AlertID, Kind: a.Kind.Name, Level: a.Level.String(), Open: a.Open,
		RaisedAt: stamp(event.Instant(a.RaisedAt)), ToldAt: stamp(a.ToldAt), Standing: a.Standing,
		Suppressed: a.Suppressed.String(), Complaint: a.Complaint.ID, Reasons: []string{},
	}
	for i := range a.Reasons[:a.ReasonCount] {
		out.Reasons = append(out.Reasons, a.Reasons[i].Text())
	}
	out.Until = stamp(a.ExpiresAt)
	if !a.Open {
		out.Until = stamp(event.Instant(a.CooldownUntil))
	}
	out.State = stateOf(a, clock)
	return out
}

// stateOf tells what became of an alert: told or why not, and for how long it stands.
func stateOf(a *shard.ExplainedAlert, clock clockOf) string {
	var told string
	switch {
	case a.Suppressed != signal.NotSuppressed:
		told = "recorded, not delivered (" + Suppressed(a.Suppressed.String()) + ")"
	case a.ToldAt != 0:
		told = "told late, on " + clock.text(a.ToldAt) + ": it had been raised before, undelivered (standing)"
	default:
		told = "told"
	}
	switch {
	case a.Open && a.Waits:
		return told + "; it is told once everything that had reached Kafka is counted and the model rests on enough"
	case a.Open && a.ExpiresAt != policy.Never:
		return told + "; open, and expires on " + clock.text(a.ExpiresAt)
	case a.Open:
		return told + "; open"
	case a.Once:
		return told + " once; another of its kind not before " + clock.text(event.Instant(a.CooldownUntil))
	}
	return told + "; over, and another of its kind not before " + clock.text(event.Instant(a.CooldownUntil))
}

// noAlert says why no alert about the silence is open, and when one comes.
func noAlert(e *shard.Explanation, clock clockOf) []string {
	o := &e.Outlook
	all := []string{pauseText(e, clock)}
	switch o.Pause {
	case policy.PauseLevel, policy.PauseModel, policy.PauseDwell, policy.PauseCooling:
	default:
		return all
	}
	if o.AlertAt != policy.Never && o.AlertAt > o.Until {
		all = append(all, "the alert comes on "+clock.text(o.AlertAt)+" then: dwell and cooldown are over first")
	}
	if o.Speaks != signal.NotSuppressed {
		all = append(all, "an alert that is raised now is recorded, and not delivered: "+Suppressed(o.Speaks.String()))
	}
	return all
}

func pauseText(e *shard.Explanation, clock clockOf) string {
	o := &e.Outlook
	switch o.Pause {
	case policy.PauseNoPurchase:
		return "has never bought: there is nobody to lose yet"
	case policy.PauseClosed:
		return "the account is closed: nothing more is to come of it"
	case policy.PauseLost:
		return "lost already: for winning back, not for keeping"
	case policy.PauseOnePurchase:
		return "one purchase only: there is no rhythm yet to be missed in, so one-time buyers have no alert of their own; " +
			"one about all of them (second_purchase_gap) is planned"
	case policy.PauseLevel:
		return borderText(e, clock)
	case policy.PauseModel:
		return "new parameters are in force, and nothing is raised by them alone before " + clock.text(o.Until)
	case policy.PauseDwell:
		return "at risk, and waiting for the dwell until " + clock.text(o.Until)
	case policy.PauseTold:
		return "this crossing was told already: another alert comes from a higher level, or after the level has been left"
	case policy.PauseCooling:
		return "at risk, and cooling until " + clock.text(o.Until) + ": the alert before ended not long ago"
	case policy.NoPause:
	}
	return "an alert is open"
}

// borderText says when silence makes the customer at risk.
func borderText(e *shard.Explanation, clock clockOf) string {
	until := e.Outlook.Until
	switch {
	case until == policy.Never:
		return "not at risk, and no silence within a century makes it so"
	case until <= e.Now:
		return "not at risk: the border lies at " + clock.text(until) + ", and so much silence is not known yet"
	}
	return "not at risk: without " + unheard(e) + " the border is crossed on " + clock.text(until)
}

// unheard is what ends the silence.
func unheard(e *shard.Explanation) string {
	if e.Parameters.ByActivity(&e.Statistics.Facts) {
		return "a purchase or a visit"
	}
	return "a purchase"
}

// held says what keeps silence from counting up to now.
func held(e *pipeline.Explained, clock clockOf) []string {
	all := []string{}
	upTo := "; silence counts up to " + clock.text(e.Silence)
	if len(e.Backfills) > 0 {
		all = append(all, "a backfill is open ("+strings.Join(e.Backfills, ", ")+")"+upTo)
	}
	for _, topic := range e.Quiet {
		all = append(all, "nothing has come in "+topic+" for much longer than usual, and nothing is concluded from that"+upTo)
	}
	if e.Parameters.HasActivity && e.Statistics.ActivityHeld {
		all = append(all, "visits do not arrive as usual, or did not until lately: nothing follows from missing ones, and "+
			"purchases alone are judged")
	}
	if e.Behind && len(e.Backfills) == 0 {
		all = append(all, "not everything that has reached Kafka is counted yet"+upTo)
	}
	return all
}

// next is what silence and open complaints bring, in the order of time.
func next(e *shard.Explanation, clock clockOf) []Next {
	all := []Next{}
	for level := signal.LevelWatch; level <= signal.LevelLost; level++ {
		if at := e.Outlook.At[level]; at > e.Now && at != policy.Never {
			text := fmt.Sprintf("level %s from %s on, without %s", level, clock.text(at), unheard(e))
			all = append(all, Next{stamp(at), text})
		}
	}
	if at := e.Outlook.DueAt; at > e.Now && at != policy.Never {
		text := "an open complaint is past its time from " + clock.text(at) + " on: level watch at least"
		all = append(all, Next{stamp(at), text})
	}
	slices.SortStableFunc(all, func(a, b Next) int { return strings.Compare(a.At, b.At) })
	return all
}
