package policy

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// complaintCodes are the reasons that matter to an alert about a complaint.
const complaintCodes = signal.ReasonMask(1<<signal.OpenComplaint | 1<<signal.RepeatComplaints | 1<<signal.ComplaintLate)

// raise opens an episode of the kind, in the place of a cooled one if there is
// one, and says so. Of the loyalty kinds it is closed at once: they have one
// message.
func (j *judgement) raise(kind signal.AlertKind, level signal.Level) {
	e := j.find(kind)
	if e == nil {
		j.episodes = append(j.episodes, Episode{})
		e = &j.episodes[len(j.episodes)-1]
	}
	holdout := j.c.InHoldout(j.f.CustomerID)
	j.st.Raised++
	*e = Episode{
		Kind: kind, Open: true, Level: level, Number: j.st.Raised, RaisedAt: j.f.Now,
		Suppression: j.suppression(kind, holdout), Holdout: holdout,
	}
	if kind.Family() == "loyalty" {
		e.Open = false
		e.CooldownUntil = j.f.Now + j.c.Cooldown
	}
	j.say(e, signal.Raised, level, signal.LevelNone, signal.ResolveNone)
}

// end closes an episode as resolved or expired.
func (j *judgement) end(e *Episode, action signal.Action, why signal.ResolveReason) {
	e.Open = false
	e.CooldownUntil = j.f.Now + j.c.Cooldown
	j.say(e, action, j.st.Level, e.Level, why)
}

// say appends the next message of an episode.
func (j *judgement) say(e *Episode, action signal.Action, level, previous signal.Level, why signal.ResolveReason) {
	e.Seq++
	e.MessageAt = j.f.Now
	e.Reasons = j.reasons(e.Kind)
	t := Transition{
		At: j.f.Now, RaisedAt: e.RaisedAt, Episode: e.Number, Seq: e.Seq, Kind: e.Kind, Action: action,
		Level: level, PreviousLevel: previous, Resolve: why,
		Suppression: e.Suppression, Feedback: e.Feedback, Holdout: e.Holdout,
	}
	if !e.Open {
		t.CooldownUntil = e.CooldownUntil
	}
	e.Feedback = event.OutcomeNone
	j.out = append(j.out, t)
}

// reasons is the set of reasons whose change an open alert of this kind tells of.
func (j *judgement) reasons(kind signal.AlertKind) signal.ReasonMask {
	if kind == signal.ChurnRisk || kind == signal.SilentChurn {
		return j.f.Reasons.With(signal.Overdue)
	}
	return j.f.Reasons & complaintCodes
}

// answered deals with what ends any open alert whatever its kind: the team's
// word, and a reason not to contact the customer any more. It says whether the
// episode is over.
func (j *judgement) answered(e *Episode) bool {
	if j.f.Feedback != event.OutcomeNone && j.f.FeedbackEpisode == e.Number {
		switch j.f.Feedback {
		case event.OutcomeSaved, event.OutcomeLost, event.OutcomeWrong:
			j.end(e, signal.Resolved, signal.ByFeedback)
			return true
		case event.OutcomeAcknowledged, event.OutcomeContacted:
			e.Feedback = j.f.Feedback
		}
	}
	if e.Suppression == signal.NotSuppressed && (j.f.OptedOut || j.f.DoNotRetain) {
		j.end(e, signal.Resolved, signal.BySuppression)
		return true
	}
	return false
}

// aged expires an alert that has been open too long, and tells of changed
// reasons, not more often than UpdateEvery. It says whether the episode is over.
func (j *judgement) aged(e *Episode) bool {
	if j.f.Now >= e.RaisedAt+j.c.Expiry {
		j.end(e, signal.Expired, signal.ResolveNone)
		return true
	}
	if j.reasons(e.Kind) != e.Reasons && j.f.Now >= e.MessageAt+j.c.UpdateEvery {
		j.say(e, signal.Updated, e.Level, e.Level, signal.ResolveNone)
	}
	return false
}
