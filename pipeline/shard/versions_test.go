package shard

import (
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// slowBuyers are parameters under which a silence of some months means little.
func slowBuyers(t testing.TB, cfg Config) *score.Parameters {
	return otherModel(t, cfg, "slow", btyd.MBGNBD{R: 2, Alpha: 60, A: .5, B: 9})
}

func otherModel(t testing.TB, cfg Config, version string, m btyd.MBGNBD) *score.Parameters {
	t.Helper()
	p := *cfg.Parameters
	p.Purchase, p.Version = m, version
	if err := p.Prepare(); err != nil {
		t.Fatal(err)
	}
	return &p
}

// visitsOf are visits of the buyers, which make them be judged.
func visitsOf(at event.Instant) (all []event.Event) {
	for _, e := range buyers(100, 1, at) {
		all = append(all, event.Event{Type: event.Visit, Kind: event.Session, OccurredAt: e.OccurredAt,
			CustomerID: e.CustomerID, CustomerHash: e.CustomerHash, EventHash: e.EventHash + uint64(at)})
	}
	return all
}

// TestOtherParametersRaiseNobodyForADay: customers who are silent but not long
// enough under the parameters in force come to be at risk by the next version.
// Nobody is told for 24 h, though a visit makes them be judged; then all are.
func TestOtherParametersRaiseNobodyForADay(t *testing.T) {
	const now = 20_000 * event.Day24h
	cfg := testConfig(t, "UTC")
	rules := *cfg.Policy
	rules.Dwell = 0 // or it would hide what protects
	cfg.Policy = &rules
	quick := cfg.Parameters
	cfg.Parameters = slowBuyers(t, cfg)
	s, fx := New(cfg), newEffects()
	s.step(t, fx, Batch{Clock: now, Events: buyers(100, 10, now-70*event.Day24h)})
	if n := churn(fx.Alerts, signal.Raised); n != 0 {
		t.Fatalf("%d are at risk before", n)
	}
	for _, c := range []struct {
		after event.Instant
		want  int
	}{{2 * event.Hour, 0}, {22 * event.Hour, 0}, {26 * event.Hour, 100}} {
		fx.reset()
		s.step(t, fx, Batch{Clock: now + c.after + event.Hour, Parameters: quick, ParametersSince: now,
			Events: visitsOf(now + c.after)})
		if n := churn(fx.Alerts, signal.Raised); n != c.want {
			t.Errorf("%d alerts %d h after other parameters, want %d", n, c.after/event.Hour, c.want)
		}
	}
}

// TestOtherParametersResolveNothingForADay: who is at risk and would not be by
// the next version stays it for 24 h.
func TestOtherParametersResolveNothingForADay(t *testing.T) {
	const now = 20_000 * event.Day24h
	cfg := testConfig(t, "UTC")
	s, fx := New(cfg), newEffects()
	s.step(t, fx, Batch{Clock: now, Events: buyers(100, 10, now-70*event.Day24h)})
	if n := churn(fx.Alerts, signal.Raised); n != 100 {
		t.Fatalf("%d are at risk before, want 100", n)
	}
	slow := slowBuyers(t, cfg)
	for _, c := range []struct {
		after event.Instant
		want  int
	}{{2 * event.Hour, 0}, {22 * event.Hour, 0}, {26 * event.Hour, 100}} {
		fx.reset()
		s.step(t, fx, Batch{Clock: now + c.after + event.Hour, Parameters: slow, ParametersSince: now,
			Events: visitsOf(now + c.after)})
		if n := churn(fx.Alerts, signal.Resolved); n != c.want {
			t.Errorf("%d resolved %d h after other parameters, want %d", n, c.after/event.Hour, c.want)
		}
	}
}

// TestOtherBordersAreInForceAtOnce: the days on which levels begin are kept in records;
// where the borders are configured otherwise they are computed anew.
func TestOtherBordersAreInForceAtOnce(t *testing.T) {
	const now = 20_000 * event.Day24h
	cfg := testConfig(t, "UTC")
	p := *cfg.Parameters
	p.Thresholds.AtRisk, p.Thresholds.Critical, p.Thresholds.Lost = .05, .05, .02
	if err := p.Prepare(); err != nil {
		t.Fatal(err)
	}
	s := New(cfg)
	s.step(t, newEffects(), Batch{Clock: now, Events: buyers(20, 10, now-40*event.Day24h)})
	days := func() (all []event.Day) {
		for slot := range state.Slot(20) {
			var c state.Customer
			s.slab.PeekSlot(&c, slot)
			var kept standing
			kept.load(&c)
			all = append(all, kept.crossings.days.AtRisk)
		}
		return all
	}
	before := days()
	s.Use(&p, 0, nil)
	s.step(t, newEffects(), Batch{Clock: now + event.Hour, Events: visitsOf(now)[:20]})
	for i, day := range days() {
		if day <= before[i] {
			t.Errorf("customer %d is at risk on day %d by the borders of before (%d)", i, day, before[i])
		}
	}
}
