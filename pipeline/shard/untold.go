package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// untold are the customers whose alert on silence was not delivered and waits to
// be told: after a backfill, after the first fit, after an outage. It follows from
// the records, is in no page, and is gathered anew where it is not known. Which of
// them a batch tells is an input of the batch: a replay, whose pages are of
// different ages, could not choose the same.
type untold struct {
	looked  int         // places that have been looked at
	all     bool        // no place is left to look at
	waiting []candidate // a heap, the first to be told at its top
	listed  []uint64    // a bit for each place that is in it
}

// candidate is a customer who waits to be told of.
type candidate struct {
	value float64 // at risk, minor units
	slot  state.Slot
}

// lookMost is how many places are looked at in one go: some milliseconds.
const lookMost = 4096

// Untold appends the places of at most `most` customers that the next batch is to
// tell of, if the present is reached at a wall time: those with the highest value
// at risk first, by place where that is equal. What it returns must be in
// Batch.Tell, or the batch undone. It changes no record. A call looks at a bounded
// number of records, and returns nothing until it has seen all.
func (s *Shard) Untold(wall event.Instant, most int, to []state.Slot) []state.Slot {
	u := &s.untold
	if s.versions.parameters.DataSufficiency != signal.SufficiencyOK || s.known == ClockUnset ||
		wall-s.known > s.cfg.Policy.MaxEventAge {
		u.forget()
		return to
	}
	s.lookForUntold()
	for ; u.all && most > 0 && len(u.waiting) > 0; most-- {
		to = append(to, u.take().slot)
	}
	return to
}

// UntoldWaiting is the number of customers known to wait to be told of.
func (s *Shard) UntoldWaiting() int { return len(s.untold.waiting) }

// lookForUntold looks at some more records.
func (s *Shard) lookForUntold() {
	u := &s.untold
	if u.all {
		return
	}
	j, end := &s.judge, s.slab.Pages()*state.PageSize
	for last := min(end, u.looked+lookMost); u.looked < last; u.looked++ {
		slot := state.Slot(u.looked)
		if !s.slab.Exists(slot) {
			continue
		}
		c := &s.customer
		s.slab.PeekSlot(c, slot)
		j.standing.load(c)
		if !hasOpen(j.standing.episodes) {
			continue
		}
		s.silence = max(j.standing.silence, min(s.known, s.clock))
		s.facts(c, max(c.JudgedAt, s.clock), &j.statistics.Facts)
		s.gather(c, &j.statistics.Facts)
		s.list(c)
	}
	u.all = u.looked >= end
}

func hasOpen(episodes []policy.Episode) bool {
	for i := range episodes {
		if episodes[i].Open {
			return true
		}
	}
	return false
}

// noteUntold lists the customer at hand, just judged, if it has come to wait since
// its place was looked at.
func (s *Shard) noteUntold(b *Batch, c *state.Customer) {
	if int(c.Slot()) < s.untold.looked && !b.Replay && hasOpen(s.judge.standing.episodes) {
		s.list(c)
	}
}

// list puts the customer at hand among those who wait, if it does and is not there.
func (s *Shard) list(c *state.Customer) {
	u, j, slot := &s.untold, &s.judge, c.Slot()
	word, bit := int(slot)/64, uint64(1)<<(slot%64)
	if word < len(u.listed) && u.listed[word]&bit != 0 ||
		!s.cfg.Policy.Waits(&j.standing.state, j.standing.episodes, &j.facts) {
		return
	}
	for word >= len(u.listed) {
		u.listed = append(u.listed, 0)
	}
	u.listed[word] |= bit
	s.publish(c, &j.statistics)
	s.parametersOf(c).Scores(&j.statistics, &j.scores)
	u.put(candidate{value: j.scores.ValueAtRisk, slot: slot})
}

// tell tells of the customers that the batch names, whose alerts still stand now
// that all else of the batch has happened.
func (s *Shard) tell(b *Batch, silence event.Instant, fx *Effects) {
	s.telling = true
	for _, slot := range b.Tell {
		c := &s.customer
		if s.slab.Exists(slot) && s.slab.LoadSlot(c, slot) {
			s.settle(b, c, moment{now: max(silence, c.JudgedAt), silence: silence}, fx)
		}
	}
	s.telling = false
}

// forget empties it: the records must be looked at anew.
func (u *untold) forget() {
	clear(u.listed)
	u.looked, u.all, u.waiting = 0, false, u.waiting[:0]
}

// before reports whether a customer is told of before another.
func (a candidate) before(b candidate) bool {
	if a.value != b.value {
		return a.value > b.value
	}
	return a.slot < b.slot
}

func (u *untold) put(c candidate) {
	u.waiting = append(u.waiting, c)
	for at := len(u.waiting) - 1; at > 0; {
		parent := (at - 1) / 2
		if !u.waiting[at].before(u.waiting[parent]) {
			return
		}
		u.waiting[at], u.waiting[parent] = u.waiting[parent], u.waiting[at]
		at = parent
	}
}

// take removes the first to be told; there must be one.
func (u *untold) take() candidate {
	first, last := u.waiting[0], len(u.waiting)-1
	u.waiting[0], u.waiting = u.waiting[last], u.waiting[:last]
	for at := 0; ; {
		least := at
		for child := 2*at + 1; child <= 2*at+2 && child < last; child++ {
			if u.waiting[child].before(u.waiting[least]) {
				least = child
			}
		}
		if least == at {
			break
		}
		u.waiting[at], u.waiting[least] = u.waiting[least], u.waiting[at]
		at = least
	}
	u.listed[first.slot/64] &^= 1 << (first.slot % 64)
	return first
}
