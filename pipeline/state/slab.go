package state

import "encoding/binary"

// Slab holds the customers of one shard. It is used by one goroutine at a time.
//
// Memory is 48 bytes a customer for the core record, 10 to 20 for the index, 12
// for the deadline's links and the journal's mark, and the run, see sections.go,
// which shares an allocation with those of seven others.
type Slab struct {
	pages    []*page
	index    index
	count    int
	freeHint int // no page below it has a free position
	batch    uint64
	replay   bool

	committed uint64 // the batch at hand at the last Commit
	journal   journal
	calendar  calendar
	dirty     pageQueue
	writing   []writtenPage
	room      []byte // for one run
}

// NewSlab makes an empty slab.
func NewSlab() *Slab {
	var probe = [2]byte{1, 0}
	if binary.NativeEndian.Uint16(probe[:]) != 1 {
		panic("state: pages need a little-endian machine")
	}
	s := &Slab{room: make([]byte, 0, longestRun)}
	s.journal.epoch = 1
	s.calendar.init()
	return s
}

// Len is the number of customers.
func (s *Slab) Len() int { return s.count }

// Pages is the number of pages.
func (s *Slab) Pages() int { return len(s.pages) }

// PagesInUse is the number of pages up to the last one that holds a customer. It
// is less than Pages where a batch that began a page was taken back.
func (s *Slab) PagesInUse() uint32 {
	n := len(s.pages)
	for n > 0 && (s.pages[n-1] == nil || s.pages[n-1].count == 0) {
		n--
	}
	return uint32(n)
}

// Begin names the batch whose changes follow. In a replay records of pages
// that already reflect the batch are left alone: Load does not give them.
func (s *Slab) Begin(batch uint64, replay bool) { s.batch, s.replay = batch, replay }

// Find gives the place of an id's record. O(1).
func (s *Slab) Find(hash uint64, id []byte) (Slot, bool) { return s.index.find(s, hash, id) }

// Load reads the record of an id into c. Without one it makes a new record if
// create is set. It returns false where there is no record, or where a replay
// must not touch it. Reads cost O(record), no allocation.
func (s *Slab) Load(c *Customer, hash uint64, id []byte, create bool) bool {
	if slot, ok := s.Find(hash, id); ok {
		return s.LoadSlot(c, slot)
	}
	if !create {
		return false
	}
	s.Create(c, hash, id)
	return true
}

// Create makes the record of an id that has none, of 1 to MaxID bytes.
func (s *Slab) Create(c *Customer, hash uint64, id []byte) {
	slot := s.allocate()
	p, i := s.at(slot)
	p.take(i)
	s.count++
	core := &p.cores[i]
	*core = Core{IDHash: hash, Deadline: Never, runAt: core.runAt}
	p.links[i] = link{}
	p.fit(i, 1+len(id))
	run := p.run(i)
	run[0] = uint8(len(id))
	copy(run[1:], id)
	s.index.insert(s, hash, slot)
	s.journal.created(s, slot)
	c.read(p, i, slot)
	c.fresh = true
}

// LoadSlot reads the record at a place. It returns false for a record that a
// replay must not touch.
func (s *Slab) LoadSlot(c *Customer, slot Slot) bool {
	p, i := s.at(slot)
	if s.replay && p.version >= s.batch {
		return false
	}
	c.read(p, i, slot)
	return true
}

// Peek reads a record outside any batch, whatever the page's version.
func (s *Slab) Peek(c *Customer, hash uint64, id []byte) bool {
	slot, ok := s.index.find(s, hash, id)
	if !ok {
		return false
	}
	s.PeekSlot(c, slot)
	return true
}

// PeekSlot reads the record at a place that holds one, outside any batch.
func (s *Slab) PeekSlot(c *Customer, slot Slot) {
	p, i := s.at(slot)
	c.read(p, i, slot)
}

// Store writes c back to its place, journals what was there before the first
// such change of this commit, and arms the deadline. O(record).
func (s *Slab) Store(c *Customer) {
	p, i := s.at(c.slot)
	if p.links[i].epoch != s.journal.epoch {
		s.journal.touched(p, i, c.slot)
	}
	s.soil(p, c.slot)
	s.room = c.appendRun(s.room[:0])
	p.put(i, &c.Core, s.room)
	s.calendar.arm(s, c.slot, c.Deadline)
}

// soil notes that a page has changed.
func (s *Slab) soil(p *page, slot Slot) {
	if p.dirtySince == 0 {
		p.dirtySince = s.batch
		s.dirty.push(pageOf(slot))
	}
}

// SetRowPending marks or unmarks that a row is owed for a record. It is no
// change of state: neither journaled nor a reason to write the page, because a
// mark that outlives a crash only repeats a row.
func (s *Slab) SetRowPending(slot Slot, pending bool) {
	p, i := s.at(slot)
	if pending {
		p.cores[i].Flags |= RowPending
	} else {
		p.cores[i].Flags &^= RowPending
	}
}

// IsRowPending says whether a row is owed for a record.
func (s *Slab) IsRowPending(slot Slot) bool {
	p, i := s.at(slot)
	return p.cores[i].Flags&RowPending != 0
}

// Exists says whether a place holds a customer.
func (s *Slab) Exists(slot Slot) bool {
	n := pageOf(slot)
	return int(n) < len(s.pages) && s.pages[n] != nil && s.pages[n].has(int(slot%PageSize))
}

// Each calls f with every place that holds a customer, in order of places.
func (s *Slab) Each(f func(Slot)) {
	for n, p := range s.pages {
		if p == nil {
			continue
		}
		for i := 0; i < PageSize; i++ {
			if p.has(i) {
				f(Slot(n*PageSize + i))
			}
		}
	}
}

// Bytes is the memory that the slab holds, in bytes: pages with what they
// reserved, and the index.
func (s *Slab) Bytes() int64 {
	var n int64
	for _, p := range s.pages {
		if p != nil {
			n += pageBytes
		}
	}
	return n + s.SideBytes() + s.index.bytes()
}

// SideBytes is the part of Bytes that runs have reserved; the rest is core
// records, their links, and the index.
func (s *Slab) SideBytes() int64 {
	var n int64
	for _, p := range s.pages {
		if p != nil {
			for _, area := range p.areas {
				n += int64(cap(area))
			}
		}
	}
	return n
}

func pageOf(slot Slot) uint32 { return uint32(slot) / PageSize }

func (s *Slab) at(slot Slot) (*page, int) {
	return s.pages[pageOf(slot)], int(slot % PageSize)
}

// allocate gives the lowest free place; in a replay, the lowest of a page that
// does not yet reflect the batch. A customer that is not in the index was not
// in any page of this batch or later, so the place that it took in the first
// run lies in such a page, and it was the lowest free one there then.
func (s *Slab) allocate() Slot {
	for n := s.freeHint; n < len(s.pages); n++ {
		p := s.pages[n]
		if p == nil {
			p = &page{}
			s.pages[n] = p
		}
		if p.count == PageSize {
			if n == s.freeHint {
				s.freeHint++
			}
			continue
		}
		if s.replay && p.version >= s.batch {
			continue
		}
		return Slot(n*PageSize + p.firstFree())
	}
	s.pages = append(s.pages, &page{})
	return Slot((len(s.pages) - 1) * PageSize)
}

func (s *Slab) idOf(slot Slot) []byte {
	p, i := s.at(slot)
	return idOfRun(p.run(i))
}
