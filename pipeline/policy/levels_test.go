package policy

import (
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

const (
	present  = 20_100 * event.Day24h
	sinceDay = event.Day(20_000) // the latest purchase day
)

// steady are the facts of a repeat buyer for whom nothing has come and nothing
// will: P(alive) lies above every border.
func steady() Facts {
	return Facts{
		Now: present, CustomerID: []byte("c-1"), HasPurchase: true, X: 3, LastPurchaseDay: sinceDay,
		PAlive: 1_000_000, WatchAt: Never, AtRiskAt: Never, CriticalAt: Never, LostAt: Never, OverdueAt: Never,
		DropoutIdentified: true, ValueRankMet: true, SLADueAt: Never, Complaints30FallAt: Never, WindowEdgeAt: Never,
	}
}

// bought is the state of someone whose latest purchase has been judged, the second
// told of.
func bought() State {
	return State{Flags: FlagPurchased | FlagSecondTold, LastPurchaseDay: sinceDay}
}

// judged gives what a single judgement by the default policy comes to.
func judged(st State, episodes []Episode, f Facts) (State, []Episode, []Transition, event.Instant) {
	c := Default()
	c.HoldoutPercent = 0
	kept, said, next := c.Judge(&Room{}, &st, episodes, &f, nil)
	return st, kept, said, next
}

func TestLevelsAreEnteredAtTheirBorders(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Facts)
		want   signal.Level
	}{
		{"nothing", func(*Facts) {}, signal.LevelNone},
		{"the instant of watch", func(f *Facts) { f.WatchAt = present }, signal.LevelWatch},
		{"just before it", func(f *Facts) { f.WatchAt = present + 1 }, signal.LevelNone},
		{"silence is known only to before it", func(f *Facts) { f.WatchAt, f.Silence = present, present-1 },
			signal.LevelNone},
		{"and up to it", func(f *Facts) { f.WatchAt, f.Silence = present-1, present-1 }, signal.LevelWatch},
		{"the instant of at risk", func(f *Facts) { f.AtRiskAt = present }, signal.LevelAtRisk},
		{"just before", func(f *Facts) { f.AtRiskAt = present + 1 }, signal.LevelNone},
		{"with two repeat days", func(f *Facts) { f.AtRiskAt, f.X = present, 2 }, signal.LevelAtRisk},
		{"with one", func(f *Facts) { f.AtRiskAt, f.X = present, 1 }, signal.LevelAtRisk},
		{"with none there is no rhythm", func(f *Facts) { f.AtRiskAt, f.X = present, 0 }, signal.LevelNone},
		{"nor in class A", func(f *Facts) { f.AtRiskAt, f.X, f.ClassA = present, 0, true }, signal.LevelNone},
		{"nothing worth saving", func(f *Facts) { f.AtRiskAt, f.ValueRankMet = present, false }, signal.LevelNone},
		{"of class A neither", func(f *Facts) { f.AtRiskAt, f.ClassA, f.ValueRankMet = present, true, false },
			signal.LevelNone},
		{"the instant of critical of rank", func(f *Facts) { f.CriticalAt, f.VIP = present, true }, signal.LevelCritical},
		{"just before it", func(f *Facts) { f.CriticalAt, f.VIP = present+1, true }, signal.LevelNone},
		{"without rank", func(f *Facts) { f.CriticalAt = present }, signal.LevelNone},
		{"a broken time in long silence", func(f *Facts) { f.SLABreached, f.OverdueAt = true, present },
			signal.LevelCritical},
		{"a moment before silence is long", func(f *Facts) { f.SLABreached, f.OverdueAt = true, present+1 },
			signal.LevelWatch},
		{"a broken time alone", func(f *Facts) { f.SLABreached = true }, signal.LevelWatch},
		{"a severe one", func(f *Facts) { f.SLABreached, f.SevereBreached = true, true }, signal.LevelAtRisk},
		{"a severe one of a one-time buyer", func(f *Facts) { f.SLABreached, f.SevereBreached, f.X = true, true, 0 },
			signal.LevelAtRisk},
		{"a severe one of nobody", func(f *Facts) { f.SLABreached, f.SevereBreached, f.HasPurchase = true, true, false },
			signal.LevelNone},
		{"a severe one of who has closed", func(f *Facts) { f.SLABreached, f.SevereBreached, f.Closed = true, true, true },
			signal.LevelLost},
		{"long silence without a broken time", func(f *Facts) { f.OverdueAt = present }, signal.LevelNone},
		{"slowdown in class A", func(f *Facts) { f.CUSUMAlarm, f.ClassA = true, true }, signal.LevelCritical},
		{"slowdown of another", func(f *Facts) { f.CUSUMAlarm, f.VIP = true, true }, signal.LevelNone},
		{"class A without slowdown", func(f *Facts) { f.ClassA = true }, signal.LevelNone},
		{"closed", func(f *Facts) { f.Closed = true }, signal.LevelLost},
		{"all at once: at risk comes first", func(f *Facts) { f.WatchAt, f.AtRiskAt, f.LostAt = 1, 1, 1 },
			signal.LevelAtRisk},
		{"who has never bought", func(f *Facts) { f.HasPurchase, f.WatchAt, f.Closed = false, 1, true }, signal.LevelNone},
	} {
		f := steady()
		test.change(&f)
		if st, _, _, _ := judged(bought(), nil, f); st.Level != test.want {
			t.Errorf("%s: %v, want %v", test.name, st.Level, test.want)
		}
	}
}

