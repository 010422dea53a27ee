package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/state"
)

// What an order adds to its customer is a function of the remembered order
// alone. So every purchase event changes the remembered order, and the
// difference of what it added before and adds now goes to the day: statuses,
// refunds and cancels may come in any order.

// share is what one order adds: to which day, how many orders, how much money.
type share struct {
	day    event.Day
	orders int32
	net    int64
	// margin is what of net the order says is margin, and ofMargin the net that
	// it says that of: all of it or nothing.
	margin, ofMargin int64
}

func (sh share) minus(other share) share {
	return share{day: sh.day, orders: sh.orders - other.orders, net: sh.net - other.net,
		margin: sh.margin - other.margin, ofMargin: sh.ofMargin - other.ofMargin}
}

// purchase applies an event of an order. It returns false where the order had
// that status already.
func (s *Shard) purchase(c *state.Customer, e *event.Event) bool {
	hash := e.OrderHash
	switch e.Kind {
	case event.Refund, event.Cancel, event.Adjustment:
		hash = e.RefOrderHash
	case event.Exchange:
		return true // neither day nor money
	default: // it names its own order
	}
	o := s.order(c, e, state.KeyOf(hash))
	if o == nil {
		return s.unremembered(c, e)
	}
	before := s.shareOf(o)
	fresh := s.change(c, o, e)
	s.replace(c, before, s.shareOf(o))
	sortOrders(c) // the order's time may have moved within its day
	return fresh
}

// replace lets an order add what it adds now instead of what it added before.
func (s *Shard) replace(c *state.Customer, before, after share) {
	if before.day == after.day {
		s.put(c, after.minus(before), +1)
		return
	}
	s.put(c, before, -1)
	s.put(c, after, +1)
}

// shareOf says what an order adds as it stands.
func (s *Shard) shareOf(o *state.Order) share {
	if o.Flags&state.OrderCounts == 0 {
		return share{}
	}
	sh := share{day: s.cfg.Zone.DayOf(o.At), orders: 1, net: o.Net - o.Refunded - o.Adjusted}
	if o.Flags&state.OrderForeign != 0 {
		sh.net = 0
	}
	if o.Flags&state.OrderCancelled != 0 || o.Unpaid() {
		sh.orders, sh.net = 0, min(0, sh.net)
	} else if o.Flags&state.OrderRefundSeen != 0 && o.Refunded >= o.Net {
		sh.orders = 0
	}
	if o.HasMargin && o.Flags&state.OrderForeign == 0 {
		sh.margin, sh.ofMargin = marginOf(o, &sh)
	}
	return sh
}

// put adds an order's share to its day, or takes it away. A day that has
// left the retained range is one of the life sums.
func (s *Shard) put(c *state.Customer, sh share, sign int32) {
	s.putMargin(c, sh, int64(sign))
	if sh.orders == 0 && sh.net == 0 {
		return
	}
	if folded(c, sh.day) {
		putFolded(c, share{day: sh.day, orders: sign * sh.orders, net: int64(sign) * sh.net})
		return
	}
	d := c.Days.At(int32(sh.day))
	s.addOrders(c, d, sign*sh.orders)
	s.add(c, &d.Net, int64(sign)*sh.net)
	c.Days.Drop(int32(sh.day))
}
