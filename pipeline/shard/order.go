package shard

import (
	"math/bits"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/state"
)

// The life of a remembered order: it is found or made, events change it, it is
// forgotten. What it adds to its customer's days is in purchase.go; what else
// is told of the remembered orders is read here.

// order finds a remembered order, or makes room for one that is not known. It
// returns nil where the event is older than all sixteen that are remembered.
func (s *Shard) order(c *state.Customer, e *event.Event, key uint64) *state.Order {
	for i := len(c.Orders) - 1; i >= 0; i-- {
		if c.Orders[i].Hash == key {
			return &c.Orders[i]
		}
	}
	s.meet(c, e)
	if len(c.Orders) == state.MaxOrders {
		oldest := &c.Orders[0]
		if e.OccurredAt < oldest.At || e.OccurredAt == oldest.At && key < oldest.Hash {
			return nil
		}
		s.forget(c, oldest)
		c.Orders = c.Orders[:copy(c.Orders, c.Orders[1:])]
	}
	c.Orders = append(c.Orders, state.Order{Hash: key, At: e.OccurredAt})
	return &c.Orders[len(c.Orders)-1]
}

// meet tells of an event that is the first about its order. A refund, an
// adjustment or a cancel that comes before its order, or after it was
// forgotten, is counted. A later status may be one of a forgotten order, which
// then counts twice: so it looks where this customer's orders do not usually
// begin with that status.
func (s *Shard) meet(c *state.Customer, e *event.Event) {
	switch e.Kind {
	case event.Refund, event.Cancel, event.Adjustment:
		s.counters.UnknownOrder++
		return
	default: // it may be an order's first
	}
	if c.Flags&state.OrdersForgotten == 0 {
		return
	}
	switch e.Status {
	case event.PaymentFailed: // of a forgotten order, which goes on counting
		c.Flags |= state.Approximate
		return
	case event.Shipped, event.Delivered:
	default:
		return
	}
	for i := range c.Orders {
		if c.Orders[i].Statuses&(1<<event.Placed|1<<event.Paid) != 0 {
			c.Flags |= state.Approximate
			return
		}
	}
}

// unremembered counts an event that is older than every remembered order: an
// order once, without a way to know it again.
func (s *Shard) unremembered(c *state.Customer, e *event.Event) bool {
	c.Flags |= state.Approximate
	var o state.Order
	o.At = e.OccurredAt
	s.change(c, &o, e)
	s.put(c, s.shareOf(&o), +1)
	s.forget(c, &o)
	return true
}

// change applies the event to the order. It returns false where the order had
// that status already: of two such events the first by (time, id) counts. Likewise
// of a refund or an adjustment that it knows.
func (s *Shard) change(c *state.Customer, o *state.Order, e *event.Event) bool {
	if o.Flags&state.OrderCounts == 0 {
		o.At = min(o.At, e.OccurredAt)
	}
	switch e.Kind {
	case event.Refund, event.Adjustment:
		return s.takeBack(c, o, e)
	case event.Cancel:
		o.Flags |= state.OrderCancelled
		return true
	default: // its status says what it does
	}
	status := e.Status
	if status == event.StatusNone {
		status = event.Paid
	}
	bit := uint16(1) << status
	fresh := o.Statuses&bit == 0
	o.Statuses |= bit
	switch {
	case status == event.PaymentFailed:
		o.FailedAt = max(o.FailedAt, e.OccurredAt)
	case status == event.Chargeback:
		s.chargeBack(o, e)
		c.Flags |= state.DoNotRetain
	case status.Rank() > 0:
		if status != event.Placed {
			o.PaidAt = max(o.PaidAt, e.OccurredAt)
		}
		s.count(o, e, status.Rank())
		s.takeCategories(c, o, e)
	}
	return fresh
}

// count lets an event with a counting status say when the order counts and,
// where its status is the highest, what it is worth.
func (s *Shard) count(o *state.Order, e *event.Event, rank uint8) {
	if o.Flags&state.OrderCounts == 0 || e.OccurredAt < o.At {
		o.At = e.OccurredAt
	}
	o.Flags |= state.OrderCounts
	if rank < o.Best || rank == o.Best && !earlier(e, o.BestAt, o.BestHash) {
		return
	}
	o.Best, o.BestAt, o.BestHash, o.Net = rank, e.OccurredAt, state.TieOf(e.EventHash), e.AmountNet
	o.Margin, o.HasMargin = e.Margin, e.Has&event.HasMargin != 0
	if e.Currency != o.Currency {
		useCurrency(o, e.Currency)
	}
	o.Flags &^= state.OrderForeign
	if e.Currency != s.cfg.Currency {
		s.counters.ForeignAmounts++
		o.Flags |= state.OrderForeign
	}
}