// TestLevelsAreLeftByHysteresis: beyond the leave border, not on it.
func TestLevelsAreLeftByHysteresis(t *testing.T) {
	c := Default()
	const earlier = present - 10*event.Day24h
	watch, atRisk, critical := bought(), bought(), bought()
	watch.Flags |= FlagWatch
	watch.Level = signal.LevelWatch
	atRisk.AtRiskSince, atRisk.Level, atRisk.Told = earlier, signal.LevelAtRisk, signal.LevelAtRisk
	critical.CriticalSince, critical.Level = earlier, signal.LevelCritical
	unidentified := func(quantile int32) func(*Facts) {
		return func(f *Facts) {
			f.PAlive, f.DropoutIdentified, f.ByQuantile, f.VIP, f.OverdueQuantile = 0, false, true, true, quantile
		}
	}
	slow := func(p, quantile int32) func(*Facts) {
		return func(f *Facts) { f.ByQuantile, f.PAlive, f.OverdueQuantile = true, p, quantile }
	}
	rank := func(p int32) func(*Facts) { return func(f *Facts) { f.VIP, f.PAlive = true, p } }
	alive := func(p int32) func(*Facts) { return func(f *Facts) { f.PAlive = p } }
	fitted := func(ago event.Instant) func(*Facts) { return func(f *Facts) { f.ModelSince = present - ago } }
	for _, test := range []struct {
		name   string
		state  State
		change func(*Facts)
		holds  bool
	}{
		{"watch at the border", watch, alive(600_000), true},
		{"watch above it", watch, alive(600_001), false},
		{"at risk at the border", atRisk, alive(400_000), true},
		{"at risk above it", atRisk, alive(400_001), false},
		{"critical at the border", critical, rank(500_000), true},
		{"critical above it", critical, rank(500_001), false},
		{"critical of who has lost the rank", critical, alive(0), false},
		{"of a slow buyer: at the quantile's border", atRisk, slow(1_000_000, 900_000), true},
		{"at that of P(alive)", atRisk, slow(400_000, 0), true},
		{"beyond both", atRisk, slow(400_001, 899_999), false},
		{"who has no second purchase any more", atRisk, func(f *Facts) { f.X, f.PAlive = 0, 0 }, false},
		{"watch at the quantile's border", watch, unidentified(850_000), true},
		{"watch below it", watch, unidentified(849_999), false},
		{"at risk at the quantile's border", atRisk, unidentified(900_000), true},
		{"at risk below it", atRisk, unidentified(899_999), false},
		{"critical at the quantile's border", critical, unidentified(900_000), true},
		{"critical below it", critical, unidentified(899_999), false},
		{"under parameters that are a moment too young", atRisk, fitted(c.ModelProtection - 1), true},
		{"under parameters that are old enough", atRisk, fitted(c.ModelProtection), false},
		{"after a purchase there is no hysteresis", atRisk, func(f *Facts) {
			f.LastPurchaseDay++
			f.PAlive = 350_000
		}, false},
		{"a purchase that leaves it beyond the border", atRisk, func(f *Facts) {
			f.LastPurchaseDay++
			f.AtRiskAt = present
		}, true},
		{"a purchase of before is no news", atRisk, func(f *Facts) {
			f.LastPurchaseDay--
			f.PAlive = 350_000
		}, true},
	} {
		f := steady()
		test.change(&f)
		st, _, _, _ := judged(test.state, nil, f)
		want := signal.LevelNone
		if test.holds {
			want = test.state.Level
		}
		if st.Level != want {
			t.Errorf("%s: %v, want %v", test.name, st.Level, want)
		}
		if test.holds && (st.AtRiskSince != test.state.AtRiskSince || st.CriticalSince != test.state.CriticalSince) {
			t.Errorf("%s: holds since %d and %d, want since before", test.name, st.AtRiskSince, st.CriticalSince)
		}
		if !test.holds && st.Told != signal.LevelNone {
			t.Errorf("%s: %v counts as told", test.name, st.Told)
		}
	}
}

