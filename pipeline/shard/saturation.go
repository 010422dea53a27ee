package shard

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/state"
	"github.com/holdfast/holdfast/pipeline/window"
)

// Counts and sums of a record have limits. One that meets its limit stays
// there, and never in silence: the record is approximate from then on, and the
// event is counted.

// cut notes that the event at hand could not be counted in full.
func (s *Shard) cut(c *state.Customer) {
	c.Flags |= state.Approximate
	s.counters.Saturated++
}

// add adds to a sum of money.
func (s *Shard) add(c *state.Customer, sum *int64, amount int64) {
	if addMoney(c, sum, amount) {
		s.counters.Saturated++
	}
}

// addMoney adds to a sum of money of the record, and reports whether it was
// cut.
func addMoney(c *state.Customer, sum *int64, amount int64) bool {
	if !saturate(sum, amount) {
		return false
	}
	c.Flags |= state.Approximate
	return true
}

// saturate adds to a sum of money within its limit, and reports whether it was
// cut there.
func saturate(sum *int64, amount int64) bool {
	exact := *sum + amount
	*sum = window.AddSaturated(*sum, amount)
	return *sum != exact
}

// addTo adds to one of the sums that are judged or published.
func addTo(f *score.Facts, sum *int64, amount int64) {
	if saturate(sum, amount) {
		f.Approximate = true
	}
}

// addOrders adds to the orders of a day.
func (s *Shard) addOrders(c *state.Customer, d *window.Day, orders int32) {
	exact := int32(d.Orders) + orders
	d.Orders = uint16(min(max(exact, 0), math.MaxUint16))
	if int32(d.Orders) != exact {
		s.cut(c)
	}
}

// addVisit adds to the visits of a day.
func (s *Shard) addVisit(c *state.Customer, day event.Day) {
	d := c.Days.At(int32(day))
	if d.Visits == math.MaxUint16 {
		s.cut(c)
		return
	}
	d.Visits++
}
