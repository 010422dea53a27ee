package state

import "unsafe"

// page is 256 consecutive customers with all that is theirs.
type page struct {
	cores [PageSize]Core
	areas [PageSize / groupSize][]byte // the runs of each group, one behind the other
	count uint16                       // customers in the page
	used  [PageSize / 64]uint64

	// version is the number of the last batch that the page reflected when it
	// was read from the checkpoint topic; a replay skips batches up to it.
	version uint64

	// Derived: not in the encoding.
	dirtySince uint64 // first batch whose changes no written page holds; 0 = clean
	links      [PageSize]link
}

// pageBytes is the memory of a page without its runs.
const pageBytes = int64(unsafe.Sizeof(page{}))

// Runs of a group of customers share an area, in the order of their positions.
// One that outgrows its room moves those behind it: groups are small enough for
// that to cost little, and large enough for the allocator's rounding not to
// count. A run that grows gets a sixteenth more than it needs, in grains; what is
// reserved is never more than a grain above that.
const (
	groupSize = 8
	grain     = 16 // bytes
)

func (p *page) has(i int) bool { return p.used[i>>6]&(1<<(i&63)) != 0 }

func (p *page) take(i int) {
	p.used[i>>6] |= 1 << (i & 63)
	p.count++
}

func (p *page) release(i int) {
	p.used[i>>6] &^= 1 << (i & 63)
	p.count--
	p.fit(i, 0)
	p.cores[i] = Core{runAt: p.cores[i].runAt}
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

// run is what a record has besides its core, see sections.go. It is valid until a run of
// the group changes its length.
func (p *page) run(i int) []byte {
	c := &p.cores[i]
	return p.areas[i/groupSize][c.runAt : c.runAt+uint32(c.runLen)]
}

// reserved is the room of a run, in bytes.
func (p *page) reserved(i int) int {
	if (i+1)%groupSize == 0 {
		return len(p.areas[i/groupSize]) - int(p.cores[i].runAt)
	}
	return int(p.cores[i+1].runAt - p.cores[i].runAt)
}

func grains(n int) int { return (n + grain - 1) / grain * grain }

// roomy is the room that a run gets when it grows.
func roomy(n int) int { return grains(n + n/16) }

// fit gives a run a length and room for it. The bytes up to the shorter of both
// lengths stay.
func (p *page) fit(i, n int) {
	p.cores[i].runLen = uint16(n)
	p.trim(i)
}

// trim lets the room of a run follow its length.
func (p *page) trim(i int) {
	n := int(p.cores[i].runLen)
	have := p.reserved(i)
	switch {
	case have == 0 || n == 0 || n > have && n-have > n/2:
		p.shift(i, grains(n)-have)
	case n > have || have > roomy(n)+grain:
		p.shift(i, roomy(n)-have)
	}
}

// shift moves the runs behind one, so that its room changes.
func (p *page) shift(i, by int) {
	area := p.areas[i/groupSize]
	if by == 0 {
		return
	}
	from, n := int(p.cores[i].runAt)+p.reserved(i), len(area)
	switch {
	case n+by > cap(area) || n+by < cap(area)/2:
		grown := append([]byte(nil), make([]byte, n+by)...) // with all that the allocator gives
		copy(grown, area[:min(from, from+by)])
		copy(grown[from+by:], area[from:])
		area = grown
	case by > 0:
		area = area[:n+by]
		copy(area[from+by:], area[from:n])
	default:
		copy(area[from+by:], area[from:])
		area = area[:n+by]
	}
	p.areas[i/groupSize] = area
	for i++; i%groupSize != 0; i++ {
		p.cores[i].runAt = uint32(int(p.cores[i].runAt) + by)
	}
}

// splice puts bytes in the place of some of a run's; room that is left over
// stays until trim is called.
func (p *page) splice(i, at, gone int, put []byte) {
	n := int(p.cores[i].runLen)
	m := n - gone + len(put)
	if m == n {
		copy(p.run(i)[at:], put)
		return
	}
	if have := p.reserved(i); m > have {
		p.shift(i, roomy(m)-have)
	}
	p.cores[i].runLen = uint16(max(n, m))
	run := p.run(i)
	copy(run[at+len(put):m], run[at+gone:n])
	copy(run[at:], put)
	p.cores[i].runLen = uint16(m)
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
