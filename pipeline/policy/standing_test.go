package policy

import (
	"slices"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestWhatWaitsIsToldOnceThePresentIsReached: an open alert on silence that was not
// delivered for a reason that passes is told where it may be, and else waits on or
// goes on as it was.
func TestWhatWaitsIsToldOnceThePresentIsReached(t *testing.T) {
	const raised = present - 30*event.Day24h
	waiting := Episode{Kind: SilentChurn, Open: true, Number: 7, Seq: 2, Level: signal.LevelAtRisk, Past: true,
		RaisedAt: raised, MessageAt: raised}
	atRisk := bought()
	atRisk.AtRiskSince, atRisk.Level, atRisk.Told, atRisk.Raised = raised, signal.LevelAtRisk, signal.LevelAtRisk, 7
	for _, test := range []struct {
		name   string
		change func(*Facts, *Episode, *State)
		told   bool
		quiet  signal.Suppression // of what is told
	}{
		{"of the past", func(*Facts, *Episode, *State) {}, true, 0},
		{"of the time before the first fit",
			func(_ *Facts, e *Episode, _ *State) { e.Past, e.Suppression = false, signal.SuppressedInsufficientData }, true, 0},
		{"the holdout arm has its row", func(_ *Facts, e *Episode, _ *State) { e.Holdout = true }, true,
			signal.SuppressedHoldout},
		{"not yet the present", func(f *Facts, _ *Episode, _ *State) { f.Present = false }, false, 0},
		{"the present is not this", func(f *Facts, _ *Episode, _ *State) { f.Wall = f.Now + 49*event.Hour }, false, 0},
		{"still no fit", func(f *Facts, _ *Episode, _ *State) { f.Sufficiency = signal.NoFit }, false, 0},
		{"told already", func(_ *Facts, e *Episode, _ *State) { e.Past = false }, false, 0},
		{"a one-time buyer", func(f *Facts, _ *Episode, _ *State) { f.X = 0 }, false, 0},
		{"lost by now", func(_ *Facts, e *Episode, st *State) {
			st.LostSince, st.Level, st.Told, e.Level = raised, signal.LevelLost, signal.LevelLost, signal.LevelLost
		}, false, 0},
		{"held by young parameters only",
			func(f *Facts, _ *Episode, _ *State) { f.PAlive, f.ModelSince = 500_000, present }, false, 0},
		{"held by young parameters, and at risk by them", func(f *Facts, _ *Episode, _ *State) { f.ModelSince = present },
			true, 0},
	} {
		f, e, st := steady(), waiting, atRisk
		f.PAlive, f.Wall, f.Present, f.X = 0, f.Now, true, 3
		test.change(&f, &e, &st)
		_, kept, said, _ := judged(st, []Episode{e}, f)
		said = slices.DeleteFunc(said, func(m Transition) bool { return m.Action != signal.Raised })
		if len(said) != 0 != test.told {
			t.Errorf("%s: %+v is said, want told %v", test.name, said, test.told)
			continue
		}
		if !test.told {
			continue
		}
		m := said[0]
		if m.Action != signal.Raised || !m.Standing || m.Seq != 3 || m.Episode != 7 || m.RaisedAt != raised ||
			m.At != present || m.Level != signal.LevelAtRisk || m.Suppression != test.quiet {
			t.Errorf("%s: %+v is said", test.name, m)
		}
		if _, _, again, _ := judged(st, kept, f); len(again) != 0 {
			t.Errorf("%s: %+v is said again", test.name, again)
		}
	}
}

// TestWhatWaitsDoesNotExpire: and what was told expires when it has been heard of
// for long enough, not when it began.
func TestWhatWaitsDoesNotExpire(t *testing.T) {
	c := Default()
	raised := present - 2*c.Expiry
	atRisk := bought()
	atRisk.AtRiskSince, atRisk.Level, atRisk.Told, atRisk.Raised = raised, signal.LevelAtRisk, signal.LevelAtRisk, 1
	lost := atRisk
	lost.LostSince, lost.Level, lost.Told = raised, signal.LevelLost, signal.LevelLost
	for _, test := range []struct {
		name  string
		state State
		past  bool
		told  event.Instant
		want  signal.Action
	}{
		{"waits", atRisk, true, 0, 0},
		{"waits no longer, for the customer is lost", lost, true, 0, signal.Expired},
		{"was told when it was raised", atRisk, false, 0, signal.Expired},
		{"was told later", atRisk, false, present - c.Expiry + 1, 0},
		{"was told long enough ago", atRisk, false, present - c.Expiry, signal.Expired},
	} {
		f := steady()
		f.PAlive, f.X = 0, 3
		_, _, said, _ := judged(test.state, []Episode{{Kind: SilentChurn, Open: true, Number: 1, Seq: 1, Past: test.past,
			Level: test.state.Level, RaisedAt: raised, MessageAt: raised, ToldAt: test.told}}, f)
		switch {
		case test.want == 0 && len(said) != 0, test.want != 0 && (len(said) != 1 || said[0].Action != test.want):
			t.Errorf("%s: %+v is said, want %v", test.name, said, test.want)
		case test.past && len(said) == 1 && said[0].Suppression != signal.SuppressedReplay:
			t.Errorf("%s: %+v is delivered", test.name, said[0])
		}
	}
}
