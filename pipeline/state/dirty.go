package state

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
