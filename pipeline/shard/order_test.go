package shard

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/state"
	"github.com/holdfast/holdfast/pipeline/window"
)

// counted is what statistics and oracle both say of a customer.
type counted struct {
	HasPurchase                         bool
	X, OrdersLife, DaysToSecond         int
	FirstDay, LastDay                   event.Day
	NetLife, RefundsWaiting             int64
	MeanRepeat                          float64
	Orders30, Orders90, Orders365       int
	Net30, Net90, Net365                int64
	Visits7, Visits30, Visits90         int
	Complaints30, Complaints90          [event.CategoryCount]int
	Open                                int
	OldestOpen                          event.Instant
	Rating                              uint8
	PurchaseDays365, VisitsSince60      int
	ActivityDays                        int
	FirstActivityDay, LastActivityDay   event.Day
	OrdersPrevious90                    int
	NetPrevious90                       int64
	CategoryBreadth, OrdersForeign90    int
	OptedOut, Closed, DoNotRetain, Refd bool
}

// ofStatistics takes over what the oracle counts too; all is the rest of what
// must not depend on the order of arrival.
func ofStatistics(st *score.Statistics, all bool) counted {
	c := counted{HasPurchase: st.HasPurchase, X: int(st.X), OrdersLife: int(st.OrdersLife), FirstDay: st.FirstDay,
		LastDay: st.LastDay,
		NetLife: st.NetLife, RefundsWaiting: st.RefundsWaiting, Orders30: int(st.Orders30), Orders90: int(st.Orders90),
		Orders365: int(st.Orders365),
		Net30:     st.Net30, Net90: st.Net90, Net365: st.Net365, Visits7: int(st.Visits7), Visits30: int(st.Visits30),
		Visits90: int(st.Visits90), Open: int(st.ComplaintsOpen), OldestOpen: st.OldestOpenAt, Rating: st.RatingLast,
		DaysToSecond: int(st.DaysToSecond), CategoryBreadth: int(st.CategoryBreadth),
		OrdersForeign90: int(st.OrdersForeign90)}
	if st.RepeatNetDays > 0 {
		c.MeanRepeat = float64(st.RepeatNet) / float64(st.RepeatNetDays)
	}
	for i := range c.Complaints30 {
		c.Complaints30[i], c.Complaints90[i] = int(st.Complaints30[i]), int(st.Complaints90[i])
	}
	if all {
		c.PurchaseDays365, c.VisitsSince60, c.ActivityDays = int(st.PurchaseDays365), int(st.VisitsSincePurchase),
			int(st.ActivityX)
		c.FirstActivityDay, c.LastActivityDay = st.FirstActivityDay, st.LastActivityDay
		c.OrdersPrevious90, c.NetPrevious90 = int(st.OrdersPrevious90), st.NetPrevious90
		c.OptedOut, c.Closed, c.DoNotRetain, c.Refd = st.OptedOut, st.Closed, st.DoNotRetain, st.RefundInLastOrder
	}
	return c
}

func ofOracle(o *workload.Customer) counted {
	c := counted{HasPurchase: len(o.PurchaseDays) > 0, X: o.Repeat, OrdersLife: o.OrdersLife, FirstDay: o.FirstPurchase,
		LastDay: o.LastPurchase,
		NetLife: o.NetLife, RefundsWaiting: o.RefundsWaiting, MeanRepeat: o.MeanRepeat, Orders30: o.Orders[30],
		Orders90: o.Orders[90], Orders365: o.Orders[365],
		Net30: o.Net[30], Net90: o.Net[90], Net365: o.Net[365], Visits7: o.Visits[7], Visits30: o.Visits[30],
		Visits90: o.Visits[90],
		Open:     o.OpenComplaints, OldestOpen: o.OldestOpen, Rating: o.LastRating, CategoryBreadth: o.CategoryBreadth,
		OrdersForeign90: o.OrdersForeign90}
	if len(o.PurchaseDays) > 1 {
		c.DaysToSecond = int(o.PurchaseDays[1] - o.PurchaseDays[0])
	}
	for category, n := range o.Complaints[30] {
		c.Complaints30[category-1] = n
	}
	for category, n := range o.Complaints[90] {
		c.Complaints90[category-1] = n
	}
	return c
}

