package shard

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/state"
)

// refundShop sends the events of one customer, one a day, each in a batch of its
// own.
type refundShop struct {
	*player
	day int
}

func newRefundShop(t *testing.T) *refundShop {
	p := newPlayer(t, "UTC")
	return &refundShop{player: p}
}

// send sends events written as in a transcript, without time and customer; %d
// in them counts from 1 to n.
func (r *refundShop) send(n int, format string) {
	r.t.Helper()
	for i := 1; i <= n; i++ {
		text := strings.ReplaceAll(format, "%d", fmt.Sprint(i))
		at := 20_000*event.Day24h + event.Instant(r.day)*event.Day24h
		r.day++
		e := r.event(append([]string{"2026-01-01", "anna"}, strings.Fields(text)...))
		e.OccurredAt, e.RecordTime = at, at
		b := &Batch{Number: r.shard.Position().Batch + 1, Clock: at, Wall: at, Events: []event.Event{e}}
		if err := r.shard.Apply(b, r.fx); err != nil {
			r.t.Fatal(err)
		}
		r.shard.Commit()
		r.fx.reset()
	}
}

// money is what a customer's row says of its life, through pages.
type money struct {
	Net, Waiting int64
	Orders       uint32
	Approximate  bool
}

func (r *refundShop) wants(t *testing.T, want money) {
	t.Helper()
	r.shard = reload(t, r.cfg, r.shard)
	if n := r.shard.WriteRows(r.shard.clock, 1, r.fx); n != 1 {
		t.Fatalf("%d rows", n)
	}
	row := lastRow(t, r.fx)
	net, err1 := strconv.ParseInt(row["monetary_net_life"], 10, 64)
	waiting, err2 := strconv.ParseInt(row["refunds_waiting_net"], 10, 64)
	got := money{net, waiting, count(row["orders_life"]), row["approximate"] == "1"}
	if got != want || err1 != nil || err2 != nil {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestWhatIsTakenBackFromAForgottenOrder: sixteen orders are remembered. What is
// taken back from an older one lowers life money and the row says approximate.
func TestWhatIsTakenBackFromAForgottenOrder(t *testing.T) {
	for _, c := range []struct {
		name   string
		orders int
		event  string
		want   money
	}{
		{"refund of a remembered order", 16, "refund ref=1 net=10", money{150, 0, 15, false}},
		{"refund", 17, "refund ref=1 net=10", money{160, 0, 17, true}},
		{"refund in part", 17, "refund ref=1 net=4", money{166, 0, 17, true}},
		{"adjustment", 17, "adjustment ref=1 net=3", money{167, 0, 17, true}},
		{"chargeback", 17, "order order=1 status=chargeback net=10", money{160, 0, 17, true}},
		{"chargeback without amount", 17, "order order=1 status=chargeback net=0", money{170, 0, 17, true}},
		{"cancel", 17, "cancel ref=1", money{170, 0, 17, true}},
		{"refund in another currency", 17, "refund ref=1 net=10 currency=USD", money{170, 0, 17, false}},
		{"refund of the latest order", 17, "refund ref=17 net=10", money{160, 0, 16, false}},
		{"refund of an order that never was, forgotten ones", 17, "refund ref=none net=10", money{160, 0, 17, true}},
		{"refund of an order that never was, none forgotten", 15, "refund ref=none net=10", money{150, 10, 15, false}},
		{"later status", 17, "order order=1 status=delivered net=10", money{180, 0, 18, true}},
		{"later status, none forgotten", 16, "order order=new status=delivered net=10", money{170, 0, 17, false}},
		{"first status", 17, "order order=18 status=paid net=10", money{180, 0, 18, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRefundShop(t)
			r.send(c.orders, "order order=%d net=10")
			r.send(1, c.event)
			r.wants(t, c.want)
		})
	}
}

// TestForgottenCancelsStayApproximate: also once the cancel itself is forgotten.
func TestForgottenCancelsStayApproximate(t *testing.T) {
	for _, cancel := range []string{"cancel ref=1", "order order=1 status=chargeback net=0"} {
		r := newRefundShop(t)
		r.send(17, "order order=%d net=10")
		r.send(1, cancel)
		r.send(20, "order order=new%d net=10")
		r.wants(t, money{370, 0, 37, true})
	}
}

// TestOrdersThatAreOnlyDeliveredAreExact: where no order begins with another
// status, an unknown delivered order is a new one.
func TestOrdersThatAreOnlyDeliveredAreExact(t *testing.T) {
	r := newRefundShop(t)
	r.send(40, "order order=%d status=delivered net=10")
	r.wants(t, money{400, 0, 40, false})
}

// TestRefundsWithoutOrderAreVisible: they wait, in the row, until their order
// comes; those that are pushed out lower life money.
func TestRefundsWithoutOrderAreVisible(t *testing.T) {
	r := newRefundShop(t)
	r.send(3, "order order=%d net=100")
	r.send(2, "refund ref=later%d net=7")
	r.send(1, "adjustment ref=later1 net=1")
	r.send(1, "refund ref=later1 net=50 currency=USD")
	r.wants(t, money{300, 15, 3, false})
	r.send(1, "order order=later%d net=20")
	r.wants(t, money{312, 7, 4, false})
	r.send(1, "order order=later1 status=chargeback net=20")
	r.wants(t, money{300, 7, 3, false})
	r.send(1, "order order=lost status=chargeback net=30")
	r.send(1, "refund ref=lost net=5")
	r.wants(t, money{300, 37, 3, false})
	if n := r.shard.Position().Counters.UnknownOrder; n != 2 {
		t.Errorf("%d events before their order, want 2", n)
	}
	r.send(10, "refund ref=never%d net=1") // 16 are remembered
	r.wants(t, money{300, 47, 3, false})
	r.send(1, "refund ref=never11 net=1") // an order is forgotten
	r.wants(t, money{252, 0, 3, true})
	r.send(30, "order order=new%d net=10") // and all that waits
	r.wants(t, money{552, 0, 33, true})
}

// TestRefundsAreDeductedOnceInAnyOrder: more orders than are remembered, and
// refunds of any of them, before and after: whatever the order of arrival, life
// money is what was bought less what was taken back.
func TestRefundsAreDeductedOnceInAnyOrder(t *testing.T) {
	cfg := testConfig(t, "UTC")
	end := 20_000*event.Day24h - 1
	id := customerID(1)
	rapid.Check(t, func(t *rapid.T) {
		var all []event.Event
		send := func(kind event.Kind, order, day int, net int64) {
			name := fmt.Appendf(nil, "e-%d", len(all))
			e := event.Event{Type: event.Purchase, Kind: kind, CustomerID: id, CustomerHash: event.HashID(id), EventID: name,
				EventHash: event.HashID(name), Currency: euro, AmountNet: net,
				OccurredAt: end - event.Instant(day)*event.Day24h - event.Instant(len(all))}
			if kind == event.Order {
				e.OrderHash = orderHash(1, order)
			} else {
				e.RefOrderHash = orderHash(1, order)
			}
			all = append(all, e)
		}
		orders, never := rapid.IntRange(1, 24).Draw(t, "orders"), int64(0)
		for order := range orders {
			send(event.Order, order, rapid.IntRange(0, 390).Draw(t, "day"), rapid.Int64Range(1, 1000).Draw(t, "net"))
		}
		for range rapid.IntRange(0, 12).Draw(t, "refunds") {
			order := rapid.IntRange(0, orders).Draw(t, "refunded") // the last never comes
			net := rapid.Int64Range(1, 1000).Draw(t, "refund")
			kind := rapid.SampledFrom([]event.Kind{event.Refund, event.Adjustment}).Draw(t, "kind")
			if send(kind, order, rapid.IntRange(0, 390).Draw(t, "day"), net); order == orders {
				never += net
			}
		}
		oracle := workload.NewOracle("EUR")
		for i := range all {
			oracle.Add(&all[i])
		}
		s := deliver(t, cfg, rapid.Permutation(all).Draw(t, "arrival"), end)
		var c state.Customer
		if !s.slab.Peek(&c, event.HashID(id), id) {
			t.Fatal("the customer is not there")
		}
		var st score.Statistics
		s.statistics(&c, end, &st)
		truth, _ := oracle.Customer(string(id), end)
		if truth.RefundsWaiting != never {
			t.Fatalf("the oracle says that %d wait, want %d", truth.RefundsWaiting, never)
		}
		// What never comes waits, or is deducted where it may have been forgotten.
		if got, want := st.NetLife-st.RefundsWaiting, truth.NetLife-never; got != want {
			t.Fatalf("life money less what waits is %d, want %d", got, want)
		}
		if st.RefundsWaiting != 0 && st.RefundsWaiting != never || st.RefundsWaiting != never && !st.Approximate {
			t.Fatalf("%d wait, approximate %v; want %d", st.RefundsWaiting, st.Approximate, never)
		}
	})
}

// TestWhatIsNotCalledApproximateIsExact: beyond what a record remembers, too:
// with a little disorder, numbers that differ from the plainest count belong to
// records that say approximate.
func TestWhatIsNotCalledApproximateIsExact(t *testing.T) {
	cfg := testConfig(t, "UTC")
	end := 20_000*event.Day24h - 1
	id := customerID(0)
	exact, beyond := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		arriving := longLife(t, id, end)
		oracle := workload.NewOracle("EUR")
		for i := range arriving {
			oracle.Add(&arriving[i])
		}
		s := deliver(t, cfg, arriving, end)
		var c state.Customer
		s.slab.Peek(&c, event.HashID(id), id)
		var st score.Statistics
		s.statistics(&c, end, &st)
		if st.Approximate {
			return
		}
		exact++
		if c.Flags&state.OrdersForgotten != 0 || c.LastComplaint != 0 {
			beyond++
		}
		truth, _ := oracle.Customer(string(id), end)
		if want, got := ofOracle(truth), ofStatistics(&st, false); want != got {
			t.Fatalf("not called approximate, and %+v, want %+v", got, want)
		}
	})
	if exact < 5 || beyond < 1 {
		t.Errorf("%d lives are exact, %d of them beyond what is remembered: the test says little", exact, beyond)
	}
}

