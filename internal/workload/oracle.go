package workload

import (
	"slices"
	"strings"

	"github.com/holdfast/holdfast/pipeline/event"
)

// Oracle counts over decoded events in the plainest way: it keeps all events,
// sorts them by time and folds them with maps. It shares no code with the
// pipeline's state, remembers without limit, and takes days to be UTC days.
// Events may be added in any order, and more than once.
type Oracle struct {
	currency  [3]byte
	customers map[string][]seen
	anonymous int
}

// seen is what the fold needs of an event, with copies of its texts.
type seen struct {
	event.Event
	id string
}

// NewOracle makes an oracle whose money is in one currency.
func NewOracle(currency string) *Oracle {
	o := &Oracle{customers: make(map[string][]seen)}
	copy(o.currency[:], currency)
	return o
}

// Add takes an event. It keeps none of the event's slices.
func (o *Oracle) Add(e *event.Event) {
	if len(e.CustomerID) == 0 {
		o.anonymous++
		return
	}
	kept := seen{Event: *e, id: string(e.EventID)}
	kept.CustomerID, kept.AnonymousID, kept.EventID, kept.Segment = nil, nil, nil, nil
	kept.ComplaintID, kept.OrderID = nil, nil
	kept.Categories = slices.Clone(e.Categories)
	id := string(e.CustomerID)
	o.customers[id] = append(o.customers[id], kept)
}

// Anonymous is the number of events added without a customer.
func (o *Oracle) Anonymous() int { return o.anonymous }

// Customer is what is true of a customer by a moment.
type Customer struct {
	PurchaseDays  []event.Day // distinct, rising
	ActivityDays  []event.Day // the same with the days of acting visits
	Repeat        int         // x: purchase days but the first; 0 without any
	FirstPurchase event.Day   // 0 without a purchase
	LastPurchase  event.Day

	Orders map[int]int   // by window in days (30, 90, 365); whole life under 0
	Net    map[int]int64 // minor units, likewise

	OrdersForeign90 int // orders of the last 90 days in another currency

	OrdersLife int
	NetLife    int64

	// CategoryBreadth is how many categories the lines of the orders of the last
	// 90 days name.
	CategoryBreadth int

	// RefundsWaiting is what was taken back from orders that have not come.
	RefundsWaiting int64

	// MeanRepeat is the mean net value of the repeat purchase days with a
	// positive one, in minor units; 0 without any.
	MeanRepeat float64

	Visits map[int]int // by window in days: 7, 30, 90

	// Complaints are by window in days (30, 90), then by category.
	Complaints map[int]map[event.Category]int

	OpenComplaints int
	OldestOpen     event.Instant // when the oldest open complaint was made; 0 without one
	LastRating     uint8         // 0 without one
	OptedOut       bool          // the latest event that speaks of consent to marketing withdraws it
	DoNotRetain    bool          // an order was charged back, or the account closed for fraud
	Events         int           // distinct event ids
	LastEvent      event.Instant
}

// At folds what happened up to now, for every customer with an event.
func (o *Oracle) At(now event.Instant) map[string]*Customer {
	all := make(map[string]*Customer, len(o.customers))
	for id, events := range o.customers {
		if c := o.fold(events, now); c.Events > 0 {
			all[id] = c
		}
	}
	return all
}

// Customer folds what one customer did up to now; false where there is
// nothing.
func (o *Oracle) Customer(id string, now event.Instant) (*Customer, bool) {
	c := o.fold(o.customers[id], now)
	return c, c.Events > 0
}

// fold counts one customer's events.
func (o *Oracle) fold(events []seen, now event.Instant) *Customer {
	c := &Customer{Orders: map[int]int{}, Net: map[int]int64{}, Visits: map[int]int{},
		Complaints: map[int]map[event.Category]int{
			30: {}, 90: {}}}
	events = distinct(events, now)
	c.Events = len(events)
	today := dayOf(now)
	orders, complaints := map[uint64]*order{}, map[uint64]*complaint{}
	for i := range events {
		e := &events[i]
		c.LastEvent = max(c.LastEvent, e.OccurredAt)
		if e.Has&event.HasConsent != 0 {
			c.OptedOut = e.Has&event.HasConsentMarketing == 0
		}
		c.DoNotRetain = c.DoNotRetain || e.Kind == event.Closure && e.Closure == event.Fraud ||
			(e.Kind == event.Order || e.Kind == event.Renewal) && e.Status == event.Chargeback
		switch {
		case e.Type == event.Purchase:
			takeOrder(orders, e)
		case e.Type == event.Visit && e.Kind.Acts():
			c.ActivityDays = append(c.ActivityDays, dayOf(e.OccurredAt))
			for _, window := range []int{7, 30, 90} {
				if inside(dayOf(e.OccurredAt), today, window) {
					c.Visits[window]++
				}
			}
		case e.Type == event.Complaint:
			if e.Rating != 0 {
				c.LastRating = e.Rating
			}
			takeComplaint(complaints, e)
		}
	}
	c.countOrders(orders, today, o.currency)
	c.countComplaints(complaints, today)
	c.ActivityDays = append(c.ActivityDays, c.PurchaseDays...)
	slices.Sort(c.ActivityDays)
	c.ActivityDays = slices.Compact(c.ActivityDays)
	return c
}

// inside reports whether a day is one of the last n, today included.
func inside(day, today event.Day, n int) bool {
	return day <= today && int(today-day) < n
}

// distinct returns the events up to now in order of (instant, id), the first of
// each id.
func distinct(events []seen, now event.Instant) []seen {
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b seen) int {
		if a.OccurredAt != b.OccurredAt {
			return int(min(max(a.OccurredAt-b.OccurredAt, -1), 1))
		}
		return strings.Compare(a.id, b.id)
	})
	known := map[string]bool{}
	return slices.DeleteFunc(sorted, func(e seen) bool {
		if e.OccurredAt > now || known[e.id] {
			return true
		}
		known[e.id] = true
		return false
	})
}
