package shard

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/holdfast/holdfast/pipeline/event"
)

// arrival is an event at its place in the shard's input, with the clock reading
// of a batch that ends with it.
type arrival struct {
	event.Event
	clock event.Instant
}

// streamOptions say what a stream is like.
type streamOptions struct {
	seed      uint64
	customers int
	events    int
	start     event.Instant
	span      event.Instant // from the first event to about the last
	lateness  event.Instant
	visits    int // of 100 events, the others purchases; 0: events of all types
}

// stream makes events of all types in the order of their times. The readings
// lie where an honest clock's do that keeps up: at or after the event's time
// less the lateness, at or before that of the next.
func stream(o streamOptions) []arrival {
	r := rand.New(rand.NewPCG(o.seed, 1))
	all := make([]arrival, o.events)
	at := o.start
	step := int64(o.span) / int64(o.events)
	g := generator{r: r, visits: o.visits, orders: map[int]int{}, complaints: map[int]int{}}
	for i := range all {
		if r.IntN(20) > 0 { // else at the same instant
			at += event.Instant(r.Int64N(2 * step))
		}
		// Some customers are of long ago, some come late, most are in between.
		n := r.IntN(o.customers)*(i+o.events/8)/(o.events+o.events/8) - r.IntN(3)
		if r.IntN(5) == 0 { // more events than a record remembers
			n = o.customers - 1 - r.IntN(1+o.customers/60)
		}
		all[i].Event = g.event(max(n, 0), at)
	}
	// The order within a batch: of one instant by input.
	slices.SortStableFunc(all, func(a, b arrival) int {
		return cmp.Or(cmp.Compare(a.OccurredAt, b.OccurredAt), cmp.Compare(a.Input, b.Input))
	})
	for i := range all {
		low := all[i].OccurredAt - o.lateness
		high := low
		if i+1 < len(all) {
			high = all[i+1].OccurredAt - o.lateness
		}
		all[i].clock = low + event.Instant(r.Int64N(int64(high-low)+1))
	}
	return all
}

// generator makes events of customers by number.
type generator struct {
	r          *rand.Rand
	number     int
	visits     int         // see streamOptions
	orders     map[int]int // how many orders a customer has made
	complaints map[int]int
}

func customerID(n int) []byte {
	if n%7 == 3 { // long ids too
		return fmt.Appendf(nil, "customer-with-a-rather-long-name-of-%030d", n)
	}
	return fmt.Appendf(nil, "c-%d", n)
}

func (g *generator) event(n int, at event.Instant) event.Event {
	id := customerID(n)
	g.number++
	name := fmt.Appendf(nil, "e-%d", g.number)
	e := event.Event{CustomerID: id, CustomerHash: event.HashID(id), EventID: name, EventHash: event.HashID(name),
		OccurredAt: at, RecordTime: at}
	if g.visits > 0 {
		if e.Type, e.Kind, e.Input = event.Visit, event.Session, 1; g.r.IntN(100) >= g.visits {
			g.purchase(&e, n)
		}
		return e
	}
	switch dice := g.r.IntN(100); {
	case dice < 45:
		g.purchase(&e, n)
	case dice < 85:
		g.visit(&e)
	default:
		g.complaint(&e, n)
	}
	if g.r.IntN(50) == 0 {
		e.Has |= event.HasConsent | event.HasConsentMarketing*event.Has(g.r.IntN(2))
	}
	if g.r.IntN(30) == 0 {
		e.Segment = []byte([]string{"all", "retail", "nowhere"}[g.r.IntN(3)])
	}
	return e
}

var euro = [3]byte{'E', 'U', 'R'}

// purchase is an order or what happens to one of the customer's latest.
func (g *generator) purchase(e *event.Event, n int) {
	e.Type, e.Input = event.Purchase, 0
	e.Currency, e.AmountNet = euro, 100+int64(g.r.IntN(9900))
	switch dice := g.r.IntN(20); {
	case dice < 11 || g.orders[n] == 0:
		g.orders[n]++
		e.Kind, e.OrderHash = event.Order, orderHash(n, g.orders[n])
		if g.r.IntN(4) == 0 {
			e.Status = event.Placed
		}
		nameCategories(e)
	case dice < 14:
		e.Kind, e.OrderHash = event.Order, g.anOrder(n)
		e.Status = []event.Status{event.Paid, event.Shipped, event.Delivered, event.PaymentFailed}[g.r.IntN(4)]
	case dice < 17:
		e.Kind, e.RefOrderHash = event.Refund, g.anOrder(n)
	case dice < 18:
		e.Kind, e.RefOrderHash = event.Cancel, g.anOrder(n)
		e.Currency, e.AmountNet = [3]byte{}, 0
	case dice < 19:
		e.Kind, e.RefOrderHash, e.AmountNet = event.Adjustment, g.anOrder(n), 50
	default:
		e.Kind, e.RefOrderHash = event.Exchange, g.anOrder(n)
		if g.r.IntN(10) == 0 {
			e.Kind, e.RefOrderHash, e.OrderHash, e.Status = event.Order, 0, g.anOrder(n), event.Chargeback
		}
	}
}

// nameCategories lets half of the orders name up to three of twenty categories.
func nameCategories(e *event.Event) {
	for i := range int(e.EventHash%7) - 3 {
		e.Categories = event.AppendCategory(e.Categories, fmt.Appendf(nil, "category %d", e.EventHash>>(8*i+8)%20))
	}
}

func (g *generator) anOrder(n int) uint64 {
	return orderHash(n, max(1, g.orders[n]-g.r.IntN(4)))
}

func orderHash(n, order int) uint64 { return event.HashID(fmt.Appendf(nil, "o-%d-%d", n, order)) }

func (g *generator) visit(e *event.Event) {
	e.Type, e.Input = event.Visit, 1
	kinds := []event.Kind{event.Session, event.Session, event.Session, event.StoreVisit, event.Cart, event.Inquiry,
		event.ContactOut, event.Referral, event.Redeem}
	e.Kind = kinds[g.r.IntN(len(kinds))]
	if g.r.IntN(40) == 0 {
		e.Kind, e.Closure = event.Closure, event.ClosureReason(g.r.IntN(int(event.UnknownReason)+1))
	}
}

func (g *generator) complaint(e *event.Event, n int) {
	e.Type, e.Input = event.Complaint, 2
	switch dice := g.r.IntN(10); {
	case dice < 5 || g.complaints[n] == 0:
		g.complaints[n]++
		e.Kind, e.Status, e.ComplaintHash = event.ComplaintMade, event.Opened, complaintHash(n, g.complaints[n])
		e.Category, e.Severity = event.Category(g.r.IntN(event.CategoryCount+1)), uint8(g.r.IntN(6))
		if g.r.IntN(5) == 0 {
			e.SLADueAt = e.OccurredAt + event.Instant(g.r.IntN(72))*event.Hour
		}
	case dice < 8:
		e.Kind, e.Status = event.ComplaintMade, event.Opened+event.Status(g.r.IntN(8))
		e.ComplaintHash = complaintHash(n, max(1, g.complaints[n]-g.r.IntN(3)))
	default:
		e.Kind, e.Rating = event.Rating, uint8(1+g.r.IntN(5))
		if g.r.IntN(3) == 0 {
			e.Kind = event.PublicReview
		}
	}
}

func complaintHash(n, complaint int) uint64 {
	return event.HashID(fmt.Appendf(nil, "k-%d-%d", n, complaint))
}