// forget lets an order go. What it added stays. What still waits for its order
// lowers the money of the whole life; where a cancel waits, how much is not
// known.
func (s *Shard) forget(c *state.Customer, o *state.Order) {
	if o.Flags&state.OrderCounts != 0 {
		c.Flags |= state.OrdersForgotten
		if sh := s.shareOf(o); sh.orders > 0 {
			for set := o.Categories; set != 0; set &= set - 1 {
				known := &c.Categories[bits.TrailingZeros64(set)]
				known.Day = max(known.Day, sh.day)
			}
			if o.Flags&state.OrderForeign != 0 {
				s.forgetForeign(c, sh.day)
			}
		}
		return
	}
	waiting := s.waiting(o)
	if waiting != 0 || o.Flags&state.OrderCancelled != 0 {
		c.Flags |= state.Approximate
	}
	s.add(c, &c.Life.LostNet, -waiting)
}

// takeCategories notes the categories that the lines of an order name. Those of
// orders that have left the window go first.
func (s *Shard) takeCategories(c *state.Customer, o *state.Order, e *event.Event) {
	border := s.cfg.Zone.DayOf(max(e.OccurredAt, c.JudgedAt)) - score.CategoryDays
	if len(e.Categories) == 0 || s.cfg.Zone.DayOf(o.At) <= border {
		return
	}
	kept := uint64(0)
	for i := range c.Orders {
		if s.cfg.Zone.DayOf(c.Orders[i].At) <= border {
			c.Orders[i].Categories = 0
		}
		kept |= c.Orders[i].Categories
	}
	c.KeepCategories(kept | forgottenSince(c, border))
	full := false
	for i := range e.Categories.Len() {
		bit := c.CategoryBit(e.Categories.At(i))
		full = full || bit == 0
		o.Categories |= bit
	}
	if full {
		s.cut(c)
	}
}

// forgottenSince is the categories of forgotten orders of the days after border.
func forgottenSince(c *state.Customer, border event.Day) (set uint64) {
	for i := range c.Categories {
		if c.Categories[i].Day > border {
			set |= 1 << i
		}
	}
	return set
}

// breadth is the number of distinct categories of the orders that count within
// the window.
func (s *Shard) breadth(c *state.Customer, today event.Day) uint32 {
	if len(c.Categories) == 0 {
		return 0
	}
	set := forgottenSince(c, today-score.CategoryDays)
	for i := range c.Orders {
		if sh := s.shareOf(&c.Orders[i]); sh.orders > 0 && sh.day > today-score.CategoryDays {
			set |= c.Orders[i].Categories
		}
	}
	return uint32(bits.OnesCount64(set))
}

// orderFigures reads what is published of the remembered orders: what waits for
// one that has not come, and of how many categories the others are.
func (s *Shard) orderFigures(c *state.Customer, st *score.Statistics) {
	st.CategoryBreadth = s.breadth(c, st.Today)
	waiting, unknown := int64(0), false
	for i := range c.Orders {
		o := &c.Orders[i]
		if o.Flags&state.OrderCounts != 0 {
			continue
		}
		money := s.waiting(o)
		addTo(&st.Facts, &waiting, money)
		unknown = unknown || money != 0 || o.Flags&state.OrderCancelled != 0
	}
	if c.Flags&state.OrdersForgotten == 0 {
		st.RefundsWaiting = waiting
		return
	}
	addTo(&st.Facts, &st.NetLife, -waiting)
	st.Approximate = st.Approximate || unknown
}

// sortOrders puts the one order that may have moved back in its place.
func sortOrders(c *state.Customer) {
	for i := 1; i < len(c.Orders); i++ {
		for j := i; j > 0 && orderBefore(&c.Orders[j], &c.Orders[j-1]); j-- {
			c.Orders[j], c.Orders[j-1] = c.Orders[j-1], c.Orders[j]
		}
	}
}

func orderBefore(a, b *state.Order) bool {
	return a.At < b.At || a.At == b.At && a.Hash < b.Hash
}
