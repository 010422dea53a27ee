package shard

import (
	"fmt"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// buyers are customers who buy each week for a while, up to an end.
func buyers(n int, weeks int, end event.Instant) (all []event.Event) {
	for w := weeks - 1; w >= 0; w-- {
		for c := range n {
			at := end - event.Instant(w)*7*event.Day24h - event.Instant(c)*event.Minute
			id := []byte(fmt.Sprintf("c-%d", c))
			order := []byte(fmt.Sprintf("o-%d-%d", c, w))
			all = append(all, event.Event{Type: event.Purchase, Kind: event.Order, Status: event.Paid, OccurredAt: at,
				CustomerID: id, CustomerHash: event.HashID(id), EventHash: event.HashID(order), OrderHash: event.HashID(order),
				Currency: [3]byte{'E', 'U', 'R'}, AmountNet: 1000, Has: event.HasAmountNet})
		}
	}
	return all
}

func (s *Shard) step(t testing.TB, fx *Effects, b Batch) {
	t.Helper()
	b.Number = s.batch + 1
	if b.Wall == 0 {
		b.Wall = b.Clock
	}
	if err := s.Apply(&b, fx); err != nil {
		t.Fatal(err)
	}
	s.Commit()
}

// onSilence reports whether an alert rests on silence alone.
func onSilence(a *signal.Alert) bool {
	return a.Kind.Name == policy.SilentChurn.String() || a.Kind.Name == policy.ChurnRisk.String()
}

func churn(alerts []signal.Alert, action signal.Action) (n int) {
	for i := range alerts {
		if a := &alerts[i]; a.Action == action && onSilence(a) {
			n++
		}
	}
	return n
}

// TestSilenceWaits: while a batch says that silence waits, nothing follows from
// it, whatever the clock reads; afterwards it does.
func TestSilenceWaits(t *testing.T) {
	const now = 20_000 * event.Day24h
	s, fx := New(testConfig(t, "UTC")), newEffects()
	s.step(t, fx, Batch{Clock: now})
	s.step(t, fx, Batch{Clock: now, SilenceWaits: true, Silence: now - 500*event.Day24h,
		Events: buyers(300, 10, now-400*event.Day24h)})
	s.step(t, fx, Batch{Clock: now, SilenceWaits: true, Silence: now - 401*event.Day24h})
	if n := churn(fx.Alerts, signal.Raised); n != 0 {
		t.Errorf("%d churn alerts while silence waits", n)
	}
	s.step(t, fx, Batch{Clock: now, SilenceWaits: true, Silence: now - 300*event.Day24h})
	if n := churn(fx.Alerts, signal.Raised); n != 300 {
		t.Errorf("%d churn alerts of 300 customers who were silent for 100 days", n)
	}
	for i := range fx.Alerts {
		if a := &fx.Alerts[i]; churn(fx.Alerts[i:i+1], signal.Raised) == 1 && event.Instant(a.AsOf) > now-300*event.Day24h {
			t.Errorf("alert %s is of a moment up to which silence does not count", a.AlertID)
		}
	}
}

// TestRepairTakesBackTheFuture: a clock ran 400 days ahead. After the repair
// levels and alerts are those of a shard that never did, and it goes on like that.
func TestRepairTakesBackTheFuture(t *testing.T) {
	const now = 20_000 * event.Day24h
	events := buyers(50, 20, now-event.Day24h)
	good, bad := New(testConfig(t, "UTC")), New(testConfig(t, "UTC"))
	goodFx, fx := newEffects(), newEffects()
	for _, s := range []*Shard{good, bad} {
		s.step(t, newEffects(), Batch{Clock: now, Events: events})
	}
	bad.step(t, fx, Batch{Clock: now + 400*event.Day24h})
	raised := churn(fx.Alerts, signal.Raised)
	if raised != 50 {
		t.Fatalf("%d alerts of a wrong clock: the test shows nothing", raised)
	}
	if err := bad.Apply(&Batch{Number: bad.batch + 1, Clock: now}, fx); err == nil {
		t.Fatal("the clock runs backwards without being told to")
	}
	before := len(fx.Alerts)
	bad.step(t, fx, Batch{Clock: now, RepairClock: true})
	for i := range fx.Alerts[before:] {
		if a := &fx.Alerts[before+i]; a.Action != signal.Resolved {
			t.Errorf("alert %s is %s by the repair", a.AlertID, a.Action)
		}
	}
	var c state.Customer
	bad.slab.Each(func(slot state.Slot) {
		bad.slab.LoadSlot(&c, slot)
		j := &bad.judge.standing
		j.load(&c)
		if c.JudgedAt > now || j.state.Level != signal.LevelNone || j.silence > now {
			t.Errorf("customer %s: judged %d, level %s, silent up to %d; now is %d", c.ID, c.JudgedAt, j.state.Level, j.silence,
				now)
		}
		for _, e := range j.episodes {
			if e.Open || e.RaisedAt > now {
				t.Errorf("customer %s has an alert of the future", c.ID)
			}
		}
	})
	// From here on both conclude the same, when its time comes.
	for day := event.Instant(1); day <= 200; day++ {
		good.step(t, goodFx, Batch{Clock: now + day*event.Day24h})
	}
	fx = newEffects()
	for day := event.Instant(1); day <= 200; day++ {
		bad.step(t, fx, Batch{Clock: now + day*event.Day24h})
	}
	if want, got := churn(goodFx.Alerts, signal.Raised), churn(fx.Alerts, signal.Raised); want != got || want == 0 {
		t.Errorf("%d churn alerts after the repair, want %d", got, want)
	}
}

// TestFoldingFollowsWhatIsKnown: events that are read ahead of the clock close no
// days that others still fall into.
func TestFoldingFollowsWhatIsKnown(t *testing.T) {
	const now = 20_000 * event.Day24h
	id := []byte("c-0")
	visit := event.Event{Type: event.Visit, Kind: event.Session, OccurredAt: now, CustomerID: id,
		CustomerHash: event.HashID(id), EventHash: 7}
	for name, c := range map[string]struct {
		clock  event.Instant
		folded uint64
	}{"the clock is behind": {now - 900*event.Day24h, 0}, "the clock is there": {now, 10}} {
		s, fx := New(testConfig(t, "UTC")), newEffects()
		s.step(t, fx, Batch{Clock: c.clock, Events: []event.Event{visit}})
		s.step(t, fx, Batch{Clock: c.clock, Events: buyers(1, 10, now-800*event.Day24h)})
		counters := s.Position().Counters
		if counters.Folded != c.folded || counters.Applied != 11 || counters.TooLate != 0 {
			t.Errorf("%s: %d of %d events are of folded days, want %d of 11", name, counters.Folded, counters.Applied, c.folded)
		}
		var st state.Customer
		if !s.slab.Peek(&st, event.HashID(id), id) {
			t.Fatal("no record")
		}
		if exact := st.Flags&state.Approximate == 0; exact != (c.folded == 0) {
			t.Errorf("%s: exact %v", name, exact)
		}
		s.statistics(&st, now, &s.judge.statistics)
		if stat := &s.judge.statistics; stat.OrdersLife != 10 || stat.PurchaseDaysLife != 10 || stat.NetLife != 10_000 ||
			stat.ActivityX != 10 {
			t.Errorf("%s: %d orders on %d days of %d, %d repeated days of activity; want 10, 10, 10000 and 10", name,
				stat.OrdersLife, stat.PurchaseDaysLife, stat.NetLife, stat.ActivityX)
		}
	}
}

// TestFoldedOrdersChange: what comes for an order of a folded day is counted once,
// taken back, and counted again.
func TestFoldedOrdersChange(t *testing.T) {
	const now = 20_000 * event.Day24h
	cfg := testConfig(t, "UTC")
	s, fx := New(cfg), newEffects()
	s.step(t, fx, Batch{Clock: now, Events: buyers(1, 3, now-900*event.Day24h)})
	check := func(what string, orders, days uint32, net int64) {
		t.Helper()
		var c state.Customer
		id := []byte("c-0")
		s.slab.Peek(&c, event.HashID(id), id)
		s.statistics(&c, now, &s.judge.statistics)
		if st := &s.judge.statistics; st.OrdersLife != orders || st.PurchaseDaysLife != days || st.NetLife != net {
			t.Errorf("%s: %d orders on %d days of %d, want %d on %d of %d", what, st.OrdersLife, st.PurchaseDaysLife, st.NetLife,
				orders, days, net)
		}
	}
	check("three orders", 3, 3, 3000)
	change := func(order string, kind event.Kind, status event.Status, net int64) event.Event {
		id, hash := []byte("c-0"), event.HashID([]byte(order))
		e := event.Event{Type: event.Purchase, Kind: kind, Status: status, OccurredAt: now - 890*event.Day24h, CustomerID: id,
			CustomerHash: event.HashID(id), EventHash: event.HashID([]byte(fmt.Sprint(order, kind, status))),
			Currency: [3]byte{'E', 'U', 'R'}, AmountNet: net, Has: event.HasAmountNet}
		if e.OrderHash = hash; kind != event.Order {
			e.OrderHash, e.RefOrderHash = 0, hash
		}
		return e
	}
	s.step(t, fx, Batch{Clock: now, Events: []event.Event{change("o-0-1", event.Order, event.Delivered, 1500)}})
	check("a higher status of another amount", 3, 3, 3500)
	s.step(t, fx, Batch{Clock: now, Events: []event.Event{change("o-0-1", event.Cancel, event.StatusNone, 0)}})
	check("cancelled", 2, 2, 2000)
	s.step(t, fx, Batch{Clock: now, Events: []event.Event{change("o-0-2", event.Refund, event.StatusNone, 400)}})
	check("refunded in part", 2, 2, 1600)
	s.step(t, fx, Batch{Clock: now, Events: []event.Event{change("o-0-0", event.Cancel, event.StatusNone, 0),
		change("o-0-2", event.Cancel, event.StatusNone, 0)}})
	check("all cancelled", 0, 0, 0)
}
