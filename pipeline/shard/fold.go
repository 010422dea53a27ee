package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/state"
	"github.com/holdfast/holdfast/pipeline/window"
)

// fold lets old days leave: visits older than 90 days leave their mark in the
// week, days older than the retained range are added to the life sums in their
// order. It depends on the customer's own moment alone, so how the input was
// cut into batches does not matter.
func (s *Shard) fold(c *state.Customer, today event.Day) {
	c.Days = ageVisits(c.Days, &c.Weeks, int32(today)-window.VisitDays)
	border := today - window.RetainedDays
	if excess := len(c.Days) - state.MaxDays + 1; excess > 0 {
		// Purchases far ahead of the clock: the oldest days go early.
		border = max(border, event.Day(c.Days[excess-1].Day))
		c.Flags |= state.Approximate
	}
	if excess := len(c.Weeks) - state.MaxWeeks + 1; excess > 0 {
		border = max(border, event.Day(c.Weeks[excess-1].Monday+6))
		c.Flags |= state.Approximate
	}
	if border > c.FoldedThrough {
		foldDays(c, int32(border))
		foldWeeks(c, int32(border))
		c.FoldedThrough = border
	}
	for i := 0; i < len(c.ComplaintDays); {
		if c.ComplaintDays[i].Day <= int32(today)-complaintDays {
			c.ComplaintDays = append(c.ComplaintDays[:i], c.ComplaintDays[i+1:]...)
		} else {
			i++
		}
	}
}

// complaintDays is the longest window that complaints are counted in.
const complaintDays = 90

// ageVisits moves the visits of days up to last into the weeks.
func ageVisits(days window.Days, weeks *window.Weeks, last int32) window.Days {
	kept := 0
	for i := range days {
		d := &days[i]
		if d.Day > last {
			if kept == i {
				return days // nothing was dropped
			}
			break
		}
		if d.Visits > 0 {
			weeks.Mark(d.Day)
			d.Visits = 0
		}
		if !d.Empty() {
			days[kept] = *d
			kept++
		}
	}
	for i := range days {
		if days[i].Day > last {
			return days[:kept+copy(days[kept:], days[i:])]
		}
	}
	return days[:kept]
}

// foldDays adds the days up to border to the life sums. Their activity is
// counted by foldWeeks, which must follow.
func foldDays(c *state.Customer, border int32) {
	r, n := &c.Rare, 0
	for ; n < len(c.Days) && c.Days[n].Day <= border; n++ {
		d := &c.Days[n]
		addMoney(c, &r.FoldedNet, d.Net)
		if d.Orders == 0 {
			continue
		}
		c.Weeks.Mark(d.Day)
		r.FoldedOrders += uint32(d.Orders)
		if r.FoldedDays == 0 {
			r.FoldedFirst = event.Day(d.Day)
		} else if d.Net > 0 {
			addMoney(c, &r.FoldedRepeatNet, d.Net)
			r.FoldedRepeatDays++
		}
		r.FoldedDays++
		r.FoldedLast = event.Day(d.Day)
	}
	if n > 0 {
		c.Days = c.Days[:copy(c.Days, c.Days[n:])]
	}
}

// foldWeeks counts the active days up to border and takes their marks away.
func foldWeeks(c *state.Customer, border int32) {
	r, n := &c.Rare, 0
	for i := range c.Weeks {
		w := c.Weeks[i]
		for bit := int32(0); bit < 7 && w.Monday+bit <= border; bit++ {
			if w.Mask&(1<<bit) == 0 {
				continue
			}
			w.Mask &^= 1 << bit
			day := event.Day(w.Monday + bit)
			if r.FoldedActivityDays == 0 {
				r.FoldedFirstAct = day
			}
			r.FoldedActivityDays++
			r.FoldedLastAct = max(r.FoldedLastAct, day)
		}
		if w.Mask != 0 {
			c.Weeks[n] = w
			n++
		}
	}
	c.Weeks = c.Weeks[:n]
}
