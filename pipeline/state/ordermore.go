package state

import (
	"github.com/holdfast/holdfast/pipeline/event"
)

// rankPaid is the rank of the first status by which an order is paid.
const rankPaid = 2

// bestPaid is when the order was paid as far as its best event says; 0 where that
// only placed it.
func (o *Order) bestPaid() event.Instant {
	if o.Best < rankPaid {
		return 0
	}
	return o.BestAt
}

// Unpaid reports whether the order was placed, its payment then failed, and nothing
// later says that it was paid after all.
func (o *Order) Unpaid() bool {
	return o.FailedAt > o.At && o.FailedAt > o.PaidAt && o.Flags&OrderCounts != 0
}

// The section of what few orders have, oldest order first:
//
//	its place among the orders u8 | what follows u8 | what the bits name, in their order
//
// PaidAt stands here only where the order's best event does not say it: where a
// status was told twice, or out of the order of statuses. Format 3 does not have
// the section: no payment of its orders has failed, and
// none of their refunds is known again.
const (
	orderHasFailed    = 1 << iota // the span from the order to its failed payment
	orderHasPaid                  // the span from the order to the latest event that says that it is paid
	orderHasTakenBack             // how many refunds and adjustments u8 | the key of each, 7 bytes
	orderHasMargin                // a varint
)

const longestOrderMore = MaxOrders * (2 + 3*longestVarint + 1 + 7*MaxTakenBack)

func orderMoreBits(o *Order) (what uint8) {
	if o.FailedAt != 0 {
		what |= orderHasFailed
	}
	if o.PaidAt != o.bestPaid() {
		what |= orderHasPaid
	}
	if o.TakenBack[0] != 0 {
		what |= orderHasTakenBack
	}
	if o.HasMargin {
		what |= orderHasMargin
	}
	return what
}

// takenBack is how many refunds and adjustments are known again.
func (o *Order) takenBack() int {
	n := 0
	for n < MaxTakenBack && o.TakenBack[n] != 0 {
		n++
	}
	return n
}

// TakeBack notes a refund or an adjustment by KeyOf its id's hash. It returns false where it is
// known. Of more than MaxTakenBack those with the lowest keys are forgotten, so that
// the order of arrival does not matter.
func (o *Order) TakeBack(key uint64) bool {
	if key == 0 { // 0 stands for none
		key = 1
	}
	n := o.takenBack()
	for _, known := range o.TakenBack[:n] {
		if known == key {
			return false
		}
	}
	if n == MaxTakenBack {
		if key < o.TakenBack[0] {
			return true
		}
		n = copy(o.TakenBack[:], o.TakenBack[1:])
	}
	for ; n > 0 && o.TakenBack[n-1] > key; n-- {
		o.TakenBack[n] = o.TakenBack[n-1]
	}
	o.TakenBack[n] = key
	return true
}

// hasOrderMore reports whether the section has anything to say.
func (p *orderPart) hasOrderMore() bool {
	for i := range p.Orders {
		if orderMoreBits(&p.Orders[i]) != 0 {
			return true
		}
	}
	return false
}

func (p *orderPart) appendOrderMore(out []byte) []byte {
	for i := range p.Orders {
		o := &p.Orders[i]
		what := orderMoreBits(o)
		if what == 0 {
			continue
		}
		out = append(out, uint8(i), what)
		if what&orderHasFailed != 0 {
			out = AppendSpan(out, o.FailedAt-o.At)
		}
		if what&orderHasPaid != 0 {
			out = AppendSpan(out, o.PaidAt-o.At)
		}
		if what&orderHasTakenBack != 0 {
			n := o.takenBack()
			out = append(out, uint8(n))
			for _, key := range o.TakenBack[:n] {
				out = appendKey(out, key)
			}
		}
		if what&orderHasMargin != 0 {
			out = appendVarint(out, o.Margin)
		}
	}
	return out
}

func (p *orderPart) readOrderMore(r *Reader) {
	for len(r.in) > 0 {
		i := int(r.Byte())
		if i >= len(p.Orders) {
			r.fail()
			return
		}
		r.orderMore(&p.Orders[i])
	}
}

func (r *Reader) orderMore(o *Order) {
	what := r.Byte()
	if what&orderHasFailed != 0 {
		o.FailedAt = o.At + r.Span()
	}
	if what&orderHasPaid != 0 {
		o.PaidAt = o.At + r.Span()
	}
	if what&orderHasTakenBack != 0 {
		n := int(r.Byte())
		if n > MaxTakenBack {
			r.fail()
			return
		}
		for i := range n {
			o.TakenBack[i] = r.key()
		}
	}
	if what&orderHasMargin != 0 {
		o.Margin, o.HasMargin = r.varint(), true
	}
}
