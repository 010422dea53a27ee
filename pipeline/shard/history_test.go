package shard

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/state"
)

// TestHistoriesKnowEveryGap: the logarithms of the gaps between a customer's purchase
// days are those of all days, whether they are still remembered one by one or not;
// once a folded day is known by its number alone, it is said that they are not.
func TestHistoriesKnowEveryGap(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	s, fx := New(testConfig(t, "UTC")), newEffects()
	first := buyers(1, 1, 10_000*event.Day24h)[0]
	days, number := map[event.Day]bool{}, uint64(0)
	buy := func(day event.Day) event.Event {
		e := first
		number++
		e.OccurredAt = event.Instant(day)*event.Day24h + event.Hour
		e.EventHash, e.OrderHash = number<<20, number<<20
		days[day] = true
		return e
	}
	history := func() (h History) {
		s.Histories(0, state.PageSize, 1<<30, func(of *History) { h = *of })
		return h
	}
	day := event.Day(10_000)
	for range 120 { // some years: most days are folded
		day += 1 + event.Day(r.IntN(25))
		s.step(t, fx, Batch{Clock: event.Instant(day+1) * event.Day24h, Events: []event.Event{buy(day)}})
		fx.reset()
		last, sum, n := event.Day(0), 0.0, uint32(0)
		for d := event.Day(10_000); d <= day; d++ {
			if !days[d] {
				continue
			}
			if last != 0 {
				sum, n = sum+math.Log(float64(d-last)/7), n+1
			}
			last = d
		}
		if h := history(); !h.GapsKnown || h.X != n || math.Abs(h.LogGaps-sum) > 1e-4 {
			t.Fatalf("day %d: %d repeats with logarithms %v (known %v), want %d with %v", day, h.X, h.LogGaps, h.GapsKnown,
				n, sum)
		}
	}
	late := buy(10_000 + 3)
	for days[event.Day(late.OccurredAt/event.Day24h)+1] {
		late.OccurredAt += event.Day24h
	}
	s.step(t, fx, Batch{Clock: event.Instant(day+2) * event.Day24h, Events: []event.Event{late}})
	if h := history(); h.GapsKnown || !h.Approximate {
		t.Errorf("a day between folded ones came, and the gaps are said to be known: %+v", h)
	}
}