// TestLostEndsByComingBackAlone: neither a better probability nor another model
// brings a lost customer back; a purchase does, and so does reopening.
func TestLostEndsByComingBackAlone(t *testing.T) {
	lost := bought()
	lost.LostSince, lost.Level = present-event.Day24h, signal.LevelLost
	lost.AtRiskSince, lost.Told = present-9*event.Day24h, signal.LevelLost
	closed := lost
	closed.Flags |= FlagClosed
	for _, test := range []struct {
		name   string
		state  State
		change func(*Facts)
		want   signal.Level
		back   bool
	}{
		{"a high probability", lost, func(*Facts) {}, signal.LevelLost, false},
		{"another model", lost, func(f *Facts) { f.ModelSince = present - 30*event.Day24h }, signal.LevelLost, false},
		{"a purchase", lost, func(f *Facts) { f.LastPurchaseDay++ }, signal.LevelNone, true},
		{"a purchase long ago", lost, func(f *Facts) { f.LastPurchaseDay++; f.AtRiskAt, f.LostAt = present-1, present },
			signal.LevelLost, false},
		{"a second purchase is one, and no coming back", lost, func(f *Facts) { f.LastPurchaseDay++; f.X = 1 },
			signal.LevelNone, false},
		{"but where it reopens, it is both", closed, func(f *Facts) { f.LastPurchaseDay++; f.X = 1 }, signal.LevelNone,
			true},
		{"still closed", closed, func(f *Facts) { f.Closed = true }, signal.LevelLost, false},
		{"closed and bought on the same day", closed, func(f *Facts) { f.Closed = true; f.LastPurchaseDay++ },
			signal.LevelLost, false},
		{"reopened", closed, func(*Facts) {}, signal.LevelNone, true},
	} {
		f := steady()
		test.change(&f)
		st, _, said, _ := judged(test.state, nil, f)
		if st.Level != test.want || (st.ReactivatedAt == present) != test.back {
			t.Errorf("%s: %v, reactivated at %d; want %v, %v", test.name, st.Level, st.ReactivatedAt, test.want, test.back)
		}
		told := false
		for _, m := range said {
			told = told || m.Kind == Reactivated && m.Action == signal.Raised
		}
		if told != test.back {
			t.Errorf("%s: %+v is said, want a word of coming back: %v", test.name, said, test.back)
		}
	}
}