// lifetime draws the events of one customer, within what a record remembers and
// retains: at most 8 orders, 8 complaints, 32 events, 390 days. Instants are
// distinct unless ties are asked for.
func lifetime(t *rapid.T, n int, end event.Instant, ties bool) []event.Event {
	id := customerID(n)
	count := rapid.IntRange(1, state.MaxEvents).Draw(t, "events")
	span := rapid.SampledFrom([]int{1, 20, 100, 390}).Draw(t, "days")
	all := make([]event.Event, count)
	for i := range all {
		e := &all[i]
		name := fmt.Appendf(nil, "e-%d-%d", n, i)
		at := end - event.Instant(rapid.IntRange(0, span*24*60-1).Draw(t, "minute"))*event.Minute
		if ties {
			at -= at % (6 * event.Hour)
		} else {
			at -= event.Instant(i) // no two at one instant
		}
		*e = event.Event{CustomerID: id, CustomerHash: event.HashID(id), EventID: name, EventHash: event.HashID(name),
			OccurredAt: at}
		switch rapid.IntRange(0, 2).Draw(t, "type") {
		case 0:
			drawPurchase(t, e, n)
		case 1:
			drawVisit(t, e)
		default:
			drawComplaint(t, e, n)
		}
		if rapid.IntRange(0, 9).Draw(t, "consent") == 0 {
			e.Has |= event.HasConsent
		}
	}
	return all
}

func drawPurchase(t *rapid.T, e *event.Event, n int) {
	e.Type, e.Input = event.Purchase, 0
	order := rapid.IntRange(1, 8).Draw(t, "order")
	// One order in three is in another currency, and so are its refunds.
	e.Currency, e.AmountNet = euro, rapid.SampledFrom([]int64{0, 1, 500, 500, 1000}).Draw(t, "amount")
	if rapid.IntRange(0, 3).Draw(t, "margin given") == 0 {
		e.Margin, e.Has = rapid.Int64Range(-3, 700).Draw(t, "margin"), event.HasMargin
	}
	if order%3 == 0 {
		e.Currency = [3]byte{'U', 'S', 'D'}
	}
	e.Kind = rapid.SampledFrom([]event.Kind{event.Order, event.Order, event.Order, event.Renewal, event.Refund,
		event.Refund,
		event.Cancel, event.Adjustment, event.Exchange}).Draw(t, "kind")
	switch e.Kind {
	case event.Order, event.Renewal:
		e.OrderHash = orderHash(n, order)
		e.Status = rapid.SampledFrom([]event.Status{event.StatusNone, event.Placed, event.Paid, event.Shipped,
			event.Delivered,
			event.PaymentFailed, event.Chargeback}).Draw(t, "status")
		for range rapid.IntRange(0, 3).Draw(t, "lines") {
			name := fmt.Appendf(nil, "category %d", rapid.IntRange(1, 9).Draw(t, "category"))
			e.Categories = event.AppendCategory(e.Categories, name)
		}
	case event.Refund, event.Adjustment:
		e.RefOrderHash = orderHash(n, order)
		if rapid.IntRange(0, 9).Draw(t, "odd currency") == 0 && order%3 != 0 {
			e.Currency = [3]byte{'C', 'H', 'F'}
		}
	default:
		e.RefOrderHash, e.Currency, e.AmountNet = orderHash(n, order), [3]byte{}, 0
	}
}