// longLife draws up to forty orders and complaints, each with a few events in the
// order of their lives, and lets neighbours change places now and then.
func longLife(t *rapid.T, id []byte, end event.Instant) (arriving []event.Event) {
	send := func(e event.Event, minute int) {
		name := fmt.Appendf(nil, "e-%d", len(arriving))
		e.CustomerID, e.CustomerHash, e.EventID, e.EventHash = id, event.HashID(id), name, event.HashID(name)
		e.OccurredAt = end - 380*event.Day24h + event.Instant(minute)*event.Minute + event.Instant(len(arriving))
		arriving = append(arriving, e)
	}
	minutes := rapid.IntRange(0, 370*24*60)
	later := func(minute int) int {
		return min(minute+rapid.SampledFrom([]int{10, 3 * 24 * 60, 90 * 24 * 60}).Draw(t, "later"), 379*24*60)
	}
	for order := range rapid.IntRange(1, 40).Draw(t, "orders") {
		at, hash := minutes.Draw(t, "ordered"), orderHash(0, order)
		send(event.Event{Type: event.Purchase, Kind: event.Order, OrderHash: hash, Status: event.Placed, Currency: euro,
			AmountNet: 100}, at)
		switch e := (event.Event{Type: event.Purchase, OrderHash: hash, Kind: event.Order, Currency: euro,
			AmountNet: 100}); rapid.IntRange(0, 40).Draw(t, "then") {
		case 0, 1:
			e.Status = event.Delivered
			send(e, later(at))
		case 2:
			e.Status = event.Chargeback
			send(e, later(at))
		case 3:
			send(event.Event{Type: event.Purchase, Kind: event.Cancel, RefOrderHash: hash}, later(at))
		case 4, 5:
			send(event.Event{Type: event.Purchase, Kind: event.Refund, RefOrderHash: hash, Currency: euro, AmountNet: 100},
				later(at))
		}
	}
	for n := range rapid.IntRange(0, 30).Draw(t, "complaints") {
		at := minutes.Draw(t, "complained")
		for i := range rapid.IntRange(1, 4).Draw(t, "steps") {
			send(event.Event{Type: event.Complaint, Kind: event.ComplaintMade, ComplaintHash: complaintHash(0, n),
				Category: event.CategoryOther,
				Status:   []event.Status{event.Opened, event.Acknowledged, event.Resolved, event.Reopened}[i]}, at)
			at = later(at)
		}
	}
	slices.SortFunc(arriving, func(a, b event.Event) int { return int((a.OccurredAt - b.OccurredAt) / 1) })
	for range rapid.IntRange(0, 3).Draw(t, "swaps") {
		if i := rapid.IntRange(0, len(arriving)-1).Draw(t, "place"); i > 0 {
			arriving[i], arriving[i-1] = arriving[i-1], arriving[i]
		}
	}
	return arriving
}
