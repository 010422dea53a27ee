package workload

import (
	"slices"

	"github.com/holdfast/holdfast/pipeline/event"
)

// order is what has been said of one order.
type order struct {
	statuses  map[event.Status]bool
	counts    bool
	day       event.Day
	best      event.Status // the highest status, whose amount counts
	net       int64
	currency  [3]byte
	cancelled bool          // or charged back
	failed    bool          // to be paid, after all that was said of it
	latest    event.Instant // when it was first placed or last paid, whichever is later
	charged   int64
	chargedIn [3]byte
	takeBacks []seen

	categories []uint32 // of the lines of all its events with a status that counts
}

// takeOrder notes a purchase event; they come in order of time.
func takeOrder(orders map[uint64]*order, e *seen) {
	hash := e.OrderHash
	switch e.Kind {
	case event.Exchange:
		return
	case event.Refund, event.Cancel, event.Adjustment:
		hash = e.RefOrderHash
	default: // orders name themselves
	}
	of := orders[hash]
	if of == nil {
		of = &order{statuses: map[event.Status]bool{}}
		orders[hash] = of
	}
	switch e.Kind {
	case event.Cancel:
		of.cancelled = true
	case event.Refund, event.Adjustment:
		of.takeBacks = append(of.takeBacks, *e)
	default:
		of.take(e)
	}
}

// take notes a status of the order: of two events with one status the first
// counts.
func (of *order) take(e *seen) {
	status := e.Status
	if status == event.StatusNone {
		status = event.Paid
	}
	for i := range e.Categories.Len() {
		if status != event.PaymentFailed && status != event.Chargeback {
			of.categories = append(of.categories, e.Categories.At(i))
		}
	}
	switch status {
	case event.PaymentFailed:
		of.failed = of.counts && e.OccurredAt > of.latest
	case event.Paid, event.Shipped, event.Delivered:
		of.failed, of.latest = false, e.OccurredAt
	case event.Placed:
		if !of.counts {
			of.latest = e.OccurredAt
		}
	default: // a chargeback, which takes the order anyway
	}
	if of.statuses[status] {
		return
	}
	of.statuses[status] = true
	switch status {
	case event.Chargeback:
		of.cancelled, of.charged, of.chargedIn = true, e.AmountNet, e.Currency
	case event.Placed, event.Paid, event.Shipped, event.Delivered:
		if !of.counts {
			of.counts, of.day = true, dayOf(e.OccurredAt)
		}
		if status > of.best {
			of.best, of.net, of.currency = status, e.AmountNet, e.Currency
		}
	default: // a payment that failed makes no order count
	}
}

// worth reports whether the order counts and what it brought in the oracle's
// currency.
func (of *order) worth(currency [3]byte) (counts bool, net int64) {
	refunded, adjusted, refunds := int64(0), int64(0), 0
	for _, back := range of.takeBacks {
		switch {
		case back.Currency != of.currency:
		case back.Kind == event.Adjustment:
			adjusted += back.AmountNet
		default:
			refunded += back.AmountNet
			refunds++
		}
	}
	net = of.net - refunded - adjusted
	counts = refunds == 0 || refunded < of.net
	if of.cancelled || of.failed {
		counts, net = false, min(net, 0)
	}
	if of.currency != currency {
		net = 0
	}
	return counts, net
}

// waiting is what was taken back from an order that has not come, in the
// oracle's currency: a chargeback takes all of it.
func (of *order) waiting(currency [3]byte) (net int64) {
	for _, back := range of.takeBacks {
		if back.Currency == currency {
			net += back.AmountNet
		}
	}
	if of.chargedIn == currency {
		net = max(net, of.charged)
	}
	return net
}

func (c *Customer) countOrders(orders map[uint64]*order, today event.Day, currency [3]byte) {
	byDay := map[event.Day]int64{}
	buying, broad := map[event.Day]bool{}, map[uint32]bool{}
	for _, of := range orders {
		if !of.counts {
			c.RefundsWaiting += of.waiting(currency)
			continue
		}
		counts, net := of.worth(currency)
		byDay[of.day] += net
		c.addOrder(0, counts, net)
		for _, window := range []int{30, 90, 365} {
			if inside(of.day, today, window) {
				c.addOrder(window, counts, net)
			}
		}
		if counts {
			buying[of.day] = true
		}
		if counts && inside(of.day, today, 90) {
			if of.currency != currency {
				c.OrdersForeign90++
			}
			for _, category := range of.categories {
				broad[category] = true
			}
		}
	}
	c.CategoryBreadth = len(broad)
	c.OrdersLife, c.NetLife = c.Orders[0], c.Net[0]
	for day := range buying {
		c.PurchaseDays = append(c.PurchaseDays, day)
	}
	slices.Sort(c.PurchaseDays)
	if n := len(c.PurchaseDays); n > 0 {
		c.Repeat, c.FirstPurchase, c.LastPurchase = n-1, c.PurchaseDays[0], c.PurchaseDays[n-1]
		c.MeanRepeat = meanPositive(byDay, c.PurchaseDays[1:])
	}
}

func (c *Customer) addOrder(window int, counts bool, net int64) {
	c.Net[window] += net
	if counts {
		c.Orders[window]++
	}
}

func meanPositive(net map[event.Day]int64, days []event.Day) float64 {
	sum, n := int64(0), 0
	for _, day := range days {
		if net[day] > 0 {
			sum += net[day]
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return float64(sum) / float64(n)
}

// complaint is what has been said of one complaint.
type complaint struct {
	made     event.Instant
	category event.Category
	status   event.Status
	at       event.Instant
}

// takeComplaint notes an event of a complaint; they come in order of time.
func takeComplaint(complaints map[uint64]*complaint, e *seen) {
	switch e.Kind {
	case event.ComplaintMade, event.ReturnRequest, event.Dispute:
	default:
		return
	}
	k := complaints[e.ComplaintHash]
	if k == nil {
		k = &complaint{made: e.OccurredAt}
		complaints[e.ComplaintHash] = k
	}
	if k.category == event.CategoryNone {
		k.category = e.Category
	}
	if e.OccurredAt > k.at || e.Status > k.status {
		k.status, k.at = e.Status, e.OccurredAt
	}
}

func (c *Customer) countComplaints(complaints map[uint64]*complaint, today event.Day) {
	for _, k := range complaints {
		category := k.category
		if category == event.CategoryNone {
			category = event.CategoryOther
		}
		for window, counts := range c.Complaints {
			if inside(dayOf(k.made), today, window) {
				counts[category]++
			}
		}
		switch k.status {
		case event.Opened, event.Acknowledged, event.InProgress, event.Reopened:
			c.OpenComplaints++
			if c.OldestOpen == 0 || k.made < c.OldestOpen {
				c.OldestOpen = k.made
			}
		default: // closed
		}
	}
}
