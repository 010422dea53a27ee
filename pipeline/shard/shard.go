// Package shard is the state machine of one shard: Apply takes a batch (events,
// a clock reading, the wall time to stamp effects with) and gives effects. It
// is pure: no goroutine, clock, I/O, log, map iteration or global, so the same
// batches give the same bytes on any machine.
//
// The files follow an event's path: shard.go applies batches and lets time run
// between events; apply.go routes an event into the customer's record, one file
// per type (purchase.go with order.go and refund.go, visit.go, complaint.go);
// fold.go lets old days leave; statistics.go reads a record as numbers; judge.go
// asks scores and policy; effects.go writes alerts and rows.
package shard

import (
	"fmt"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/population/cuts"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// Config is what a shard decides by. It is fixed for the shard's life.
type Config struct {
	Shard      uint16
	Clock      signal.ClockMode // what readings of the clock follow; rows say so
	Zone       *Zone
	Lateness   event.Instant // how far behind the clock an event may be expected
	Currency   [3]byte
	Segments   []string // the first is the default; at most 32
	Complaints ComplaintTimes
	Policy     *policy.Config
	Parameters *score.Parameters // in force until a batch names others
	Alerts     AlertContext
}

// Shard is the state and logic of one partition number. It is used by one
// goroutine at a time.
type Shard struct {
	cfg      Config
	slab     *state.Slab
	customer state.Customer
	visited  state.Visit
	clock    event.Instant
	batch    uint64
	epoch    uint32
	nextSeq  uint64
	counters Counters
	changed  []state.Slot // records that a row is owed for, oldest first
	taken    int          // how many of changed were written in the commit at hand
	judge    judgement
	known    event.Instant // how far silence counted in the last batch
	silence  event.Instant // how far the customer at hand is known to have been silent
	versions versions
	untold   untold
	telling  bool // the customer at hand is one of Batch.Tell
	saved    savedPoint
	touched  uint64 // means nothing; see state.Slab.Touch
	thorough bool   // decide everything in full: what tests hold the short way to
	quieted  int    // visits that went the short way; tests want it to be taken
}

// savedPoint is what Undo goes back to, besides the slab.
type savedPoint struct {
	clock    event.Instant
	batch    uint64
	nextSeq  uint64
	counters Counters
	versions versions
	changed  int // how many of Shard.changed there were
}

// versions are the parameters and cut points in force, as the latest batch named them.
type versions struct {
	parameters *score.Parameters
	bySegment  []*score.Parameters // of each of the configured segments
	hash       uint32              // of the parameters' version
	since      event.Instant       // when the parameters came into force; 0: from the beginning
	cuts       *cuts.Cuts
	// activityHeld says that visits of nobody arrive: none is missing.
	activityHeld bool
}

// Position is a shard's place in its history.
type Position struct {
	Batch    uint64        // number of the last batch applied
	Clock    event.Instant // its clock reading; ClockUnset before the first
	Epoch    uint32        // of this life of the shard, see signal.EpochShift
	NextSeq  uint64        // number of the next row, from 1
	Counters Counters
}

// ClockUnset is the reading of a clock that has not begun.
const ClockUnset event.Instant = -1 << 62

// New makes an empty shard at the beginning of its history.
func New(cfg Config) *Shard {
	s := &Shard{cfg: cfg, slab: state.NewSlab(), clock: ClockUnset, nextSeq: 1}
	s.judge.row = signal.NewRow(score.Layout())
	s.Use(cfg.Parameters, 0, nil)
	s.save()
	return s
}

// Slab gives the shard's customers, for restoring and writing pages.
func (s *Shard) Slab() *state.Slab { return s.slab }

// Position says how far the shard has come.
func (s *Shard) Position() Position {
	return Position{Batch: s.batch, Clock: s.clock, Epoch: s.epoch, NextSeq: s.nextSeq, Counters: s.counters}
}

// Seek sets the position of a restored shard, and marks what a row is owed for.
func (s *Shard) Seek(p Position) {
	s.known = p.Clock
	s.batch, s.clock, s.epoch, s.nextSeq, s.counters = p.Batch, p.Clock, p.Epoch, p.NextSeq, p.Counters
	s.save()
}

// Use lets customers be scored by parameters, in force since a clock reading (0:
// from the beginning), and by cut points; nil cut points: none yet. What they
// change is found when a customer is next judged: its deadline stays till then.
// Apply does the same for what a batch names; after a restore the caller must.
func (s *Shard) Use(p *score.Parameters, since event.Instant, c *cuts.Cuts) {
	held := s.versions.activityHeld
	s.versions = versions{parameters: p, since: since, cuts: c}
	for _, segment := range s.cfg.Segments {
		s.versions.bySegment = append(s.versions.bySegment, p.OfSegment(segment))
	}
	s.HoldActivity(held)
}

// parametersOf is by what a customer is scored. Its version is that of all; the
// segment is no part of the hash that crossing days are kept by: who moves to
// another one forgets that hash.
func (s *Shard) parametersOf(c *state.Customer) *score.Parameters {
	if n := int(c.Profile.Segment); n < len(s.versions.bySegment) {
		return s.versions.bySegment[n]
	}
	return s.versions.parameters
}

// HoldActivity says whether nothing follows from missing visits. Who is judged by
// activity days is judged anew then, as by other parameters. Apply does what a batch
// says; after a restore the caller must.
func (s *Shard) HoldActivity(held bool) {
	v := &s.versions
	if v.hash, v.activityHeld = hashOf(v.parameters), held; held && v.parameters.HasActivity {
		v.hash = ^v.hash
	}
}

// Apply applies one batch: events in the order of their times, and between them
// the deadlines that silence has brought. Before an event at t those due by
// min(silence, t − lateness) fire, after the last event those due by silence:
// the clock reading, or less where the batch says that silence waits.
// The cost per event is O(its customer's record), without allocation but for
// effects and new customers.
func (s *Shard) Apply(b *Batch, fx *Effects) error {
	if b.Number != s.batch+1 {
		return fmt.Errorf("apply batch %d after batch %d: numbers must follow each other", b.Number, s.batch)
	}
	if b.Clock < s.clock && !b.RepairClock {
		return fmt.Errorf("apply batch %d: clock reading %d is before %d: it must never run backwards",
			b.Number, b.Clock, s.clock)
	}
	s.slab.Begin(b.Number, b.Replay)
	s.clock, s.batch = b.Clock, b.Number
	if b.Parameters != nil && (b.Parameters != s.versions.parameters || b.ParametersSince != s.versions.since ||
		b.Cuts != s.versions.cuts) {
		s.Use(b.Parameters, b.ParametersSince, b.Cuts)
	}
	if b.ActivityHeld != s.versions.activityHeld {
		s.HoldActivity(b.ActivityHeld)
	}
	if b.RepairClock {
		s.repairClock(b, fx)
	}
	if b.ResendRows {
		s.resendRows()
	}
	silence := b.silence()
	s.known = silence
	s.slab.Rearm(silence)
	b.sort()
	for n, p := range b.order {
		if n%state.TouchMost == 0 {
			s.touch(b, n)
		}
		if limit := min(silence, p.at-s.cfg.Lateness); s.slab.NextDue() <= limit {
			s.fire(b, limit, fx)
		}
		s.apply(b, p.index, fx)
	}
	s.fire(b, silence, fx)
	s.tell(b, silence, fx)
	return nil
}

// touch brings the records of the next events into the cache.
func (s *Shard) touch(b *Batch, from int) {
	var hashes [state.TouchMost]uint64
	next := b.order[from:min(from+len(hashes), len(b.order))]
	for i, p := range next {
		e := &b.Events[p.index]
		hashes[i] = e.CustomerHash
		if len(e.CustomerID) > 0 {
			s.touched += uint64(e.CustomerID[0]) // decoded a while ago
		}
	}
	s.touched += s.slab.Touch(hashes[:len(next)])
}

// NeedsTime says whether a batch without events at this clock reading would
// change anything: whether a deadline is due by then.
func (s *Shard) NeedsTime(clock event.Instant) bool { return s.slab.NextDue() <= clock }

// ClockWithin is a clock reading up to which not many more than n deadlines are
// due, or those of one hour. What more is due comes in later batches: a clock
// that jumps over months must not put all that it causes into one.
func (s *Shard) ClockWithin(n int) event.Instant { return s.slab.DueWithin(n) }

// fire lets the deadlines due by limit happen, each at its own instant.
func (s *Shard) fire(b *Batch, limit event.Instant, fx *Effects) {
	for {
		slot, at, ok := s.slab.PopDue(limit)
		if !ok {
			return
		}
		c := &s.customer
		if !s.slab.LoadSlot(c, slot) {
			continue // in a replay: the page already reflects this moment
		}
		s.counters.DeadlinesFired++
		s.settle(b, c, moment{now: max(at, c.JudgedAt), silence: at}, fx)
	}
}

// moment is when a customer is judged, and how far its silence is real: to a
// deadline that fires; at an event only as far as deadlines have fired before
// it. An input that is read ahead of the others must not make their unread
// events look like silence.
type moment struct {
	now, silence event.Instant
	visit        event.Day // of the visit that is judged; 0 where it is something else
}

// settle brings a loaded customer to a moment, judges it, and stores it.
func (s *Shard) settle(b *Batch, c *state.Customer, at moment, fx *Effects) {
	before := c.JudgedAt
	c.JudgedAt = at.now
	s.fold(c, s.cfg.Zone.DayOf(at.now), s.foldBorder(b, at.now))
	if at.visit == 0 || s.thorough || !s.quiet(c, before, at.visit, at) {
		s.decide(b, c, at.silence, fx)
	} else {
		s.quieted++
	}
	s.owe(c)
	s.slab.Store(c)
}

// Commit makes everything since the last Commit or Undo final.
func (s *Shard) Commit() {
	s.slab.Commit()
	if s.taken > 0 {
		s.changed = s.changed[:copy(s.changed, s.changed[s.taken:])]
		s.taken = 0
	}
	s.save()
}

// Undo takes back everything since the last Commit or Undo. Rows that were
// written in the commit are owed again.
func (s *Shard) Undo() {
	owed := s.saved.changed
	for _, slot := range s.changed[owed:] { // what the slab does not take back
		s.slab.SetRowPending(slot, false)
	}
	for _, slot := range s.changed[:min(s.taken, owed)] {
		if s.slab.Exists(slot) {
			s.slab.SetRowPending(slot, true)
		}
	}
	s.changed, s.taken = s.changed[:owed], 0
	s.slab.Undo()
	s.clock, s.batch, s.nextSeq, s.counters = s.saved.clock, s.saved.batch, s.saved.nextSeq, s.saved.counters
	s.versions = s.saved.versions
	s.untold.forget()
}

func (s *Shard) save() {
	s.saved = savedPoint{clock: s.clock, batch: s.batch, nextSeq: s.nextSeq, counters: s.counters, versions: s.versions,
		changed: len(s.changed)}
}

// FinishRestore ends a restore: what a row is owed for is queued.
func (s *Shard) FinishRestore() {
	s.slab.EndReplay()
	s.slab.Commit()
	s.changed, s.taken = s.changed[:0], 0
	s.untold.forget()
	s.slab.Each(func(slot state.Slot) {
		if s.slab.IsRowPending(slot) {
			s.changed = append(s.changed, slot)
		}
	})
	s.save()
}

// seq returns the next row's version: the epoch above a dense count.
func (s *Shard) seq() uint64 {
	n := s.nextSeq
	s.nextSeq++
	return signal.Seq(s.epoch, n)
}

// signalInstant is the published form of an instant.
func signalInstant(at event.Instant) signal.Instant { return signal.Instant(at) }
