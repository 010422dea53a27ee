package modelcli

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/fit"
)

// What counts as a purchase day is what the processor counts, by the rules of
// docs/signals.md: an order counts on the day of its first counting status, at
// the amount of its highest, less what is taken back; cancelled, charged back,
// wholly refunded or not paid it is no purchase. Without order ids a day stands for an order.

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
	days   []purchaseDay
	shares []share
	rows   []purchaseRow // of one order and status
	seen   map[uint64]bool

	summed  int64 // orders whose rows differ and were summed
	orphans int64 // rows that take back from an order that is not there
}

// order is what is said of one order.
type order struct {
	day       fit.Day // of its first counting status
	number    int64   // of its first row
	best      event.Status
	counts    bool // it has a counting status
	cancelled bool
	at        event.Instant // of its first counting status
	paid      event.Instant // of its latest status that says that it is paid, or more
	failed    event.Instant // of its latest payment that failed
	refunds   int64         // how often something was taken back by a refund
	others    int64         // and by an adjustment
	refunded  int64
	adjusted  int64
}

// take notes a row; those with a status come in order of time.
func (o *order) take(r *purchaseRow) {
	switch r.kind {
	case event.Refund:
		o.refunds, o.refunded = o.refunds+1, o.refunded+r.amount
	case event.Adjustment:
		o.others, o.adjusted = o.others+1, o.adjusted+r.amount
	case event.Cancel:
		o.cancelled = true
	case event.Exchange:
	default:
		o.status(r)
	}
}

func (o *order) status(r *purchaseRow) {
	switch {
	case r.status == event.Chargeback:
		o.cancelled = true
	case r.status == event.PaymentFailed:
		o.failed = max(o.failed, r.at)
	case r.status <= event.Delivered:
		if !o.counts {
			o.counts, o.day, o.at = true, r.day, r.at
		}
		if r.status != event.Placed {
			o.paid = max(o.paid, r.at)
		}
		o.best = max(o.best, r.status)
	}
}

// unpaid reports whether the order was placed, its payment then failed, and nothing
// later says that it is paid.
func (o *order) unpaid() bool { return o.failed > o.at && o.failed > o.paid }

// share is what an order of a worth adds to its day: whether it is a purchase,
// and money.
func (o *order) share(worth int64) share {
	s := share{day: o.day, number: o.number, purchase: true, net: worth - o.refunded - o.adjusted}
	switch {
	case o.cancelled, o.unpaid():
		s.purchase, s.net = false, min(0, s.net)
	case o.refunds > 0 && o.refunded >= worth:
		s.purchase = false
	}
	return s
}

// share is what one order adds to its day.
type share struct {
	day      fit.Day
	number   int64
	purchase bool
	net      int64
}

// daysOf returns the purchase days of a customer up to a day, in order. Rows are
// sorted by order and time.
func (c *counting) daysOf(rows []purchaseRow, until fit.Day) []purchaseDay {
	c.until, c.shares = until, c.shares[:0]
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
	return merged(c.sharesByDay(), c.withoutOrders(single))
}

// sharesByDay joins what orders add to a day; one without a purchase is none.
func (c *counting) sharesByDay() []purchaseDay {
	slices.SortFunc(c.shares, func(a, b share) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.number, b.number))
	})
	c.days = c.days[:0]
	for from := 0; from < len(c.shares); {
		day, bought := purchaseDay{day: c.shares[from].day, row: c.shares[from].number}, false
		for ; from < len(c.shares) && c.shares[from].day == day.day; from++ {
			day.amount += c.shares[from].net
			bought = bought || c.shares[from].purchase
		}
		if bought {
			c.days = append(c.days, day)
		}
	}
	return c.days
}

// order settles one order from its rows.
func (c *counting) order(rows []purchaseRow) {
	o := order{number: rows[0].number}
	for i := range rows {
		if r := &rows[i]; r.day <= c.until && c.fresh(r) {
			o.number = min(o.number, r.number)
			o.take(r)
		}
	}
	if !o.counts {
		c.orphans += o.refunds + o.others
		return
	}
	c.shares = append(c.shares, o.share(c.worth(rows, o.best)))
}

// fresh reports whether an event with an id of its own is seen for the first time.
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

// note says what was done that the flags do not say.
func (c *counting) note() (notes []string) {
	if c.summed > 0 {
		notes = append(notes, fmt.Sprintf("%d orders have rows that differ; they are summed as the lines of their order "+
			"(--lines says otherwise)", c.summed))
	}
	if c.orphans > 0 {
		notes = append(notes, fmt.Sprintf("%d refunds or adjustments are about a purchase that the log does not have; "+
			"they lower nothing", c.orphans))
	}
	return notes
}
