package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/state"
	"github.com/holdfast/holdfast/pipeline/window"
)

// repairClock brings every customer that was judged after the batch's clock
// reading back to it: a clock had run ahead, so what follows from silence after
// the present is taken back, and alerts about it are resolved. Days that were
// folded too early stay folded; such customers are approximate from then on.
// O(customers).
func (s *Shard) repairClock(b *Batch, fx *Effects) {
	s.slab.Each(func(slot state.Slot) {
		c := &s.customer
		if s.slab.LoadSlot(c, slot) && (c.JudgedAt > b.Clock || s.foldedBeyond(c, b.Clock)) {
			s.repair(b, c, fx)
		}
	})
}

// foldedBeyond reports whether days have been folded that the retained range
// still holds.
func (s *Shard) foldedBeyond(c *state.Customer, clock event.Instant) bool {
	return c.FoldedThrough > s.cfg.Zone.DayOf(clock)-window.RetainedDays
}

func (s *Shard) repair(b *Batch, c *state.Customer, fx *Effects) {
	if s.foldedBeyond(c, b.Clock) {
		c.FoldedThrough = s.cfg.Zone.DayOf(b.Clock) - window.RetainedDays
		c.Flags |= state.Approximate
	}
	now := b.Clock
	if last := c.LastEvent(); last <= b.Clock+s.cfg.Lateness {
		now = max(now, last)
	}
	j := &s.judge
	j.standing.load(c)
	j.standing.silence = min(j.standing.silence, b.Clock)
	c.JudgedAt, s.silence = now, min(now, b.Clock)
	s.facts(c, now, &j.statistics.Facts)
	s.keepCrossings(&j.standing.crossings, s.parametersOf(c), &j.statistics.Facts)
	s.gather(c, &j.statistics.Facts)
	j.standing.episodes, j.transitions =
		s.cfg.Policy.Repair(&j.room, &j.standing.state, j.standing.episodes, &j.facts, j.transitions[:0])
	if len(j.transitions) > 0 && !b.Replay {
		s.announce(b, c, fx)
	}
	j.standing.save(c)
	s.decide(b, c, s.silence, fx)
	s.owe(c)
	s.slab.Store(c)
}

// resendRows makes a row of every customer owed. O(customers).
func (s *Shard) resendRows() {
	s.slab.Each(func(slot state.Slot) {
		if !s.slab.IsRowPending(slot) {
			s.slab.SetRowPending(slot, true)
			s.changed = append(s.changed, slot)
		}
	})
}

// owe notes that a customer's row is owed; the caller stores the record.
func (s *Shard) owe(c *state.Customer) {
	if c.Flags&state.RowPending == 0 {
		c.Flags |= state.RowPending
		s.changed = append(s.changed, c.Slot())
	}
}

// lastFolded is the latest purchase day of the record where days that were
// folded too early lie after those that are retained.
func lastFolded(c *state.Customer, f *score.Facts) {
	if c.Life.Days > 0 {
		f.LastDay = max(f.LastDay, c.Life.Last)
	}
}
