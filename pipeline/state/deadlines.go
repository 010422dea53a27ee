package state

import (
	"bytes"
	"math/bits"

	"github.com/holdfast/holdfast/pipeline/event"
)

// calendar keeps each record's deadline in a bucket of one hour, as a doubly
// linked list through the pages: no memory per entry but the links, nothing to
// allocate. The ring spans the next 8,192 hours; a later deadline waits in the
// last bucket and is put further on when that is reached. A deadline that
// moves later stays in its bucket until that is looked at (lazy re-arming).
//
// It is derived from the records: a restore arms every record anew.
type calendar struct {
	heads  [ringHours]uint32 // place + 1 of the first record of a bucket; 0 = none
	counts [ringHours]uint32 // records of a bucket
	filled [ringHours / 64]uint64
	base   int64 // the hour that the ring begins at; every armed bucket is at or after it
	armed  int
	next   event.Instant // no record is due before it
	due    dueHeap
}

// ringHours must be a power of two.
const ringHours = 8192

// link is a record's place in its bucket's list.
type link struct {
	next, previous uint32 // place + 1 of the neighbours; 0 = none
	bucket         uint16 // ring index + 1; 0 = in no bucket
	epoch          uint16 // of the commit in which the record was saved whole
}

// unset is the base of a ring that nothing has been put into.
const unset = -1 << 62

func (c *calendar) init() { c.next, c.base = Never, unset }

func hourOf(at event.Instant) int64 {
	h := int64(at / event.Hour)
	if at%event.Hour < 0 {
		h--
	}
	return h
}

// firstRoom is how far before the first deadline the ring begins, in hours:
// later ones are often earlier than the first.
const firstRoom = 1024

// arm puts a record where its deadline will be found. O(1).
func (c *calendar) arm(s *Slab, slot Slot, deadline event.Instant) {
	if deadline == Never {
		return // a stale entry finds nothing due and leaves
	}
	hour := hourOf(deadline)
	if c.base == unset {
		c.base = hour - firstRoom
	}
	c.next = min(c.next, deadline)
	p, i := s.at(slot)
	if b := p.links[i].bucket; b != 0 {
		if c.hourAt(int(b-1)) <= max(hour, c.base) {
			return
		}
		c.disarm(s, slot)
	}
	c.insert(s, slot, hour)
}

// insert links a record into the bucket of an hour. One before the ring waits
// in the first bucket, one behind it in the last.
func (c *calendar) insert(s *Slab, slot Slot, hour int64) {
	hour = min(max(hour, c.base), c.base+ringHours-1)
	b := int(uint64(hour) & (ringHours - 1))
	p, i := s.at(slot)
	p.links[i] = link{next: c.heads[b], bucket: uint16(b) + 1, epoch: p.links[i].epoch}
	if h := c.heads[b]; h != 0 {
		hp, hi := s.at(Slot(h - 1))
		hp.links[hi].previous = uint32(slot) + 1
	}
	c.heads[b] = uint32(slot) + 1
	c.filled[b>>6] |= 1 << (b & 63)
	c.counts[b]++
	c.armed++
}

// disarm takes a record out of its bucket, if it is in one.
func (c *calendar) disarm(s *Slab, slot Slot) {
	p, i := s.at(slot)
	l := p.links[i]
	if l.bucket == 0 {
		return
	}
	b := int(l.bucket - 1)
	if l.previous != 0 {
		pp, pi := s.at(Slot(l.previous - 1))
		pp.links[pi].next = l.next
	} else {
		c.heads[b] = l.next
		if l.next == 0 {
			c.filled[b>>6] &^= 1 << (b & 63)
		}
	}
	if l.next != 0 {
		np, ni := s.at(Slot(l.next - 1))
		np.links[ni].previous = l.previous
	}
	p.links[i] = link{epoch: l.epoch}
	c.counts[b]--
	c.armed--
}

// hourAt is the hour that a ring index stands for now.
func (c *calendar) hourAt(b int) int64 {
	return c.base + int64((uint64(b)-uint64(c.base))&(ringHours-1))
}

// firstFilled is the first hour at or after from whose bucket has entries;
// from lies within the ring.
func (c *calendar) firstFilled(from int64) (int64, bool) {
	start := int(uint64(from) & (ringHours - 1))
	word, off := start>>6, start&63
	for n := 0; n <= len(c.filled); n++ {
		w := c.filled[(word+n)%len(c.filled)]
		if n == 0 {
			w &= ^uint64(0) << off
		} else if n == len(c.filled) {
			w &= 1<<off - 1
		}
		if w != 0 {
			hour := c.hourAt((word+n)%len(c.filled)<<6 + bits.TrailingZeros64(w))
			return hour, hour >= from
		}
	}
	return 0, false
}

// NextDue is a moment before which no deadline comes; Never if there is none.
// It may be early, never late.
func (s *Slab) NextDue() event.Instant { return s.calendar.next }

