package shard

import (
	"slices"
	"testing"

	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestCustomersAreJudgedByTheirSegment: of customers with the same purchases those of
// the segment of slow buyers are not at risk, and who moves into or out of it is
// judged by its parameters from then on.
func TestCustomersAreJudgedByTheirSegment(t *testing.T) {
	const now = 20_000 * event.Day24h
	cfg := testConfig(t, "UTC")
	rules := *cfg.Policy
	rules.Dwell = 0
	cfg.Policy = &rules
	p := *cfg.Parameters
	p.Segments = []score.SegmentModel{{Segment: "retail", Purchase: btyd.MBGNBD{R: 2, Alpha: 60, A: .5, B: 9},
		DropoutIdentified: true, Spend: &btyd.GammaGamma{P: 6, Q: 4, Nu: 15}, Customers: 50}}
	if p.Version = "segments"; p.Prepare() != nil {
		t.Fatal(p.Prepare())
	}
	cfg.Parameters = &p
	s, fx := New(cfg), newEffects()
	in := func(segment string, events []event.Event) []event.Event {
		for i := range events {
			if i%2 == 0 {
				events[i].Segment = []byte(segment)
			}
		}
		return events
	}
	s.step(t, fx, Batch{Clock: now, Events: in("retail", buyers(100, 10, now-70*event.Day24h))})
	if n := churn(fx.Alerts, signal.Raised); n != 50 {
		t.Fatalf("%d are at risk, want the 50 of the other segment", n)
	}
	fx.reset()
	s.step(t, fx, Batch{Clock: now + 2*event.Hour, Events: in("all", visitsOf(now+event.Hour))})
	if n := churn(fx.Alerts, signal.Raised); n != 50 {
		t.Errorf("%d came to be at risk by leaving the segment of slow buyers, want 50", n)
	}
	fx.reset()
	s.step(t, fx, Batch{Clock: now + 4*event.Hour, Events: in("retail", visitsOf(now+3*event.Hour))})
	if n := churn(fx.Alerts, signal.Resolved); n != 50 {
		t.Errorf("%d resolved by coming into it, want 50", n)
	}
	s.WriteModel(now, fx)
	block, err := signal.Decode(fx.Models.Encode(nil))
	if err != nil {
		t.Fatal(err)
	}
	var models []string
	for i := range block.Rows {
		models = append(models, rowtest.ByName(block, i)["model"])
	}
	if want := []string{"purchase", "purchase/retail", "spend/retail"}; !slices.Equal(models, want) {
		t.Errorf("the table of models holds %q, want %q", models, want)
	}
}
