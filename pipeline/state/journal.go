package state

import "unsafe"

// journal remembers what each record was before its first change in the
// commit at hand, so that an aborted commit can be taken back.
type journal struct {
	epoch   uint32 // a record with another epoch has not been touched yet
	entries []preimage
	side    []uint64
}

type preimage struct {
	core    Core
	slot    Slot
	side    uint32 // offset in the journal's side area
	created bool
}

func (j *journal) created(s *Slab, slot Slot) {
	p, i := s.at(slot)
	p.epoch[i] = j.epoch
	j.entries = append(j.entries, preimage{slot: slot, created: true})
}

func (j *journal) touched(p *page, i int, slot Slot) {
	p.epoch[i] = j.epoch
	core := &p.cores[i]
	at := uint32(len(j.side))
	j.side = append(j.side, p.sideOf(core)...)
	j.entries = append(j.entries, preimage{core: *core, slot: slot, side: at})
}

func (j *journal) reset() {
	j.epoch++
	// Room that a spike has made is given back.
	if len(j.side) < cap(j.side)/4 && cap(j.side) > keptWords {
		j.side = nil
	}
	if len(j.entries) < cap(j.entries)/4 && cap(j.entries) > keptEntries {
		j.entries = nil
	}
	j.entries, j.side = j.entries[:0], j.side[:0]
}

// keptWords and keptEntries are how much room an idle journal keeps: about 1 MiB each.
const (
	keptWords   = 128 << 10
	keptEntries = 8 << 10
)

// JournalBytes is what undoes the commit at hand, in bytes.
func (s *Slab) JournalBytes() int64 {
	return int64(len(s.journal.entries))*int64(unsafe.Sizeof(preimage{})) + int64(len(s.journal.side))*8
}

// Commit makes everything since the last Commit or Undo final: the journal is
// dropped, the pages handed out by TakeDirty are clean.
func (s *Slab) Commit() {
	s.committed = s.batch
	s.journal.reset()
	s.writing = s.writing[:0]
}

// Undo takes back everything since the last Commit or Undo, and returns the
// pages handed out by TakeDirty to the front of the queue. Records that were
// changed get their earlier content, records that were created are gone, pages
// that were clean are clean. Begin must follow. O(records touched).
func (s *Slab) Undo() {
	for n := len(s.journal.entries) - 1; n >= 0; n-- {
		e := &s.journal.entries[n]
		p, i := s.at(e.slot)
		if e.created {
			s.calendar.disarm(s, e.slot)
			s.index.remove(s, p.cores[i].IDHash, e.slot)
			p.release(i)
			s.count--
			s.freeHint = min(s.freeHint, int(pageOf(e.slot)))
			continue
		}
		words := int(e.core.sideLen)
		p.reserve(i, words)
		at := &p.cores[i]
		e.core.sideAt, e.core.sideCap, e.core.sideLen = at.sideAt, at.sideCap, at.sideLen
		// A row that is owed stays owed: the mark is not part of what is undone.
		e.core.Flags = e.core.Flags&^RowPending | at.Flags&RowPending
		*at = e.core
		copy(p.sideOf(at), s.journal.side[e.side:int(e.side)+words])
		s.calendar.arm(s, e.slot, at.Deadline)
	}
	s.journal.reset()
	s.undoDirty()
	s.batch = s.committed
}

// undoDirty lets the pages be as dirty as they were at the last commit. A page
// must not keep the number of a batch that was undone: the batches that come in
// its place have lower numbers, and a replay would begin too late for it.
func (s *Slab) undoDirty() {
	for page, ok := s.dirty.last(); ok && s.pages[page].dirtySince > s.committed; page, ok = s.dirty.last() {
		s.pages[page].dirtySince = 0
		s.dirty.dropLast()
	}
	for n := len(s.writing) - 1; n >= 0; n-- {
		if w := s.writing[n]; w.since <= s.committed {
			s.pages[w.page].dirtySince = w.since
			s.dirty.pushFront(w.page)
		}
	}
	s.writing = s.writing[:0]
}

// Touched is the number of records that the commit at hand has changed.
func (s *Slab) Touched() int { return len(s.journal.entries) }

// writtenPage is a page handed out for writing in the commit at hand.
type writtenPage struct {
	page  uint32
	since uint64
}

// pageQueue is the pages that have changes no written page holds, longest
// dirty first.
type pageQueue struct {
	queue []uint32
	head  int
}

func (q *pageQueue) push(page uint32) { q.queue = append(q.queue, page) }

func (q *pageQueue) pushFront(page uint32) {
	if q.head > 0 {
		q.head--
		q.queue[q.head] = page
		return
	}
	q.queue = append(q.queue, 0)
	copy(q.queue[1:], q.queue)
	q.queue[0] = page
}

// last is the page that became dirty last.
func (q *pageQueue) last() (page uint32, ok bool) {
	if q.len() == 0 {
		return 0, false
	}
	return q.queue[len(q.queue)-1], true
}

func (q *pageQueue) dropLast() { q.queue = q.queue[:len(q.queue)-1] }

func (q *pageQueue) pop() (uint32, bool) {
	if q.head == len(q.queue) {
		return 0, false
	}
	page := q.queue[q.head]
	q.head++
	if q.head > 1024 && q.head*2 > len(q.queue) {
		q.queue = q.queue[:copy(q.queue, q.queue[q.head:])]
		q.head = 0
	}
	return page, true
}

func (q *pageQueue) len() int { return len(q.queue) - q.head }

// DirtyPages is the number of pages with changes that no written page holds.
func (s *Slab) DirtyPages() int { return s.dirty.len() }

// OldestDirty is the first batch whose changes no written page holds: where a
// replay would have to start. It is ok only if there is one. Pages handed out
// in the commit at hand count as written.
func (s *Slab) OldestDirty() (batch uint64, ok bool) {
	if s.dirty.len() == 0 {
		return 0, false
	}
	return s.pages[s.dirty.queue[s.dirty.head]].dirtySince, true
}

// TakeDirty hands out the longest-dirty page for writing in the commit at
// hand. Commit makes it clean, Undo dirty again.
func (s *Slab) TakeDirty() (page uint32, ok bool) {
	page, ok = s.dirty.pop()
	if !ok {
		return 0, false
	}
	p := s.pages[page]
	s.writing = append(s.writing, writtenPage{page: page, since: p.dirtySince})
	p.dirtySince = 0
	return page, true
}
