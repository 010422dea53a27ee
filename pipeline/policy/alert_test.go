package policy

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestWhatAnOpenAlertHears: an open alert is ended by what ends its ground, by
// the team's word about it, and by a reason not to contact the customer.
func TestWhatAnOpenAlertHears(t *testing.T) {
	c := Default()
	const raised = present - 10*event.Day24h
	atRisk := bought()
	atRisk.AtRiskSince, atRisk.Level, atRisk.Told = raised, signal.LevelAtRisk, signal.LevelAtRisk
	critical := atRisk
	critical.CriticalSince, critical.Level, critical.Told = raised, signal.LevelCritical, signal.LevelCritical
	byComplaint := bought()
	byComplaint.CriticalSince, byComplaint.Level = raised, signal.LevelCritical
	byComplaint.Flags |= FlagCriticalByComplaint
	silent := func(f *Facts) { f.PAlive = 0 }
	for _, test := range []struct {
		name   string
		kind   Kind
		state  State
		level  signal.Level // that was told
		quiet  signal.Suppression
		change func(*Facts)
		action signal.Action
		why    signal.ResolveReason
	}{
		{"nothing new", ChurnRisk, atRisk, signal.LevelAtRisk, 0, silent, 0, 0},
		{"probable again", ChurnRisk, atRisk, signal.LevelAtRisk, 0, func(*Facts) {}, signal.Resolved,
			signal.ByLevelDropped},
		{"a purchase", ChurnRisk, atRisk, signal.LevelAtRisk, 0, func(f *Facts) { f.LastPurchaseDay++ }, signal.Resolved,
			signal.ByPurchase},
		{"a purchase that does not lift the level", ChurnRisk, atRisk, signal.LevelAtRisk, 0,
			func(f *Facts) { f.LastPurchaseDay++; f.AtRiskAt = present }, 0, 0},
		{"other parameters, long enough ago", ChurnRisk, atRisk, signal.LevelAtRisk, 0,
			func(f *Facts) { f.ModelSince = raised + 1 }, signal.Resolved, signal.ByModelChange},
		{"parameters from before the alert", ChurnRisk, atRisk, signal.LevelAtRisk, 0,
			func(f *Facts) { f.ModelSince = raised }, signal.Resolved, signal.ByLevelDropped},
		{"closure", ChurnRisk, atRisk, signal.LevelAtRisk, 0, func(f *Facts) { f.PAlive, f.Closed = 0, true },
			signal.Resolved, signal.ByClosure},
		{"the complaint is answered", ChurnRisk, byComplaint, signal.LevelCritical, 0, func(*Facts) {}, signal.Resolved,
			signal.ByComplaintResolved},
		{"a higher level", ChurnRisk, critical, signal.LevelAtRisk, 0, func(f *Facts) { f.PAlive, f.VIP = 0, true },
			signal.Escalated, 0},
		{"a lower level is no news", ChurnRisk, atRisk, signal.LevelCritical, 0, silent, 0, 0},
		{"opting out", ChurnRisk, atRisk, signal.LevelAtRisk, 0, func(f *Facts) { f.PAlive, f.OptedOut = 0, true },
			signal.Resolved, signal.BySuppression},
		{"fraud", ChurnRisk, atRisk, signal.LevelAtRisk, 0, func(f *Facts) { f.PAlive, f.DoNotRetain = 0, true },
			signal.Resolved, signal.BySuppression},
		{"opting out of what nobody is told", ChurnRisk, atRisk, signal.LevelAtRisk, signal.SuppressedHoldout,
			func(f *Facts) { f.PAlive, f.OptedOut = 0, true }, 0, 0},
		{"the team's word", ChurnRisk, atRisk, signal.LevelAtRisk, 0, word(event.OutcomeSaved, 7), signal.Resolved,
			signal.ByFeedback},
		{"lost, says the team", ChurnRisk, atRisk, signal.LevelAtRisk, 0, word(event.OutcomeLost, 7), signal.Resolved,
			signal.ByFeedback},
		{"wrong, says the team", ChurnRisk, atRisk, signal.LevelAtRisk, 0, word(event.OutcomeWrong, 7), signal.Resolved,
			signal.ByFeedback},
		{"a word about another alert", ChurnRisk, atRisk, signal.LevelAtRisk, 0, word(event.OutcomeSaved, 8), 0, 0},
		{"about an earlier one", ChurnRisk, atRisk, signal.LevelAtRisk, 0, word(event.OutcomeSaved, 6), 0, 0},
		{"it is on its way", ChurnRisk, atRisk, signal.LevelAtRisk, 0, word(event.OutcomeContacted, 7), 0, 0},
		{"a complaint in time again", ComplaintSLABreached, bought(), 0, 0, func(*Facts) {}, signal.Resolved,
			signal.ByComplaintResolved},
		{"still late", ComplaintSLABreached, bought(), 0, 0,
			func(f *Facts) { f.SLABreached, f.ComplaintTimes = true, late(9) }, 0, 0},
		{"still late, but the team says wrong", ComplaintSLABreached, bought(), 0, 0, func(f *Facts) {
			f.SLABreached, f.Feedback, f.FeedbackEpisode, f.ComplaintTimes = true, event.OutcomeWrong, 7, late(9)
		}, signal.Resolved, signal.ByFeedback},
		{"as many complaints as it takes", ComplaintRepeat, bought(), 0, 0, func(f *Facts) { f.Complaints30 = 2 }, 0, 0},
		{"one fewer, all answered", ComplaintRepeat, bought(), 0, 0, func(f *Facts) { f.Complaints30 = 1 },
			signal.Resolved, signal.ByComplaintResolved},
		{"one fewer, one open", ComplaintRepeat, bought(), 0, 0,
			func(f *Facts) { f.Complaints30, f.ComplaintsOpen = 1, 1 }, signal.Resolved, signal.ByLevelDropped},
	} {
		f := steady()
		test.change(&f)
		e := Episode{Kind: test.kind, Open: true, Number: 7, Seq: 2, Level: test.level, Suppression: test.quiet,
			RaisedAt: raised, MessageAt: raised}
		test.state.Raised = 7
		_, kept, said, _ := judged(test.state, []Episode{e}, f)
		said = slices.DeleteFunc(said, func(m Transition) bool { return m.Kind != test.kind })
		if test.action == 0 {
			if len(said) != 0 || !kept[0].Open {
				t.Errorf("%s: %+v is said, want nothing", test.name, said)
			}
			continue
		}
		if len(said) != 1 || said[0].Action != test.action || said[0].Resolve != test.why || said[0].Seq != 3 ||
			said[0].Episode != 7 || said[0].PreviousLevel != test.level || said[0].RaisedAt != raised {
			t.Errorf("%s: %+v is said, want %v by %q", test.name, said, test.action, test.why)
			continue
		}
		ended := test.action == signal.Resolved
		if kept[0].Open == ended || ended && said[0].CooldownUntil != present+c.Cooldown ||
			!ended && said[0].CooldownUntil != 0 {
			t.Errorf("%s: %+v, and %+v is kept", test.name, said[0], kept[0])
		}
	}
}

