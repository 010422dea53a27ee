package modelcli

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/fit"
)

// What counts as a purchase day is what the processor counts, by the rules of
// docs/signals.md: an order counts on the day of its first counting status, at
// the amount of its highest, less what is taken back; cancelled, charged back or
// wholly refunded it is no purchase. Without order ids a day stands for an order.

// purchaseDay is all that one customer bought on one business day.
type purchaseDay struct {
	day    fit.Day
	amount int64 // millionths, net of what was taken back
	row    int64 // the first of its rows
}

// counting makes purchase days of a customer's rows.
type counting struct {
	lines  string // sum or first, "" for: as they are
	until  fit.Day
	days   []purchaseDay // of orders, then by day
	orders []order
	rows   []purchaseRow // of one order and status
	seen   map[uint64]bool

	summed  int64 // orders whose rows differ and were summed
	orphans int64 // rows that take back from an order that is not there
}

// order is what one order adds to its day.
type order struct {
	day    fit.Day
	number int64
	counts bool // as a purchase; its money is the day's all the same
	net    int64
}

// daysOf gives the purchase days of a customer up to a day, in order. Rows are
// sorted by order and time.
func (c *counting) daysOf(rows []purchaseRow, until fit.Day) []purchaseDay {
	c.until, c.orders = until, c.orders[:0]
	clear(c.seen)
	single := rows[:0:0]
	for from := 0; from < len(rows); {
		to := from
		for to < len(rows) && rows[to].order == rows[from].order {
			to++
		}
		if rows[from].order == 0 {
			single = rows[from:to]
		} else {
			c.order(rows[from:to])
		}
		from = to
	}
	c.days = c.days[:0]
	slices.SortFunc(c.orders, func(a, b order) int { return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.number, b.number)) })
	for from := 0; from < len(c.orders); {
		day, bought := purchaseDay{day: c.orders[from].day, row: c.orders[from].number}, false
		for ; from < len(c.orders) && c.orders[from].day == day.day; from++ {
			day.amount += c.orders[from].net
			bought = bought || c.orders[from].counts
		}
		if bought {
			c.days = append(c.days, day)
		}
	}
	return merged(c.days, c.withoutOrders(single))
}

// order settles one order from its rows.
func (c *counting) order(rows []purchaseRow) {
	o := order{day: math.MaxInt32, number: rows[0].number}
	best, net, refunded, adjusted := event.StatusNone, int64(0), int64(0), int64(0)
	counts, cancelled, refundSeen := false, false, false
	takenBack := int64(0)
	for i := range rows {
		r := &rows[i]
		if r.day > c.until || !c.fresh(r) {
			continue
		}
		o.number = min(o.number, r.number)
		switch r.kind {
		case event.Refund:
			refunded, refundSeen = refunded+r.amount, true
			takenBack++
		case event.Adjustment:
			adjusted += r.amount
			takenBack++
		case event.Cancel:
			cancelled = true
		case event.Exchange:
		default:
			switch {
			case r.status == event.Chargeback:
				cancelled = true
			case r.status <= event.Delivered:
				if !counts {
					o.day = r.day
				}
				counts = true
				best = max(best, r.status)
			}
		}
	}
	if !counts {
		c.orphans += takenBack
		return
	}
	net = c.worth(rows, best)
	o.net, o.counts = net-refunded-adjusted, true
	switch {
	case cancelled:
		o.counts, o.net = false, min(0, o.net)
	case refundSeen && refunded >= net:
		o.counts = false
	}
	c.orders = append(c.orders, o)
}

// fresh says whether an event with an id of its own is seen for the first time.
func (c *counting) fresh(r *purchaseRow) bool {
	if r.id == 0 || !r.takesBack() {
		return true
	}
	if c.seen == nil {
		c.seen = map[uint64]bool{}
	}
	known := c.seen[r.id]
	c.seen[r.id] = true
	return !known
}

// worth is what an order's rows in one status say that it is worth: the same
// again and again is one, different rows are parts.
func (c *counting) worth(rows []purchaseRow, status event.Status) int64 {
	c.rows = c.rows[:0]
	for _, r := range rows {
		if r.day <= c.until && (r.kind == event.Order || r.kind == event.Renewal) && r.status == status {
			c.rows = append(c.rows, r)
		}
	}
	first, sum, alike := c.rows[0], int64(0), true
	for _, r := range c.rows {
		sum += r.amount
		alike = alike && r.amount == first.amount && r.at == first.at
		if r.number < first.number {
			first = r
		}
	}
	switch {
	case len(c.rows) == 1, c.lines == linesFirst, c.lines == "" && alike:
		return first.amount
	case c.lines == "":
		c.summed++
	}
	return sum
}

// Values of --lines.
const (
	linesSum   = "sum"
	linesFirst = "first"
)

// withoutOrders counts rows that name no order: what is bought on a day is one
// purchase, and what is taken back lowers the latest purchase before it, or the
// next where there is none. A day of which nothing is left is none.
func (c *counting) withoutOrders(rows []purchaseRow) []purchaseDay {
	var days []purchaseDay
	var took []bool // whether something of the day was taken back
	waiting, waits := int64(0), false
	for i := 0; i < len(rows); {
		day, bought, sum, back := purchaseDay{day: rows[i].day, row: rows[i].number}, false, int64(0), false
		for ; i < len(rows) && rows[i].day == day.day; i++ {
			r := &rows[i]
			switch {
			case r.day > c.until || !c.fresh(r):
			case r.takesBack():
				sum, back = sum-r.amount, true
			case (r.kind == event.Order || r.kind == event.Renewal) && r.status <= event.Delivered:
				sum, bought = sum+r.amount, true
			}
		}
		switch {
		case bought:
			day.amount = sum + waiting
			days, took = append(days, day), append(took, back || waits)
			waiting, waits = 0, false
		case back && len(days) > 0:
			days[len(days)-1].amount += sum
			took[len(days)-1] = true
		case back:
			waiting, waits = waiting+sum, true
		}
	}
	kept := days[:0]
	for i, day := range days {
		if !took[i] || day.amount > 0 {
			kept = append(kept, day)
		}
	}
	return kept
}

// merged joins two lists of days.
func merged(a, b []purchaseDay) []purchaseDay {
	if len(b) == 0 {
		return a
	}
	all := append(slices.Clone(a), b...)
	slices.SortStableFunc(all, func(a, b purchaseDay) int { return cmp.Compare(a.day, b.day) })
	kept := all[:0]
	for _, day := range all {
		if n := len(kept); n > 0 && kept[n-1].day == day.day {
			kept[n-1].amount += day.amount
			continue
		}
		kept = append(kept, day)
	}
	return kept
}

// note says what was done that the flags do not say.
func (c *counting) note() (notes []string) {
	if c.summed > 0 {
		notes = append(notes, fmt.Sprintf("%d orders have rows that differ; they are summed as the lines of their order (--lines says otherwise)", c.summed))
	}
	if c.orphans > 0 {
		notes = append(notes, fmt.Sprintf("%d refunds or adjustments are about an order that the log does not have; they lower nothing", c.orphans))
	}
	return notes
}
