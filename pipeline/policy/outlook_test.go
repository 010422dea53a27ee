package policy

import (
	"slices"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// outlook is that of the imagined customer.
func (w *world) outlook() Outlook {
	f := w.facts()
	return w.config.Outlook(&w.state, w.episodes, &f)
}

// weekly is a customer who buys every week and falls silent: P(alive) is one half after
// ten days.
func weekly(t *testing.T) *world {
	t.Helper()
	w := newWorld()
	w.half = 10
	for range 5 {
		w.purchase()
		w.days(1)
	}
	return w
}

// silent is the alert about the silence.
func (w *world) silent(t *testing.T) *Episode {
	t.Helper()
	for i := range w.episodes {
		if w.episodes[i].Kind == SilentChurn {
			return &w.episodes[i]
		}
	}
	t.Fatalf("no alert about silence in %+v", w.episodes)
	return nil
}

// isPaused says whether no alert is open, for which reason and until when.
func (w *world) isPaused(t *testing.T, when string, why Pause, until event.Instant) {
	t.Helper()
	if o := w.outlook(); o.Pause != why || o.Until != until {
		t.Errorf("%s: pause %d until %d, want %d until %d (now %d)", when, o.Pause, o.Until, why, until, w.now)
	}
}

// TestOutlookTellsWhenTheAlertComes: what it says the pause is until is when, in
// silence, the next word comes, from the first border to the alert.
func TestOutlookTellsWhenTheAlertComes(t *testing.T) {
	w := weekly(t)
	f := w.facts()
	w.isPaused(t, "bought yesterday", PauseLevel, f.AtRiskAt)
	o := w.outlook()
	if o.AlertAt != f.AtRiskAt+w.config.Dwell || o.DueAt != Never {
		t.Errorf("an alert is foretold for %d, at risk at %d", o.AlertAt, f.AtRiskAt)
	}
	if o.At != [...]event.Instant{0, f.WatchAt, f.AtRiskAt, Never, max(f.LostAt, f.AtRiskAt+w.config.Dwell)} {
		t.Errorf("ahead is %v, facts %+v", o.At, f)
	}
	w.until(f.WatchAt)
	if o := w.outlook(); w.state.Level != signal.LevelWatch || o.At[signal.LevelWatch] != 0 {
		t.Errorf("on watch: %v, %v", w.state.Level, o.At)
	}
	w.until(f.AtRiskAt)
	w.isPaused(t, "just at risk", PauseDwell, f.AtRiskAt+w.config.Dwell)
	w.until(f.AtRiskAt + w.config.Dwell - 1)
	w.isPaused(t, "a moment before the dwell is over", PauseDwell, f.AtRiskAt+w.config.Dwell)
	w.until(f.AtRiskAt + w.config.Dwell)
	w.isPaused(t, "alerted", NoPause, 0)
	w.isLostWhenForetold(t)
}

// isLostWhenForetold lets silence go on.
func (w *world) isLostWhenForetold(t *testing.T) {
	t.Helper()
	at := w.outlook().At[signal.LevelLost]
	if w.until(at - 1); w.state.Level == signal.LevelLost {
		t.Errorf("lost before %d, which was foretold", at)
	}
	if w.until(at); w.state.Level != signal.LevelLost {
		t.Errorf("%v at %d, when it was to be lost", w.state.Level, at)
	}
}

// TestOutlookOfACooledAlert: the cooldown is waited for, the team's word holds till the
// level is left, and who is lost is not waited for.
func TestOutlookOfACooledAlert(t *testing.T) {
	w := weekly(t)
	w.until(w.facts().AtRiskAt + w.config.Dwell)
	w.purchase()
	cooled := w.silent(t).CooldownUntil
	w.isPaused(t, "bought", PauseLevel, w.facts().AtRiskAt)
	w.until(w.facts().AtRiskAt + w.config.Dwell)
	w.isPaused(t, "at risk again", PauseCooling, cooled)
	if o := w.outlook(); o.AlertAt != cooled {
		t.Errorf("an alert is foretold for %d, it has cooled down at %d", o.AlertAt, cooled)
	}
	long := *w
	long.episodes = slices.Clone(w.episodes)
	w.until(cooled)
	w.isPaused(t, "alerted again", NoPause, 0)
	w.isLostWhenForetold(t)
	for i := range long.episodes {
		long.episodes[i].CooldownUntil += 30 * event.Day24h // longer than till it would be lost
	}
	long.isLostWhenForetold(t)

	w = weekly(t)
	w.until(w.facts().AtRiskAt + w.config.Dwell)
	w.judgeWith(func(f *Facts) { f.Feedback, f.FeedbackEpisode = event.OutcomeSaved, w.silent(t).Number })
	w.isPaused(t, "the team has answered", PauseTold, Never)
	w.days(60)
	w.isPaused(t, "lost", PauseLost, Never)
}

// TestOutlookOfWhoGetsNoAlert: each of those whom no silence raises, and why.
func TestOutlookOfWhoGetsNoAlert(t *testing.T) {
	w := newWorld()
	w.isPaused(t, "never bought", PauseNoPurchase, Never)
	w.purchase()
	w.isPaused(t, "bought once", PauseOnePurchase, Never)
	if o := w.outlook(); o.Speaks != signal.SuppressedOneTimeBuyer || o.At[signal.LevelAtRisk] != Never {
		t.Errorf("bought once: %+v", o)
	}
	w = weekly(t)
	w.closed = true
	w.judge()
	w.isPaused(t, "closed", PauseClosed, Never)
	w = weekly(t)
	w.optedOut = true
	if o := w.outlook(); o.Speaks != signal.SuppressedOptedOut {
		t.Errorf("opted out: %+v", o)
	}
	w = weekly(t)
	w.until(w.facts().AtRiskAt - 1)
	w.modelSince = w.now
	w.days(1)
	w.isPaused(t, "new parameters", PauseDwell, w.state.AtRiskSince+w.config.Dwell)
	w.modelSince = w.now
	w.isPaused(t, "newer parameters", PauseModel, w.now+w.config.ModelProtection)
}
