package shard

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// buyer is a customer who buys on days from 20,000 on.
type buyer struct {
	t      *testing.T
	shard  *Shard
	events int
}

// buys applies an order of a day, or further events of it, that names categories.
func (b *buyer) buys(day, order int, kind event.Kind, categories ...int) {
	b.t.Helper()
	b.events++
	id, name := []byte("c-1"), fmt.Appendf(nil, "e-%d", b.events)
	e := event.Event{Type: event.Purchase, Kind: kind, CustomerID: id, CustomerHash: event.HashID(id), EventID: name,
		EventHash: event.HashID(name), OccurredAt: event.Instant(20_000+day) * event.Day24h, Currency: euro, AmountNet: 100}
	if e.OrderHash = orderHash(1, order); kind == event.Cancel {
		e.OrderHash, e.RefOrderHash = 0, e.OrderHash
	}
	for _, category := range categories {
		e.Categories = event.AppendCategory(e.Categories, fmt.Append(nil, category))
	}
	batch := &Batch{Number: b.shard.batch + 1, Clock: ClockUnset, Wall: e.OccurredAt, Events: []event.Event{e}}
	if err := b.shard.Apply(batch, newEffects()); err != nil {
		b.t.Fatal(err)
	}
	b.shard.Commit()
}

// breadth is the column on a day, whether the record is approximate, and how many
// categories it remembers.
func (b *buyer) breadth(day int) (breadth uint32, approximate bool, remembered int) {
	b.t.Helper()
	b.shard = reload(b.t, b.shard.cfg, b.shard)
	var c state.Customer
	if !b.shard.slab.Peek(&c, event.HashID([]byte("c-1")), []byte("c-1")) {
		b.t.Fatal("the customer is not there")
	}
	var st score.Statistics
	b.shard.statistics(&c, event.Instant(20_000+day)*event.Day24h, &st)
	return st.CategoryBreadth, st.Approximate, len(c.Categories)
}

// TestBreadthOfForgottenOrders: the categories of orders beyond the sixteen that are
// remembered count until their days leave the window, without those that were cancelled before.
func TestBreadthOfForgottenOrders(t *testing.T) {
	b := &buyer{t: t, shard: New(testConfig(t, "UTC"))}
	b.buys(0, 0, event.Order, 100)
	b.buys(0, 0, event.Cancel)
	for n := range 40 {
		b.buys(n, n+1, event.Order, n%20, 200+n)
	}
	for day, want := range map[int]uint32{39: 20 + 40, 89: 20 + 40, 90: 20 + 39, 99: 20 + 30, 109: 20 + 20, 110: 19 + 19,
		128: 2, 129: 0} {
		if got, approximate, _ := b.breadth(day); got != want || approximate {
			t.Errorf("on day %d: %d categories, approximate %v, want %d", day, got, approximate, want)
		}
	}
	b.buys(125, 50, event.Order, 300)
	// 200+36 … 200+39 with 16 … 19, and 300: the others are no longer remembered.
	if got, _, remembered := b.breadth(125); got != 9 || remembered != 9 {
		t.Errorf("after a later order: %d categories, %d remembered, want 9", got, remembered)
	}
}

// TestCategoriesAllocateNothing: orders that name categories are decoded, applied and
// forgotten without an allocation.
func TestCategoriesAllocateNothing(t *testing.T) {
	const rounds, customers = 400, 20
	p := newPath(t, "UTC")
	var before, after runtime.MemStats
	mallocs := uint64(0)
	for round := range rounds {
		p.items = p.items[:0]
		for n := range customers {
			at := 20_000*event.Day24h + event.Instant(round)*8*event.Hour
			p.items = append(p.items, workload.Item{Topic: event.Purchase, Key: fmt.Appendf(nil, "c-%d", n), At: at,
				Value: fmt.Appendf(nil, `{"event_id":"e-%[1]d-%[2]d","event_type":"purchase","kind":"order",`+
					`"customer_id":"c-%[1]d","occurred_at":"%[3]s","order_id":"o-%[1]d-%[2]d","currency":"EUR","amount_net":1000,`+
					`"lines":[{"category":"a%[4]d"},{"category":"b"}]}`, n, round, stamp(signal.Instant(at))+":00Z", round%9)})
		}
		runtime.ReadMemStats(&before)
		p.apply()
		runtime.ReadMemStats(&after)
		if round >= rounds/2 {
			mallocs += after.Mallocs - before.Mallocs
		}
	}
	var c state.Customer
	if !p.shard.slab.Peek(&c, event.HashID([]byte("c-1")), []byte("c-1")) || len(c.Categories) != 10 {
		t.Fatalf("%d categories are remembered, want 10", len(c.Categories))
	}
	if mallocs > customers*rounds/200 { // the runtime itself allocates a little now and then
		t.Errorf("%d allocations in %d orders", mallocs, customers*rounds/2)
	}
}

// TestBreadthAtItsLimit: 64 categories are counted, a 65th makes the row approximate, and there
// is room again once some have left the window.
func TestBreadthAtItsLimit(t *testing.T) {
	b := &buyer{t: t, shard: New(testConfig(t, "UTC"))}
	for n := range state.MaxCategories / 4 {
		b.buys(n, n, event.Order, 4*n, 4*n+1, 4*n+2, 4*n+3)
	}
	if got, approximate, _ := b.breadth(20); got != state.MaxCategories || approximate {
		t.Fatalf("%d categories, approximate %v, want all %d", got, approximate, state.MaxCategories)
	}
	b.buys(20, 20, event.Order, 1, 1000, 1001)
	got, approximate, _ := b.breadth(20)
	if got != state.MaxCategories || !approximate || b.shard.counters.Saturated != 1 {
		t.Errorf("one more: %d categories, approximate %v, %d cut", got, approximate, b.shard.counters.Saturated)
	}
	b.buys(95, 21, event.Order, 1002)
	// Of days 6 to 15 four each, 1 of day 20, and 1002.
	if got, _, _ := b.breadth(95); got != 42 {
		t.Errorf("after the first have left: %d categories, want 42", got)
	}
}