// DueWithin is an instant up to which not many more than n deadlines come, or
// those of one hour; Never if there are not more in all. Deadlines that have
// moved later since count where they were. O(hours).
func (s *Slab) DueWithin(n int) event.Instant {
	c := &s.calendar
	if c.armed <= n {
		return Never
	}
	due := 0
	for hour, ok := c.firstFilled(c.base); ok; hour, ok = c.firstFilled(hour + 1) {
		if due += int(c.counts[uint64(hour)&(ringHours-1)]); due >= n && hour < hourOf(Never) {
			return event.Instant(hour+1)*event.Hour - 1
		}
		if hour+1 == c.base+ringHours {
			break
		}
	}
	return Never
}

// PopDue gives the record with the earliest deadline at or before limit, ties
// by id, and takes it out of the calendar; the caller stores the record again
// with its next deadline. Deadlines that the storing puts at or before limit
// come in their order. Call it until it returns false.
func (s *Slab) PopDue(limit event.Instant) (slot Slot, at event.Instant, ok bool) {
	c := &s.calendar
	if c.next <= limit {
		c.collect(s, limit)
	}
	if len(c.due) == 0 {
		return 0, 0, false
	}
	d := c.due.pop(s)
	return d.slot, d.at, true
}

// collect moves what is due from the buckets into the heap, lets the ring
// begin at the limit's hour, and sets next to a bound of what is left.
func (c *calendar) collect(s *Slab, limit event.Instant) {
	last := hourOf(limit)
	stays := Never
	if c.base > last {
		stays = c.drain(s, c.base, limit) // what came before the ring waits there
	}
	for c.armed > 0 && c.base <= last {
		hour, ok := c.firstFilled(c.base)
		if !ok || hour > last {
			break
		}
		c.base = hour
		stays = c.drain(s, hour, limit)
		if hour == last {
			break
		}
		c.base = hour + 1 // a record moved on from this bucket may lie there
	}
	c.base = max(c.base, last)
	c.next = stays
	if c.armed > 0 {
		if hour, ok := c.firstFilled(c.base + 1); ok {
			c.next = min(c.next, event.Instant(hour)*event.Hour)
		}
	}
}

// drain empties the bucket of an hour: due records go to the heap, later ones
// to their buckets. It returns the earliest deadline that stays in this bucket.
func (c *calendar) drain(s *Slab, hour int64, limit event.Instant) event.Instant {
	b := int(uint64(hour) & (ringHours - 1))
	stays := Never
	for at := c.heads[b]; at != 0; {
		slot := Slot(at - 1)
		p, i := s.at(slot)
		at = p.links[i].next
		deadline := p.cores[i].Deadline
		switch {
		case deadline == Never:
			c.disarm(s, slot)
		case deadline <= limit:
			c.disarm(s, slot)
			c.due.push(s, dueRecord{at: deadline, slot: slot})
		case hourOf(deadline) > max(hour, c.base):
			c.disarm(s, slot)
			c.insert(s, slot, hourOf(deadline))
		default:
			stays = min(stays, deadline)
		}
	}
	return stays
}

// Rearm lets the ring begin anew where limit lies long before its beginning:
// deadlines up to limit would all wait in the first bucket, which every look
// would have to go through. O(customers) where it does, else O(1).
func (s *Slab) Rearm(limit event.Instant) {
	c := &s.calendar
	hour := hourOf(limit)
	if c.base == unset || hour >= c.base || limit < 0 || c.armed < rearmFrom {
		return
	}
	s.Each(func(slot Slot) { c.disarm(s, slot) })
	c.base, c.next = hour-firstRoom, Never
	s.Each(func(slot Slot) {
		p, i := s.at(slot)
		c.arm(s, slot, p.cores[i].Deadline)
	})
}

// rearmFrom is how many deadlines are worth a new ring.
const rearmFrom = 256

// Pending is the number of records that wait for a deadline.
func (s *Slab) Pending() int { return s.calendar.armed }

// dueRecord is a record whose deadline has come.
type dueRecord struct {
	at   event.Instant
	slot Slot
}

// dueHeap is a binary heap by (instant, customer id).
type dueHeap []dueRecord

func (s *Slab) dueBefore(a, b dueRecord) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	return bytes.Compare(s.idOf(a.slot), s.idOf(b.slot)) < 0
}

func (h *dueHeap) push(s *Slab, d dueRecord) {
	*h = append(*h, d)
	a := *h
	for i := len(a) - 1; i > 0; {
		parent := (i - 1) / 2
		if !s.dueBefore(a[i], a[parent]) {
			break
		}
		a[i], a[parent] = a[parent], a[i]
		i = parent
	}
}

func (h *dueHeap) pop(s *Slab) dueRecord {
	a := *h
	top := a[0]
	n := len(a) - 1
	a[0] = a[n]
	a = a[:n]
	for i := 0; ; {
		child := 2*i + 1
		if child >= n {
			break
		}
		if child+1 < n && s.dueBefore(a[child+1], a[child]) {
			child++
		}
		if !s.dueBefore(a[child], a[i]) {
			break
		}
		a[i], a[child] = a[child], a[i]
		i = child
	}
	*h = a
	return top
}
