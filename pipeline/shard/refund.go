package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/state"
)

// A refund whose order is not known either comes before its order or after the
// order was forgotten. Which of the two shows only when the order comes, so
// the refund waits among the sixteen in both cases, and while it waits its
// money is read in one of two ways: where the customer has never had an order
// forgotten it is told as waiting; where orders were forgotten it is taken from
// the money of the whole life, and the record is approximate. Should the order
// come after all, the two meet and nothing of this remains.

// takeBack notes a refund or an adjustment. One in another currency than its
// order's has no effect; of those that wait for their order the home currency
// goes first.
//
// It returns false for one that the order knows already, where the event's id is
// forgotten: of state.MaxTakenBack of an order.
func (s *Shard) takeBack(c *state.Customer, o *state.Order, e *event.Event) bool {
	if e.Currency != s.cfg.Currency {
		s.counters.ForeignAmounts++
	}
	waits := o.Flags&state.OrderCounts == 0
	switch {
	case e.Currency == o.Currency:
	case waits && (o.Currency == [3]byte{} || e.Currency == s.cfg.Currency):
		useCurrency(o, e.Currency)
	default:
		return true
	}
	if !o.TakeBack(state.KeyOf(e.EventHash)) {
		return false
	}
	if e.Kind == event.Adjustment {
		s.add(c, &o.Adjusted, e.AmountNet)
		return true
	}
	s.add(c, &o.Refunded, e.AmountNet)
	o.Flags |= state.OrderRefundSeen
	return true
}

// chargeBack takes an order back in full. While the order itself is not known
// the amount of its earliest chargeback stands for the order's.
func (s *Shard) chargeBack(o *state.Order, e *event.Event) {
	o.Flags |= state.OrderCancelled
	if o.Flags&state.OrderCounts != 0 || e.Currency != s.cfg.Currency {
		return
	}
	if o.BestAt == 0 || earlier(e, o.BestAt, o.BestHash) {
		o.BestAt, o.BestHash, o.Net = e.OccurredAt, state.TieOf(e.EventHash), e.AmountNet
	}
}

// useCurrency sets the currency of an order's amounts; what was taken back in
// another goes.
func useCurrency(o *state.Order, currency [3]byte) {
	o.Currency, o.Refunded, o.Adjusted = currency, 0, 0
	o.TakenBack = [state.MaxTakenBack]uint64{}
	o.Flags &^= state.OrderRefundSeen
}

// waiting is the money, in the home currency, that an order will lose as soon
// as it comes: 0 where it has come.
func (s *Shard) waiting(o *state.Order) int64 {
	if o.Flags&state.OrderCounts != 0 {
		return 0
	}
	takenBack := int64(0)
	if o.Currency == s.cfg.Currency {
		takenBack = o.Refunded + o.Adjusted
	}
	if o.Net != 0 { // of a chargeback: it takes back all, refunds included
		return max(o.Net, takenBack)
	}
	return takenBack
}