// TestLostComesAfterAtRisk: to the microsecond once both the crossing has come and
// at_risk has held its dwell, and never before an alert has been raised about that.
func TestLostComesAfterAtRisk(t *testing.T) {
	c := Default()
	atRisk := func(ago event.Instant, told signal.Level) State {
		st := bought()
		st.AtRiskSince, st.Level, st.Told = present-ago, signal.LevelAtRisk, told
		return st
	}
	cooling := []Episode{{Kind: ChurnRisk, Level: signal.LevelAtRisk, CooldownUntil: present + 1}}
	at := func(lost event.Instant) func(*Facts) {
		return func(f *Facts) { f.PAlive, f.AtRiskAt, f.LostAt = 0, 1, lost }
	}
	told := signal.LevelAtRisk
	for _, test := range []struct {
		name     string
		state    State
		episodes []Episode
		change   func(*Facts)
		want     signal.Level
		says     int
	}{
		{"the crossing", atRisk(30*event.Day24h, told), nil, at(present), signal.LevelLost, 0},
		{"a moment before it", atRisk(30*event.Day24h, told), nil, at(present + 1), signal.LevelAtRisk, 0},
		{"silence is not known up to it", atRisk(30*event.Day24h, told), nil,
			func(f *Facts) { at(present)(f); f.Silence = present - 1 }, signal.LevelAtRisk, 0},
		{"the end of the dwell", atRisk(c.Dwell, told), nil, at(1), signal.LevelLost, 0},
		{"a moment before it", atRisk(c.Dwell-1, told), nil, at(1), signal.LevelAtRisk, 0},
		{"the alert comes first", atRisk(c.Dwell, 0), nil, at(1), signal.LevelLost, 1},
		{"a suppressed one does", atRisk(c.Dwell, 0), nil, func(f *Facts) { at(1)(f); f.OptedOut = true },
			signal.LevelLost, 1},
		{"no alert yet", atRisk(c.Dwell-1, 0), nil, at(1), signal.LevelAtRisk, 0},
		{"the alert waits for the cooldown", atRisk(c.Dwell, 0), cooling, at(1), signal.LevelAtRisk, 0},
		{"and for young parameters", atRisk(c.Dwell, 0), nil,
			func(f *Facts) { at(1)(f); f.ModelSince = present - c.ModelProtection + 1 }, signal.LevelAtRisk, 0},
		{"both at one moment", bought(), nil, at(1), signal.LevelAtRisk, 0},
		{"never at risk", bought(), nil, func(f *Facts) { f.LostAt = 1 }, signal.LevelNone, 0},
		{"a severe complaint is another risk", bought(), nil,
			func(f *Facts) {
				f.SLABreached, f.SevereBreached, f.LostAt = true, true, 1
				f.ComplaintTimes = []ComplaintTime{{Subject: 1, DueAt: 1}}
			}, signal.LevelAtRisk, 2},
		{"a one-time buyer", bought(), nil, func(f *Facts) { f.X, f.LostAt = 0, present }, signal.LevelLost, 0},
		{"a moment before", bought(), nil, func(f *Facts) { f.X, f.LostAt = 0, present+1 }, signal.LevelNone, 0},
		{"closure", bought(), nil, func(f *Facts) { f.Closed = true }, signal.LevelLost, 0},
	} {
		f := steady()
		test.change(&f)
		st, _, said, _ := judged(test.state, test.episodes, f)
		if st.Level != test.want || len(said) != test.says {
			t.Errorf("%s: %v, said %+v; want %v and %d messages", test.name, st.Level, said, test.want, test.says)
		}
		if test.says == 1 && said[0].Level != signal.LevelAtRisk {
			t.Errorf("%s: %+v, want at_risk", test.name, said[0])
		}
	}
}