func drawVisit(t *rapid.T, e *event.Event) {
	e.Type, e.Input = event.Visit, 1
	e.Kind = rapid.SampledFrom([]event.Kind{event.Session, event.StoreVisit, event.Cart, event.Inquiry, event.ContactOut,
		event.Referral, event.MemberJoin, event.MemberLeave, event.Closure}).Draw(t, "kind")
	if e.Kind == event.Closure {
		e.Closure = rapid.SampledFrom([]event.ClosureReason{event.ClosureNone, event.Moved, event.Fraud,
			event.PriceReason}).Draw(t, "closure")
	}
}

func drawComplaint(t *rapid.T, e *event.Event, n int) {
	e.Type, e.Input = event.Complaint, 2
	e.Kind = rapid.SampledFrom([]event.Kind{event.ComplaintMade, event.ComplaintMade, event.ReturnRequest, event.Dispute,
		event.Rating, event.PublicReview, event.Feedback}).Draw(t, "kind")
	switch e.Kind {
	case event.Rating, event.PublicReview:
		e.Rating = uint8(rapid.IntRange(1, 5).Draw(t, "rating"))
	case event.Feedback:
	default:
		e.ComplaintHash = complaintHash(n, rapid.IntRange(1, 8).Draw(t, "complaint"))
		e.ComplaintID = fmt.Appendf(nil, "k-%x", e.ComplaintHash)
		e.Status = event.Status(rapid.IntRange(int(event.Opened), int(event.Withdrawn)).Draw(t, "status"))
		e.Category = event.Category(rapid.IntRange(0, event.CategoryCount).Draw(t, "category"))
		e.Severity = uint8(rapid.IntRange(0, 5).Draw(t, "severity"))
		if rapid.Bool().Draw(t, "has due time") {
			e.SLADueAt = e.OccurredAt + event.Instant(rapid.IntRange(0, 100).Draw(t, "due"))*event.Hour
		}
	}
}

// deliver applies the events in the order given, in batches of any size, with
// clock readings up to end, restoring from pages now and then.
func deliver(t *rapid.T, cfg Config, events []event.Event, end event.Instant) *Shard {
	s, fx := New(cfg), newEffects()
	clock := ClockUnset
	for len(events) > 0 {
		n := rapid.IntRange(1, len(events)).Draw(t, "batch size")
		if rapid.IntRange(0, 4).Draw(t, "clock moves") == 0 {
			clock = max(clock, end-event.Instant(rapid.IntRange(0, 400).Draw(t, "clock days"))*event.Day24h)
		}
		b := &Batch{Number: s.Position().Batch + 1, Clock: clock, Wall: end, Events: slices.Clone(events[:n])}
		if err := s.Apply(b, fx); err != nil {
			t.Fatal(err)
		}
		if n := s.Position().Counters.Folded; n > 0 {
			t.Fatalf("%d events within the retained days are taken for folded ones", n)
		}
		s.Commit()
		fx.reset()
		events = events[n:]
		if rapid.IntRange(0, 3).Draw(t, "restore") == 0 {
			s = reload(t, cfg, s)
		}
	}
	return s
}

// reload makes a shard of another's pages.
func reload(t rapid.TB, cfg Config, s *Shard) *Shard {
	var codec state.PageCodec
	fresh := New(cfg)
	for n := uint32(0); int(n) < s.slab.Pages(); n++ {
		value := s.slab.AppendPage(&codec, nil, 7, n, s.batch)
		if err := fresh.slab.LoadPage(&codec, value, 7, n); err != nil {
			t.Fatal(err)
		}
	}
	fresh.slab.FinishLoading()
	fresh.Seek(s.Position())
	fresh.FinishRestore()
	return fresh
}

// lives draws customers and an order of arrival in which some events come twice.
func lives(t *rapid.T, end event.Instant, ties bool) (all, arriving []event.Event) {
	for n := range rapid.IntRange(1, 3).Draw(t, "customers") {
		all = append(all, lifetime(t, n, end, ties)...)
	}
	arriving = slices.Clone(all)
	for range rapid.IntRange(0, 5).Draw(t, "duplicates") {
		arriving = append(arriving, rapid.SampledFrom(all).Draw(t, "duplicate"))
	}
	return all, rapid.Permutation(arriving).Draw(t, "arrival")
}

