package state

import "unsafe"

// journal remembers what each record was before it was changed in the commit at
// hand, so that an aborted commit can be taken back. The first Store of a record
// saves it whole, and nothing of it need be saved after that; a visit before
// then saves what it replaces. Entries are taken back from the last on.
type journal struct {
	epoch   uint16 // a record with another epoch has not been saved whole yet
	entries preimages
	bytes   savedBytes
}

type preimage struct {
	core  Core
	slot  Slot
	saved savedAt
	kind  preimageKind
}

type preimageKind uint8

const (
	whole   preimageKind = iota // the saved bytes are the run
	pieces                      // the saved bytes are the splices that lead from the run, see edit
	created                     // there was no record
)

func (j *journal) created(s *Slab, slot Slot) {
	p, i := s.at(slot)
	p.links[i].epoch = j.epoch
	j.entries.append(preimage{slot: slot, kind: created})
}

func (j *journal) touched(p *page, i int, slot Slot) {
	p.links[i].epoch = j.epoch
	j.entries.append(preimage{core: p.cores[i], slot: slot, saved: j.bytes.save(p.run(i))})
}

// reset empties the journal, and begins an epoch.
func (s *Slab) resetJournal() {
	s.journal.entries.reset()
	s.journal.bytes.reset()
	if s.journal.epoch++; s.journal.epoch != 0 {
		return
	}
	// The epochs begin again: no record may keep one of before.
	s.journal.epoch = 1
	for _, p := range s.pages {
		for i := 0; p != nil && i < PageSize; i++ {
			p.links[i].epoch = 0
		}
	}
}

// JournalBytes is what undoes the commit at hand, in bytes.
func (s *Slab) JournalBytes() int64 {
	return int64(s.journal.entries.n)*int64(unsafe.Sizeof(preimage{})) + s.journal.bytes.n
}

// Commit makes everything since the last Commit or Undo final: the journal is
// dropped, the pages handed out by TakeDirty are clean.
func (s *Slab) Commit() {
	s.committed = s.batch
	s.resetJournal()
	s.writing = s.writing[:0]
}

// Undo takes back everything since the last Commit or Undo, and returns the
// pages handed out by TakeDirty to the front of the queue. Records that were
// changed get their earlier content, records that were created are gone, pages
// that were clean are clean. Begin must follow. O(records touched).
func (s *Slab) Undo() {
	for n := s.journal.entries.n - 1; n >= 0; n-- {
		e := s.journal.entries.at(n)
		p, i := s.at(e.slot)
		saved := s.journal.bytes.of(e.saved)
		switch e.kind {
		case created:
			s.calendar.disarm(s, e.slot)
			s.index.remove(s, p.cores[i].IDHash, e.slot)
			p.release(i)
			s.count--
			s.freeHint = min(s.freeHint, int(pageOf(e.slot)))
			continue
		case whole:
			// A row that is owed stays owed: the mark is not part of what is undone.
			e.core.Flags = e.core.Flags&^RowPending | p.cores[i].Flags&RowPending
			p.put(i, &e.core, saved)
		case pieces:
			e.core.Flags = e.core.Flags&^RowPending | p.cores[i].Flags&RowPending
			p.takeBack(i, saved)
			e.core.runAt, e.core.runLen = p.cores[i].runAt, p.cores[i].runLen
			p.cores[i] = e.core
		}
		s.calendar.arm(s, e.slot, p.cores[i].Deadline)
	}
	s.resetJournal()
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
