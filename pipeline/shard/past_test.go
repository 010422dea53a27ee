package shard

import (
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// complaint is one of a customer's, opened or resolved.
func complaint(customer, number uint64, status event.Status, at event.Instant) event.Event {
	e := buyers(int(customer)+1, 1, at)[customer]
	return event.Event{Type: event.Complaint, Kind: event.ComplaintMade, Status: status, Category: event.Category(1),
		OccurredAt: at,
		CustomerID: e.CustomerID, CustomerHash: e.CustomerHash, EventHash: number<<8 + uint64(status) + 1,
		ComplaintHash: number + 1}
}

// TestThePastIsNotDelivered: customers who buy today turn out to have complained
// years ago, and to have been answered two days later. Between the two records
// the complaint is open and late; that is recorded, to its end, and not delivered.
func TestThePastIsNotDelivered(t *testing.T) {
	const now = 20_000 * event.Day24h
	for _, waits := range []bool{true, false} {
		s, fx := New(testConfig(t, "UTC")), newEffects()
		s.step(t, fx, Batch{Clock: now, Events: buyers(20, 3, now-event.Hour)})
		fx.reset()
		for c := range uint64(20) {
			opened := now - event.Instant(700-c)*event.Day24h
			b := Batch{Clock: now, SilenceWaits: waits, Silence: opened}
			b.Events = []event.Event{complaint(c, c, event.Opened, opened),
				complaint(c, c, event.Resolved, opened+2*event.Day24h)}
			s.step(t, fx, b)
		}
		raised := 0
		for i := range fx.Alerts {
			a := &fx.Alerts[i]
			if a.Kind.Name != "complaint_sla_breached" {
				continue
			}
			raised++
			if a.Suppressed != signal.SuppressedReplay {
				t.Errorf("silence waits %v: %s %s of %s is delivered", waits, a.Kind.Name, a.Action, a.CustomerID)
			}
		}
		if raised == 0 {
			t.Errorf("silence waits %v: no complaint was late: the test says nothing", waits)
		}
	}
}