// word is the team's word about an alert of someone who stays silent.
func word(outcome event.Outcome, episode uint32) func(*Facts) {
	return func(f *Facts) { f.PAlive, f.Feedback, f.FeedbackEpisode = 0, outcome, episode }
}

// TestExpiryAndUpdatesKeepTheirTimes: to the microsecond.
func TestExpiryAndUpdatesKeepTheirTimes(t *testing.T) {
	c := Default()
	atRisk := bought()
	atRisk.AtRiskSince, atRisk.Level, atRisk.Told = 1, signal.LevelAtRisk, signal.LevelAtRisk
	critical := atRisk
	critical.CriticalSince, critical.Level = 1, signal.LevelCritical
	for _, test := range []struct {
		name    string
		state   State
		raised  event.Instant // before the present
		message event.Instant
		reasons bool // have changed
		want    signal.Action
	}{
		{"a moment before the expiry", atRisk, c.Expiry - 1, c.Expiry - 1, false, 0},
		{"the expiry", atRisk, c.Expiry, c.Expiry, false, signal.Expired},
		{"the expiry of what would be updated", atRisk, c.Expiry, c.Expiry, true, signal.Expired},
		{"the expiry of what would be escalated", critical, c.Expiry, c.Expiry, false, signal.Expired},
		{"a moment before the update", atRisk, c.UpdateEvery - 1, c.UpdateEvery - 1, true, 0},
		{"the update", atRisk, c.UpdateEvery, c.UpdateEvery, true, signal.Updated},
		{"the update counts from the last message", atRisk, 2 * c.UpdateEvery, c.UpdateEvery - 1, true, 0},
		{"no update without news", atRisk, 2 * c.UpdateEvery, 2 * c.UpdateEvery, false, 0},
	} {
		f := steady()
		f.PAlive, f.VIP = 0, true
		if test.reasons {
			f.Reasons = f.Reasons.With(signal.OpenComplaint)
		}
		e := Episode{Kind: SilentChurn, Open: true, Number: 1, Seq: 1, Level: signal.LevelAtRisk,
			RaisedAt: present - test.raised, MessageAt: present - test.message}
		_, _, said, _ := judged(test.state, []Episode{e}, f)
		got := signal.ActionNone
		if len(said) > 0 {
			got = said[0].Action
		}
		if got != test.want || len(said) > 1 {
			t.Errorf("%s: %+v, want %v", test.name, said, test.want)
		}
	}
}

