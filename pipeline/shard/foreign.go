package shard

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/state"
)

// An order in another currency counts on its day and has no money, so averages
// must know how many there were: those that are remembered tell it themselves,
// of the others the number is kept with the day.

// forgetForeign notes that an order of a day, in another currency, is forgotten.
// Days that have left the retained range are in no window.
func (s *Shard) forgetForeign(c *state.Customer, day event.Day) {
	if folded(c, day) {
		return
	}
	d, cut := c.OrderDay(int32(day))
	if cut || d != nil && d.Foreign == math.MaxUint16 {
		s.cut(c)
	}
	if d != nil && d.Foreign < math.MaxUint16 {
		d.Foreign++
	}
}

// foreignOrders counts the orders of the last 180 days in another currency, today
// included.
func (s *Shard) foreignOrders(c *state.Customer, f *score.Facts) {
	count := func(day event.Day, orders uint32) {
		switch age := f.Today - day; {
		case age < 0 || age >= 180:
		case age < 90:
			f.OrdersForeign90 += orders
		default:
			f.OrdersForeignPrevious90 += orders
		}
	}
	for i := range c.Orders {
		if c.Orders[i].Flags&state.OrderForeign == 0 {
			continue
		}
		if sh := s.shareOf(&c.Orders[i]); sh.orders > 0 {
			count(sh.day, 1)
		}
	}
	for i := len(c.OrderDays) - 1; i >= 0 && f.Today-event.Day(c.OrderDays[i].Day) < 180; i-- {
		count(event.Day(c.OrderDays[i].Day), uint32(c.OrderDays[i].Foreign))
	}
}
