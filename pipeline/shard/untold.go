package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// untold are the customers with an alert that was not delivered and waits to be
// told: after a backfill, after the first fit, after an outage. It follows from
// the records, is in no page, and is gathered anew where it is not known. Which of
// them a batch tells is an input of the batch: a replay, whose pages are of
// different ages, could not choose the same.
type untold struct {
	of      gathered
	looked  int         // places that have been looked at
	all     bool        // no place is left to look at
	waiting []candidate // a heap, the first to be told at its top
	listed  []uint64    // a bit for each place that is in it
	waits   []uint64    // and for each of these of whom there still is something to tell
	count   int         // of these bits
	known   int         // what count was when all had been looked at
	told    int         // whom the latest batch told of
}

// gathered is what the choice rests on besides the records: where it changes, they
// are looked at anew.
type gathered struct {
	parameters *score.Parameters
	young      bool // these are protected
	day        event.Day
}

// candidate is a customer who waits to be told of.
type candidate struct {
	value float64 // at risk, minor units
	slot  state.Slot
	what  policy.Waiting
}

const (
	// lookMost is how many places are looked at in one go, judgeMost how many customers
	// are judged, to see whether there is something to tell of them: some milliseconds.
	lookMost  = 4096
	judgeMost = 512
)

// Untold appends the places of at most `most` customers that the next batch is to
// tell of, if the present is reached at a wall time: those with a complaint that
// waits first, and of these and of the others those with the highest value at risk,
// by place where that is equal. Each would be told of by the clock reading of the
// batch before. What it returns must be in Batch.Tell, or the batch undone. It
// changes no record. A call looks at a bounded number of records, and returns
// nothing until it has seen all.
func (s *Shard) Untold(wall event.Instant, most int, to []state.Slot) []state.Slot {
	u := &s.untold
	if s.known == ClockUnset || wall-s.known > s.cfg.Policy.MaxEventAge {
		u.forget()
		u.known = 0
		return to
	}
	young := s.known < s.versions.since+s.cfg.Policy.ModelProtection
	of := gathered{s.versions.parameters, young, s.cfg.Zone.DayOf(s.known)}
	if of != u.of {
		u.forget()
		u.of = of
	}
	judged := s.lookForUntold(wall)
	for ; u.all && most > 0 && len(u.waiting) > 0 && judged < judgeMost; judged++ {
		slot := u.take()
		if c := &s.customer; u.takeWait(slot) && s.peek(c, slot) && s.judgeUntold(c, wall) != policy.WaitsNothing {
			to = append(to, slot)
			most--
		}
	}
	return to
}

// UntoldWaiting is the number of customers known to wait to be told of; 0 where the
// present is not reached.
func (s *Shard) UntoldWaiting() int {
	if s.untold.all {
		return s.untold.count
	}
	return s.untold.known
}

// Told is the number of customers that the latest batch told of.
func (s *Shard) Told() int { return s.untold.told }

// lookForUntold looks at some more records, and returns how many it has judged.
func (s *Shard) lookForUntold(wall event.Instant) (judged int) {
	u := &s.untold
	if u.all {
		return 0
	}
	j, end := &s.judge, s.slab.Pages()*state.PageSize
	for last := min(end, u.looked+lookMost); u.looked < last && judged < judgeMost; u.looked++ {
		c, slot := &s.customer, state.Slot(u.looked)
		if !s.peek(c, slot) || !policy.Unheard(j.standing.episodes) {
			continue
		}
		judged++
		s.list(c, s.judgeUntold(c, wall))
	}
	if u.all = u.looked >= end; u.all {
		u.known = u.count
	}
	return judged
}

// peek reads a customer and its standing; false where the place is empty.
func (s *Shard) peek(c *state.Customer, slot state.Slot) bool {
	if !s.slab.Exists(slot) {
		return false
	}
	s.slab.PeekSlot(c, slot)
	s.judge.standing.load(c)
	return true
}

// judgeUntold judges the customer at hand as a batch that tells of it does, keeps
// nothing of it but facts and statistics, and says what waits to be told.
func (s *Shard) judgeUntold(c *state.Customer, wall event.Instant) policy.Waiting {
	j, now := &s.judge, max(s.known, c.JudgedAt)
	st := &j.statistics.Facts
	s.silence = min(max(s.known, j.standing.silence, 1), now)
	s.facts(c, now, st)
	s.keepCrossings(&j.standing.crossings, s.parametersOf(c), st)
	s.gather(c, st)
	j.facts.Wall = wall
	j.standing.episodes, j.transitions, _ =
		s.cfg.Policy.Judge(&j.room, &j.standing.state, j.standing.episodes, &j.facts, j.transitions[:0])
	return s.cfg.Policy.Waits(&j.standing.state, j.standing.episodes, &j.facts)
}

// noteUntold notes of the customer at hand, just judged, whether there is something
// to tell of it, if its place has been looked at.
func (s *Shard) noteUntold(b *Batch, c *state.Customer) {
	if int(c.Slot()) >= s.untold.looked || b.Replay {
		return
	}
	j := &s.judge
	if policy.Unheard(j.standing.episodes) {
		s.list(c, s.cfg.Policy.Waits(&j.standing.state, j.standing.episodes, &j.facts))
	} else {
		s.untold.takeWait(c.Slot())
	}
}

// list notes what of the customer at hand waits to be told, if anything does.
func (s *Shard) list(c *state.Customer, what policy.Waiting) {
	u, j, slot := &s.untold, &s.judge, c.Slot()
	if what == policy.WaitsNothing {
		u.takeWait(slot)
		return
	}
	word, bit := int(slot)/64, uint64(1)<<(slot%64)
	for word >= len(u.listed) {
		u.listed, u.waits = append(u.listed, 0), append(u.waits, 0)
	}
	if u.waits[word]&bit == 0 {
		u.waits[word] |= bit
		u.count++
	}
	if u.listed[word]&bit != 0 {
		return
	}
	u.listed[word] |= bit
	s.publish(c, &j.statistics)
	s.parametersOf(c).Scores(&j.statistics, &j.scores)
	u.put(candidate{value: j.scores.ValueAtRisk, slot: slot, what: what})
}

// tell tells of the customers that the batch names, whose alerts still stand now
// that all else of the batch has happened.
func (s *Shard) tell(b *Batch, silence event.Instant, fx *Effects) {
	s.telling, s.untold.told = true, 0
	for _, slot := range b.Tell {
		c := &s.customer
		if s.slab.Exists(slot) && s.slab.LoadSlot(c, slot) {
			s.settle(b, c, moment{now: max(silence, c.JudgedAt), silence: silence}, fx)
			if tells(s.judge.transitions) {
				s.untold.told++
			}
		}
	}
	s.telling = false
}

// tells reports whether one of them tells of what had been raised before.
func tells(transitions []policy.Transition) bool {
	for i := range transitions {
		if t := &transitions[i]; t.Action == signal.Raised && t.Standing {
			return true
		}
	}
	return false
}

// forget empties it: the records must be looked at anew.
func (u *untold) forget() {
	clear(u.listed)
	clear(u.waits)
	u.of, u.looked, u.all, u.count, u.waiting = gathered{}, 0, false, 0, u.waiting[:0]
}

// takeWait notes that there is nothing to tell of a place, and reports whether there was.
func (u *untold) takeWait(slot state.Slot) bool {
	word, bit := int(slot)/64, uint64(1)<<(slot%64)
	if word >= len(u.waits) || u.waits[word]&bit == 0 {
		return false
	}
	u.waits[word] &^= bit
	u.count--
	return true
}