// TestWhatIsRaised: by a level that has held its dwell, once, and of the kind
// that the latest complaint decides.
func TestWhatIsRaised(t *testing.T) {
	c := Default()
	held := func(level signal.Level, ago event.Instant, told signal.Level) State {
		st := bought()
		st.Level, st.Told, st.AtRiskSince = level, told, present-ago
		if level == signal.LevelCritical {
			st.CriticalSince = present - ago
		}
		return st
	}
	lost := held(signal.LevelLost, 40*event.Day24h, 0)
	lost.LostSince = present - 30*event.Day24h
	atRisk := signal.LevelAtRisk
	lateComplaint := Episode{Kind: ComplaintSLABreached, Subject: 9, Open: true, RaisedAt: present - event.Hour}
	for _, test := range []struct {
		name     string
		state    State
		episodes []Episode
		change   func(*Facts)
		want     Kind
	}{
		{"a moment before the dwell", held(atRisk, c.Dwell-1, 0), nil, func(*Facts) {}, 0},
		{"the dwell", held(atRisk, c.Dwell, 0), nil, func(*Facts) {}, SilentChurn},
		{"silence is not known to the end of the dwell", held(atRisk, c.Dwell, 0), nil,
			func(f *Facts) { f.Silence = present - 1 }, 0},
		{"a complaint of the last 180 days", held(atRisk, c.Dwell, 0), nil,
			func(f *Facts) { f.LastComplaintAt = present - c.SilentAfter }, ChurnRisk},
		{"one before them", held(atRisk, c.Dwell, 0), nil,
			func(f *Facts) { f.LastComplaintAt = present - c.SilentAfter - 1 }, SilentChurn},
		{"a severe complaint past its time has no dwell", bought(), nil,
			func(f *Facts) { f.SevereBreached, f.LastComplaintAt = true, present-event.Hour }, ChurnRisk},
		{"but has to be known to the present", bought(), nil,
			func(f *Facts) { f.SevereBreached, f.Silence = true, present-1 }, 0},
		{"one made long ago, and still past its time", held(atRisk, c.Dwell, 0), []Episode{lateComplaint},
			func(f *Facts) {
				f.SLABreached, f.LastComplaintAt, f.ComplaintTimes = true, present-c.SilentAfter-1, late(9)
			}, ChurnRisk},
		{"told already", held(atRisk, c.Dwell, atRisk), nil, func(*Facts) {}, 0},
		{"a higher level than was told", held(signal.LevelCritical, c.Dwell, atRisk), nil, func(f *Facts) { f.VIP = true },
			SilentChurn},
		{"within the cooldown of the same level", held(atRisk, c.Dwell, 0),
			[]Episode{{Kind: ChurnRisk, Level: atRisk, CooldownUntil: present + 1}}, func(*Facts) {}, 0},
		{"its end", held(atRisk, c.Dwell, 0),
			[]Episode{{Kind: ChurnRisk, Level: atRisk, CooldownUntil: present}}, func(*Facts) {}, SilentChurn},
		{"within the cooldown of a lower level", held(signal.LevelCritical, c.Dwell, 0),
			[]Episode{{Kind: SilentChurn, Level: atRisk, CooldownUntil: present + 1}}, func(f *Facts) { f.VIP = true },
			SilentChurn},
		{"who is lost is for winning back", lost, nil, func(*Facts) {}, 0},
		{"parameters that are a moment too young", held(atRisk, c.Dwell, 0), nil,
			func(f *Facts) { f.ModelSince = present - c.ModelProtection + 1 }, 0},
		{"parameters that are old enough", held(atRisk, c.Dwell, 0), nil,
			func(f *Facts) { f.ModelSince = present - c.ModelProtection }, SilentChurn},
	} {
		f := steady()
		f.PAlive = 0
		test.change(&f)
		_, _, said, _ := judged(test.state, test.episodes, f)
		switch {
		case test.want == 0 && len(said) > 0:
			t.Errorf("%s: %+v, want nothing", test.name, said)
		case test.want != 0 && (len(said) != 1 || said[0].Kind != test.want || said[0].Action != signal.Raised):
			t.Errorf("%s: %+v, want %v", test.name, said, test.want)
		}
	}
}

