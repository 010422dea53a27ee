package shard

import (
	"fmt"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/state"
)

// TestAVisitSavesLittle: a visit that changes nothing else is taken without the
// rest of the record: what undoes it is as short however much the record holds, and shorter
// than what another event of the customer needs.
func TestAVisitSavesLittle(t *testing.T) {
	const most = 240 // bytes: the core, the place, and what is replaced
	s, fx := New(testConfig(t, "UTC")), newEffects()
	id := customerID(1)
	at := 20_000*event.Day24h + 12*event.Hour
	n := 0
	one := func(kind event.Kind, later event.Instant) (saved int64) {
		t.Helper()
		at += later
		n++
		name := fmt.Appendf(nil, "e-%d", n)
		e := event.Event{CustomerID: id, CustomerHash: event.HashID(id), EventID: name, EventHash: event.HashID(name),
			OccurredAt: at, Type: kind.TypeOf(), Kind: kind}
		if e.Type == event.Purchase {
			e.OrderHash, e.AmountNet, e.Currency = e.EventHash, 5000, euro
		}
		if err := s.Apply(&Batch{Number: s.batch + 1, Clock: at, Wall: at, Events: []event.Event{e}}, fx); err != nil {
			t.Fatal(err)
		}
		return s.slab.JournalBytes()
	}
	end := func() { s.Commit(); fx.reset() }
	for range 20 { // until the marks are full and complaints, days and orders many
		for _, kind := range []event.Kind{event.Order, event.Session, event.Session} {
			one(kind, event.Day24h)
			end()
		}
	}
	visit := one(event.Session, event.Hour) // no deadline comes between
	end()
	purchase := one(event.Order, event.Hour)
	end()
	var c state.Customer
	s.slab.Peek(&c, event.HashID(id), id)
	if c.Flags&state.Settled == 0 || len(c.Events) != state.MaxEvents || len(c.Orders) != state.MaxOrders {
		t.Fatalf("the customer is not what the test is about: %s", dump(&c))
	}
	if visit > most || purchase < 4*visit {
		t.Errorf("a visit saves %d bytes, a purchase %d; want at most %d, and a visit far less", visit, purchase, most)
	}
}
