package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/state"
	"github.com/holdfast/holdfast/pipeline/window"
)

// fold lets old days leave: visits older than 90 days leave their mark in the
// week, days up to border are added to the life sums in their order.
func (s *Shard) fold(c *state.Customer, today, border event.Day) {
	c.Days = ageVisits(c.Days, &c.Weeks, int32(today)-window.VisitDays)
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
		c.ForgetOrderDays(int32(border))
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

// foldBorder is the last day that has left the retained range. The range is
// counted back from how far everything is known, never from a customer's own
// latest event: an input that is read ahead of the others must not close the
// days that their events still fall into. Where all inputs are read in the order of time
// (the clock is never behind an event by more than the lateness then) the
// border follows from the moment alone, however the input was cut.
func (s *Shard) foldBorder(b *Batch, now event.Instant) event.Day {
	known := min(b.silence(), now-s.cfg.Lateness)
	if known <= 0 {
		return 0 // nothing is known yet; day 0 lies before every event
	}
	return s.cfg.Zone.DayOf(known) - window.RetainedDays
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
	r, n := &c.Life, 0
	for ; n < len(c.Days) && c.Days[n].Day <= border; n++ {
		d := &c.Days[n]
		addMoney(c, &r.Net, d.Net)
		if d.Orders == 0 {
			continue
		}
		c.Weeks.Mark(d.Day)
		r.Orders += uint32(d.Orders)
		if r.Days == 0 {
			r.First = event.Day(d.Day)
		} else {
			foldGap(c, d.Day)
			if d.Net > 0 {
				addMoney(c, &r.RepeatNet, d.Net)
				r.RepeatDays++
			}
		}
		r.Days++
		r.Last = event.Day(d.Day)
	}
	if n > 0 {
		c.Days = c.Days[:copy(c.Days, c.Days[n:])]
	}
}

// foldGap adds the gap before a day that is folded, while those before it are known.
func foldGap(c *state.Customer, day int32) {
	if c.Rhythm.Gaps+1 == c.Life.Days && event.Day(day) > c.Life.Last {
		c.Rhythm.Gaps++
		c.Rhythm.LogGaps += state.LogGapOf(day - int32(c.Life.Last))
	}
}

// foldWeeks counts the active days up to border and takes their marks away.
func foldWeeks(c *state.Customer, border int32) {
	r, n := &c.Life, 0
	for i := range c.Weeks {
		w := c.Weeks[i]
		for bit := int32(0); bit < 7 && w.Monday+bit <= border; bit++ {
			if w.Mask&(1<<bit) == 0 {
				continue
			}
			w.Mask &^= 1 << bit
			day := event.Day(w.Monday + bit)
			if r.ActivityDays == 0 {
				r.FirstAct = day
			}
			r.ActivityDays++
			r.LastAct = max(r.LastAct, day)
		}
		if w.Mask != 0 {
			c.Weeks[n] = w
			n++
		}
	}
	c.Weeks = c.Weeks[:n]
}

// What comes for a day that has left the retained range is added to the life
// sums. Which of those days had purchases or activity is not remembered but
// for the first and the last, so a day counts as one of its own unless it is
// one of these two; the record is approximate from then on.

// folded reports whether a day has left the customer's retained range.
func folded(c *state.Customer, day event.Day) bool {
	return c.FoldedThrough != 0 && day <= c.FoldedThrough
}

// noteFolded counts an applied event of a folded day.
func (s *Shard) noteFolded(c *state.Customer, day event.Day) {
	if folded(c, day) {
		s.counters.Folded++
		c.Flags |= state.Approximate
	}
}

// putFolded changes the life sums by orders and money of a folded day.
func putFolded(c *state.Customer, change share) {
	c.Flags |= state.Approximate
	r := &c.Life
	known := r.Days > 0 && (change.day == r.First || change.day == r.Last)
	switch {
	case change.orders > 0 && !known:
		countFoldedDay(c, change)
	case change.orders < 0 && !known && r.Days > 1 && r.RepeatDays > 0:
		r.Days, r.RepeatDays = r.Days-1, r.RepeatDays-1
		r.RepeatNet = window.AddSaturated(r.RepeatNet, change.net)
	case change.day != r.First:
		r.RepeatNet = window.AddSaturated(r.RepeatNet, change.net)
	}
	r.Net = window.AddSaturated(r.Net, change.net)
	r.Orders = uint32(max(int64(r.Orders)+int64(change.orders), 0))
	for r.Days > r.Orders { // there are no more days than orders
		r.Days--
		if r.RepeatDays > 0 {
			r.RepeatNet -= r.RepeatNet / int64(r.RepeatDays)
			r.RepeatDays--
		}
	}
	if r.Days == 0 {
		r.First, r.Last, r.RepeatNet = 0, 0, 0
		c.Rhythm = state.Rhythm{}
	}
}

// countFoldedDay counts a purchase day of its own. One before the first makes
// the day that was the first a repeat day.
func countFoldedDay(c *state.Customer, sh share) {
	r := &c.Life
	repeatNet := sh.net
	switch {
	case r.Days == 0:
		r.First, r.Last, r.Days = sh.day, sh.day, 1
		actFolded(c, sh.day)
		return
	case sh.day < r.First:
		repeatNet = r.Net - r.RepeatNet
		r.First = sh.day
	}
	r.Last = max(r.Last, sh.day)
	r.Days++
	if repeatNet > 0 {
		r.RepeatNet = window.AddSaturated(r.RepeatNet, repeatNet)
		r.RepeatDays++
	}
	actFolded(c, sh.day)
}

// actFolded counts a folded day as one of activity.
func actFolded(c *state.Customer, day event.Day) {
	r := &c.Life
	switch {
	case r.ActivityDays == 0:
		r.FirstAct, r.LastAct = day, day
	case day == r.FirstAct || day == r.LastAct:
		return
	}
	r.ActivityDays++
	r.FirstAct = min(r.FirstAct, day)
	r.LastAct = max(r.LastAct, day)
}