// TestMessagesOfAnAlertAgree: whatever happens, what an alert was raised with it
// keeps: the arm, why it is suppressed; each message names the level of the one
// before; and only the last has a cooldown.
func TestMessagesOfAnAlertAgree(t *testing.T) {
	ended := 0
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.config.HoldoutPercent = float64(rapid.SampledFrom([]int{0, 100}).Draw(t, "holdout"))
		w.half = 20
		at := w.now
		for _, d := range drawDeeds(t) {
			at += d.after
			w.until(at)
			w.do(d)
		}
		last := map[uint32]Transition{}
		for _, m := range w.said {
			cooldown := w.config.Cooldown
			if m.Resolve == signal.ByPurchaseUndone {
				cooldown = 0 // what was taken back forbids nothing
			}
			before, known := last[m.Episode]
			over := m.Action == signal.Resolved || m.Action == signal.Expired || kinds[m.Kind].once
			switch {
			case m.Holdout != (w.config.HoldoutPercent == 100 && !kinds[m.Kind].service):
				t.Fatalf("%+v is in another arm", m)
			case known && (m.Suppression != before.Suppression || m.PreviousLevel != before.Level):
				t.Fatalf("%+v after %+v", m, before)
			case !known && m.PreviousLevel != signal.LevelNone:
				t.Fatalf("%+v is the first", m)
			case over != (m.CooldownUntil != 0), over && m.CooldownUntil != m.At+cooldown:
				t.Fatalf("%+v: the cooldown", m)
			}
			if last[m.Episode] = m; over {
				ended++
			}
		}
	})
	if ended < 100 {
		t.Errorf("%d alerts ended: the test says little", ended)
	}
}
