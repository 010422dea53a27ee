package policy

import (
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestTheNextMoment: each thing that changes by time alone asks for its moment,
// and one that has come or cannot come asks for none.
func TestTheNextMoment(t *testing.T) {
	c := Default()
	const soon, later = present + event.Hour, present + event.Day24h
	facts := func(change func(*Facts)) Facts {
		f := steady()
		change(&f)
		return f
	}
	open := func(kind Kind, raised event.Instant) []Episode {
		return []Episode{{Kind: kind, Open: true, Number: 1, Seq: 1, Level: signal.LevelAtRisk, RaisedAt: raised,
			MessageAt: raised}}
	}
	atRisk := bought()
	atRisk.AtRiskSince, atRisk.Level, atRisk.Told = present-event.Hour, signal.LevelAtRisk, signal.LevelAtRisk
	untold := atRisk
	untold.Told = signal.LevelNone
	toldLongAgo := atRisk
	toldLongAgo.AtRiskSince = 1
	critical := toldLongAgo
	critical.CriticalSince, critical.Level, critical.Told = 1, signal.LevelCritical, signal.LevelCritical
	back := bought()
	back.ReactivatedAt = present - event.Day24h
	for _, test := range []struct {
		name     string
		state    State
		episodes []Episode
		facts    Facts
		want     event.Instant
	}{
		{"nothing", bought(), nil, steady(), Never},
		{"a window's edge", bought(), nil, facts(func(f *Facts) { f.WindowEdgeAt = soon }), soon},
		{"an edge that has gone by", bought(), nil, facts(func(f *Facts) { f.WindowEdgeAt = present }), Never},
		{"the edge of a prospect", State{Flags: FlagSecondTold}, nil,
			facts(func(f *Facts) { f.HasPurchase, f.WindowEdgeAt = false, soon }), soon},
		{"a prospect has no level", State{Flags: FlagSecondTold}, nil,
			facts(func(f *Facts) { f.HasPurchase, f.WatchAt = false, soon }), Never},
		{"watch", bought(), nil, facts(func(f *Facts) { f.WatchAt = soon }), soon},
		{"at risk", bought(), nil, facts(func(f *Facts) { f.AtRiskAt = soon }), soon},
		{"critical of rank", bought(), nil, facts(func(f *Facts) { f.CriticalAt, f.VIP = soon, true }), soon},
		{"critical without rank", bought(), nil, facts(func(f *Facts) { f.CriticalAt = soon }), Never},
		{"lost without having been at risk", bought(), nil, facts(func(f *Facts) { f.LostAt = soon }), Never},
		{"lost of a one-time buyer", bought(), nil, facts(func(f *Facts) { f.X, f.LostAt = 0, soon }), soon},
		{"who is no more at risk", bought(), nil, facts(func(f *Facts) { f.X, f.AtRiskAt = 0, soon }), Never},
		{"lost after at risk", toldLongAgo, nil, facts(func(f *Facts) { f.PAlive, f.LostAt = 0, soon }), soon},
		{"lost that waits for the dwell", atRisk, nil, facts(func(f *Facts) { f.PAlive, f.LostAt = 0, soon }),
			present - event.Hour + c.Dwell},
		{"lost that has waited for the dwell", atRisk, nil, facts(func(f *Facts) { f.PAlive, f.LostAt = 0, present-1 }),
			present - event.Hour + c.Dwell},
		{"the first of several", bought(), nil, facts(func(f *Facts) { f.WatchAt, f.AtRiskAt = later, soon }), soon},
		{"a time to keep", bought(), nil, facts(func(f *Facts) { f.SLADueAt = soon }), soon},
		{"a time to keep, of a prospect", State{Flags: FlagSecondTold}, nil,
			facts(func(f *Facts) { f.HasPurchase, f.SLADueAt = false, soon }), soon},
		{"long silence after a broken time", bought(), open(ComplaintSLABreached, present),
			facts(func(f *Facts) { f.SLABreached, f.OverdueAt = true, soon }), soon},
		{"the same of who is critical for the rank", critical, open(ComplaintSLABreached, present),
			facts(func(f *Facts) { f.VIP, f.PAlive, f.SLABreached, f.OverdueAt = true, 0, true, soon }), soon},
		{"a severe complaint that is not known to the present", bought(), open(ComplaintSLABreached, present),
			facts(func(f *Facts) { f.SLABreached, f.SevereBreached, f.Silence = true, true, present-event.Hour }),
			present + 1},
		{"long silence alone", bought(), nil, facts(func(f *Facts) { f.OverdueAt = soon }), Never},
		{"a crossing in what is not known yet", bought(), nil,
			facts(func(f *Facts) { f.WatchAt, f.Silence = present-event.Hour, present-event.Day24h }), present + 1},
		{"the end of the dwell", untold, nil, facts(func(f *Facts) { f.PAlive = 0 }), present - event.Hour + c.Dwell},
		{"the expiry of an open alert", atRisk, open(ChurnRisk, present-event.Day24h),
			facts(func(f *Facts) { f.PAlive = 0 }), present - event.Day24h + c.Expiry},
		{"reasons that have changed", atRisk, open(ChurnRisk, present-event.Hour),
			facts(func(f *Facts) { f.PAlive, f.Reasons = 0, f.Reasons.With(signal.OpenComplaint) }),
			present - event.Hour + c.UpdateEvery},
		{"silence as a reason is no news", atRisk, open(ChurnRisk, present-event.Hour),
			facts(func(f *Facts) { f.PAlive, f.Reasons = 0, f.Reasons.With(signal.Overdue) }),
			present - event.Hour + c.Expiry},
		{"the end of a cooldown", bought(), []Episode{{Kind: LadderUp, CooldownUntil: soon}}, steady(), soon},
		{"the 30 days of a complaint", bought(), open(ComplaintRepeat, present), facts(func(f *Facts) {
			f.Complaints30, f.Complaints30FallAt = 2, soon
		}), soon},
		{"the end of being back", back, nil, steady(), back.ReactivatedAt + c.ReactivatedFor},
		{"the end of protection", atRisk, open(ChurnRisk, present), facts(func(f *Facts) { f.ModelSince = present - 1 }),
			present - 1 + c.ModelProtection},
		{"protection matters to who has a level", bought(), nil, facts(func(f *Facts) { f.ModelSince = present - 1 }), Never},
	} {
		if _, _, _, next := judged(test.state, test.episodes, test.facts); next != test.want {
			t.Errorf("%s: %d after now, want %d", test.name, next-present, test.want-present)
		}
	}
}