// TestCriticalEndsWithItsCause: and not before, whatever the other causes do; the
// level is then what the rest gives.
func TestCriticalEndsWithItsCause(t *testing.T) {
	const earlier = present - 10*event.Day24h
	byRank := bought()
	byRank.AtRiskSince, byRank.CriticalSince, byRank.Level = earlier, earlier, signal.LevelCritical
	byComplaint := bought()
	byComplaint.CriticalSince, byComplaint.Level, byComplaint.Flags = earlier, signal.LevelCritical,
		byComplaint.Flags|FlagCriticalByComplaint|FlagWatch
	for _, test := range []struct {
		name   string
		state  State
		change func(*Facts)
		want   signal.Level
	}{
		{"a complaint still late", byComplaint, func(f *Facts) { f.SLABreached, f.OverdueAt = true, 1 },
			signal.LevelCritical},
		{"answered", byComplaint, func(f *Facts) { f.OverdueAt, f.PAlive = 1, 450_000 }, signal.LevelWatch},
		{"answered by who is at risk", byComplaint, func(f *Facts) { f.OverdueAt, f.AtRiskAt = 1, 1 }, signal.LevelAtRisk},
		{"answered by a one-time buyer", byComplaint, func(f *Facts) { f.X, f.OverdueAt, f.PAlive = 0, 1, 0 },
			signal.LevelWatch},
		{"late, and silence as long as before", byComplaint,
			func(f *Facts) { f.SLABreached, f.OverdueQuantile = true, 850_000 }, signal.LevelCritical},
		{"late, and by other parameters silence is short", byComplaint,
			func(f *Facts) { f.SLABreached, f.OverdueQuantile = true, 849_999 }, signal.LevelWatch},
		{"late, and a purchase", byComplaint,
			func(f *Facts) {
				f.SLABreached, f.OverdueQuantile, f.LastPurchaseDay = true, 899_999, f.LastPurchaseDay+1
			},
			signal.LevelWatch},
		{"of rank", byRank, func(f *Facts) { f.VIP, f.PAlive = true, 400_000 }, signal.LevelCritical},
		{"of rank no more", byRank, func(f *Facts) { f.PAlive = 400_000 }, signal.LevelAtRisk},
		{"of rank, alive again", byRank, func(f *Facts) { f.VIP, f.PAlive = true, 500_001 }, signal.LevelNone},
		{"the complaint of who is of rank as well", byComplaint, func(f *Facts) { f.VIP, f.CriticalAt = true, 1 },
			signal.LevelCritical},
		{"the slowdown in class A", byRank, func(f *Facts) { f.ClassA, f.CUSUMAlarm = true, true }, signal.LevelCritical},
		{"the slowdown is over", byRank, func(f *Facts) { f.ClassA, f.PAlive = true, 400_000 }, signal.LevelAtRisk},
	} {
		f := steady()
		test.change(&f)
		if st, _, _, _ := judged(test.state, nil, f); st.Level != test.want {
			t.Errorf("%s: %v, want %v", test.name, st.Level, test.want)
		}
	}
}

func TestLifecycleStates(t *testing.T) {
	c := Default()
	at := func(level signal.Level, reactivated event.Instant) State {
		return State{Level: level, ReactivatedAt: reactivated}
	}
	with := func(change func(*Facts)) Facts {
		f := steady()
		change(&f)
		return f
	}
	nobody, once := with(func(f *Facts) { f.HasPurchase = false }), with(func(f *Facts) { f.X = 0 })
	for _, test := range []struct {
		name  string
		state State
		facts Facts
		want  signal.Lifecycle
	}{
		{"never bought", at(0, 0), nobody, signal.LifecycleProspect},
		{"bought once", at(0, 0), once, signal.LifecycleNew},
		{"twice", at(0, 0), steady(), signal.LifecycleActive},
		{"watch", at(signal.LevelWatch, present), once, signal.LifecycleWatch},
		{"at risk", at(signal.LevelAtRisk, 0), steady(), signal.LifecycleAtRisk},
		{"critical", at(signal.LevelCritical, 0), steady(), signal.LifecycleCritical},
		{"lost", at(signal.LevelLost, present), steady(), signal.LifecycleLost},
		{"just back", at(0, present), steady(), signal.LifecycleReactivated},
		{"back once", at(0, present), once, signal.LifecycleReactivated},
		{"a moment before it is over", at(0, present-c.ReactivatedFor+1), steady(), signal.LifecycleReactivated},
		{"over", at(0, present-c.ReactivatedFor), steady(), signal.LifecycleActive},
		{"closed", at(signal.LevelLost, 0), with(func(f *Facts) { f.Closed = true }), signal.LifecycleClosed},
		{"closed without a purchase", at(0, 0), with(func(f *Facts) { f.Closed, f.HasPurchase = true, false }),
			signal.LifecycleClosed},
	} {
		if got := c.Lifecycle(&test.state, &test.facts); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