// TestStatisticsEqualTheOracleInAnyOrder: whatever the order of arrival, the
// batches, the readings and the restores, a customer's numbers are those that
// are counted in the plainest way.
func TestStatisticsEqualTheOracleInAnyOrder(t *testing.T) {
	cfg := testConfig(t, "UTC")
	end := 20_000*event.Day24h - 1
	rapid.Check(t, func(t *rapid.T) {
		all, arriving := lives(t, end, false)
		oracle := workload.NewOracle("EUR")
		for i := range all {
			oracle.Add(&all[i])
		}
		s := deliver(t, cfg, arriving, end)
		truth := oracle.At(end)
		if len(truth) != s.slab.Len() {
			t.Fatalf("%d customers, want %d", s.slab.Len(), len(truth))
		}
		var c state.Customer
		for _, id := range sortedKeys(truth) {
			if !s.slab.Peek(&c, event.HashID([]byte(id)), []byte(id)) {
				t.Fatalf("customer %s is not there", id)
			}
			var st score.Statistics
			s.statistics(&c, end, &st)
			if diff := cmp.Diff(ofOracle(truth[id]), ofStatistics(&st, false)); diff != "" {
				t.Fatalf("customer %s (-oracle +shard):\n%s", id, diff)
			}
			if st.Approximate {
				t.Fatalf("customer %s is called approximate", id)
			}
		}
	})
}

// TestRecordsAreTheSameInAnyOrder: two orders of arrival leave the same record,
// events of one instant included; apart from what was judged on the way.
func TestRecordsAreTheSameInAnyOrder(t *testing.T) {
	cfg := testConfig(t, "Europe/Berlin")
	end := 20_000*event.Day24h - 1
	rapid.Check(t, func(t *rapid.T) {
		all, arriving := lives(t, end, true)
		slices.SortFunc(all, func(a, b event.Event) int { return int(a.OccurredAt/event.Second - b.OccurredAt/event.Second) })
		want, got := deliver(t, cfg, all, end), deliver(t, cfg, arriving, end)
		// The same moment for both: old visits have left their days.
		a, b := remembered(want, end), remembered(got, end)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Fatalf("records differ (-sorted +permuted):\n%s", diff)
		}
	})
}

// remembered is what records say at a moment, without what was judged.
func remembered(s *Shard, now event.Instant) map[string]string {
	all := map[string]string{}
	var c state.Customer
	s.slab.Each(func(slot state.Slot) {
		s.slab.LoadSlot(&c, slot)
		today := s.cfg.Zone.DayOf(now)
		s.fold(&c, today, today-window.RetainedDays)
		var st score.Statistics
		s.statistics(&c, now, &st)
		c.Opaque, c.Deadline, c.JudgedAt, c.Silence = nil, 0, 0, 0
		c.Flags &^= state.Settled
		named := namedWithin(s, &c, today-score.CategoryDays)
		all[string(c.ID)] = dump(&c) + fmt.Sprintf("\n%+v %v", ofStatistics(&st, true), named)
	})
	return all
}

// namedWithin takes out of the record which categories its orders after a day name:
// which bits they have, and when older ones go, depends on the arrival.
func namedWithin(s *Shard, c *state.Customer, border event.Day) (named []string) {
	for i := range c.Orders {
		o := &c.Orders[i]
		for n, category := range c.Categories {
			if o.Categories&(1<<n) != 0 && s.cfg.Zone.DayOf(o.At) > border {
				named = append(named, fmt.Sprintf("%d: %x", i, category.Hash))
			}
		}
		o.Categories = 0
	}
	slices.Sort(named)
	c.Categories = nil
	return named
}
