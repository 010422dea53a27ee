package modelcli

import (
	"cmp"
	"slices"

	"github.com/holdfast/holdfast/pipeline/event"
)

// dayOfRows is what rows that name no order say of a day.
type dayOfRows struct {
	purchaseDay
	bought bool // something was
	back   bool // something was taken back, of this day or from it
	backs  int64
}

// withoutOrders counts rows that name no order: what is bought on a day is one
// purchase, and what is taken back lowers the latest purchase before it, or the
// next where there is none. A day of which nothing is left is none.
func (c *counting) withoutOrders(rows []purchaseRow) []purchaseDay {
	var days []dayOfRows
	var waiting *dayOfRows // taken back before any purchase
	for len(rows) > 0 {
		day, after := c.dayOfRows(rows)
		rows = rows[after:]
		switch {
		case day.bought:
			if waiting != nil {
				day.lower(waiting)
				waiting = nil
			}
			days = append(days, day)
		case day.back && len(days) > 0:
			days[len(days)-1].lower(&day)
		case day.back:
			if waiting != nil {
				day.lower(waiting)
			}
			waiting = &day
		}
	}
	if waiting != nil {
		c.orphans += waiting.backs
	}
	var kept []purchaseDay
	for _, day := range days {
		if !day.back || day.amount > 0 {
			kept = append(kept, day.purchaseDay)
		}
	}
	return kept
}

// lower takes off what another day has taken back.
func (d *dayOfRows) lower(by *dayOfRows) {
	d.amount, d.backs, d.back = d.amount+by.amount, d.backs+by.backs, true
}

// dayOfRows sums the first day of rows and returns the number of its rows.
func (c *counting) dayOfRows(rows []purchaseRow) (day dayOfRows, after int) {
	day.day, day.row = rows[0].day, rows[0].number
	for after < len(rows) && rows[after].day == day.day {
		r := &rows[after]
		after++
		switch {
		case r.day > c.until || !c.fresh(r):
		case r.takesBack():
			day.amount, day.backs, day.back = day.amount-r.amount, day.backs+1, true
		case (r.kind == event.Order || r.kind == event.Renewal) && r.status <= event.Delivered:
			day.amount, day.bought = day.amount+r.amount, true
		}
	}
	return day, after
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
