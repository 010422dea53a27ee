package shard

import (
	"math/bits"

	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/state"
	"github.com/holdfast/holdfast/pipeline/window"
)

// What an order says of its margin is kept as a sum of each day, beside the net
// of the orders that say it: of the rest of the day's net the margin is a ratio
// that is configured, and is not kept.

// marginOf is what is left of the margin that an order gives, and the net that it is
// of. What is taken off the net takes its part of the margin. An order without a net has
// its margin for as long as it counts.
func marginOf(o *state.Order, sh *share) (margin, net int64) {
	switch {
	case o.Net > 0:
		return partOf(o.Margin, sh.net, o.Net), sh.net
	case sh.orders > 0:
		return o.Margin, 0
	}
	return 0, 0
}

// partOf is amount · part / whole towards 0, within what a sum of money may be;
// whole must be above 0.
func partOf(amount, part, whole int64) int64 {
	high, low := bits.Mul64(magnitude(amount), magnitude(part))
	n := uint64(window.MoneyLimit)
	if high < uint64(whole) {
		quotient, _ := bits.Div64(high, low, uint64(whole))
		n = min(n, quotient)
	}
	if (amount < 0) != (part < 0) {
		return -int64(n)
	}
	return int64(n)
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// putMargin adds what an order gives of its margin to its day, or takes it away. Days
// that have left the retained range are in no window.
func (s *Shard) putMargin(c *state.Customer, sh share, sign int64) {
	if sh.margin == 0 && sh.ofMargin == 0 || folded(c, sh.day) {
		return
	}
	d, cut := c.OrderDay(int32(sh.day))
	if cut {
		s.cut(c)
	}
	if d == nil {
		return
	}
	s.add(c, &d.Margin, sign*sh.margin)
	s.add(c, &d.MarginNet, sign*sh.ofMargin)
	c.DropOrderDay(int32(sh.day))
}

// margins sums the margin that the orders of the last 365 days gave, today included.
func margins(c *state.Customer, st *score.Statistics) {
	today := int32(st.Today)
	for i := len(c.OrderDays) - 1; i >= 0; i-- {
		d := &c.OrderDays[i]
		switch age := today - d.Day; {
		case age < 0:
			continue
		case age >= 365:
			return
		}
		addTo(&st.Facts, &st.Margin365, d.Margin)
		addTo(&st.Facts, &st.MarginNet365, d.MarginNet)
	}
}
