package state

import (
	"unsafe"

	"github.com/holdfast/holdfast/pipeline/window"
)

// page is 256 consecutive customers with all that is theirs. Side records lie
// in one area of 8-byte words, each customer's in one run; runs are moved to
// the end when they outgrow their place, and the area is compacted when more
// than half of it is dead.
type page struct {
	cores [PageSize]Core
	side  []uint64
	dead  uint32 // words of the area that no customer owns
	count uint16 // customers in the page
	used  [PageSize / 64]uint64

	// version is the number of the last batch that the page reflected when it
	// was read from the checkpoint topic; a replay skips batches up to it.
	version uint64

	// Derived: not in the encoding.
	dirtySince uint64 // first batch whose changes no written page holds; 0 = clean
	epoch      [PageSize]uint32
	links      [PageSize]link
}

func (p *page) has(i int) bool { return p.used[i>>6]&(1<<(i&63)) != 0 }

func (p *page) take(i int) {
	p.used[i>>6] |= 1 << (i & 63)
	p.count++
}

func (p *page) release(i int) {
	p.used[i>>6] &^= 1 << (i & 63)
	p.count--
	c := &p.cores[i]
	p.dead += uint32(c.sideCap)
	*c = Core{}
}

// firstFree returns the lowest free position; the page must have one.
func (p *page) firstFree() int {
	for w, bits := range p.used {
		if ^bits != 0 {
			for b := 0; b < 64; b++ {
				if bits&(1<<b) == 0 {
					return w<<6 + b
				}
			}
		}
	}
	panic("state: firstFree on a full page")
}

// sideOf is the run of a customer.
func (p *page) sideOf(c *Core) []uint64 {
	return p.side[c.sideAt : c.sideAt+uint32(c.sideLen)]
}

// minimumRun is the smallest run reserved, in words: a new customer's first
// few events fit without a move.
const minimumRun = 16

// reserve gives a customer a run of at least n words, keeping nothing of the
// old one. Other customers' runs may move.
func (p *page) reserve(i, n int) {
	c := &p.cores[i]
	if n <= int(c.sideCap) {
		c.sideLen = uint16(n)
		return
	}
	p.dead += uint32(c.sideCap)
	c.sideCap, c.sideLen = 0, 0
	want := max(minimumRun, n+n/4)
	if len(p.side)+want > cap(p.side) && int(p.dead) > len(p.side)/4 {
		p.compact()
	}
	if len(p.side)+want > cap(p.side) {
		grown := make([]uint64, len(p.side), len(p.side)+max(want, len(p.side)/4, PageSize*8))
		copy(grown, p.side)
		p.side = grown
	}
	c.sideAt, c.sideCap, c.sideLen = uint32(len(p.side)), uint16(want), uint16(n)
	p.side = p.side[:len(p.side)+want]
}

// compact closes the gaps between runs. Runs keep what they reserved.
func (p *page) compact() {
	owned := len(p.side) - int(p.dead)
	live := make([]uint64, 0, owned+max(owned/4, PageSize*8))
	for i := range p.cores {
		c := &p.cores[i]
		if !p.has(i) || c.sideCap == 0 {
			continue
		}
		at := uint32(len(live))
		live = append(live, p.side[c.sideAt:c.sideAt+uint32(c.sideCap)]...)
		c.sideAt = at
	}
	p.side, p.dead = live, 0
}

// Words of each section's entry.
const (
	wordsOfEvent        = int(unsafe.Sizeof(EventMark{})) / 8
	wordsOfDay          = int(unsafe.Sizeof(window.Day{})) / 8
	wordsOfWeek         = int(unsafe.Sizeof(window.Week{})) / 8
	wordsOfOrder        = int(unsafe.Sizeof(Order{})) / 8
	wordsOfComplaint    = int(unsafe.Sizeof(Complaint{})) / 8
	wordsOfComplaintDay = int(unsafe.Sizeof(ComplaintDay{})) / 8
	wordsOfRare         = int(unsafe.Sizeof(Rare{})) / 8
)

func wordsOfBytes(n int) int { return (n + 7) / 8 }

// words views a value of a pointer-free type as words.
func words[T any](s []T) []uint64 {
	if len(s) == 0 {
		return nil
	}
	n := len(s) * int(unsafe.Sizeof(s[0])) / 8
	return unsafe.Slice((*uint64)(unsafe.Pointer(&s[0])), n)
}

// bytesOf views words as bytes, in the machine's order (little-endian is
// checked when a slab is made).
func bytesOf(w []uint64) []byte {
	if len(w) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&w[0])), len(w)*8)
}

// NewestPage is the greatest batch that a page reflects; 0 without pages.
// O(pages).
func (s *Slab) NewestPage() uint64 {
	newest := uint64(0)
	for _, p := range s.pages {
		if p != nil {
			newest = max(newest, p.version)
		}
	}
	return newest
}
