package state

import (
	"errors"
	"fmt"
)

// FinishLoading indexes and arms every record, after the last LoadPage and
// before the first batch.
func (s *Slab) FinishLoading() {
	s.beginCalendar()
	for n, p := range s.pages {
		if p == nil {
			p = &page{}
			s.pages[n] = p
		}
		s.count += int(p.count)
		for i := range p.cores {
			if p.has(i) {
				slot := Slot(n*PageSize + i)
				s.index.insert(s, p.cores[i].IDHash, slot)
				s.calendar.arm(s, slot, p.cores[i].Deadline)
			}
		}
	}
}

// beginCalendar lets the ring begin at the least deadline: what lies before its
// beginning would all wait in one bucket.
func (s *Slab) beginCalendar() {
	least := Never
	for _, p := range s.pages {
		for i := 0; p != nil && i < PageSize; i++ {
			if p.has(i) {
				least = min(least, p.cores[i].Deadline)
			}
		}
	}
	if least != Never {
		s.calendar.base = hourOf(least)
	}
}

// ErrPageMissing says that a page of the checkpoint is not there.
var ErrPageMissing = errors.New("page is missing: the checkpoint topic was truncated or emptied")

// CheckWhole says after a replay whether every page is there. Places are taken
// from the lowest on and never given back, so each page but the last is full;
// atLeast is how many there were when the header was written.
func (s *Slab) CheckWhole(atLeast uint32) error {
	if uint32(len(s.pages)) < atLeast {
		return fmt.Errorf("page %d of %d: %w", len(s.pages), atLeast, ErrPageMissing)
	}
	for n := 0; n < len(s.pages)-1; n++ {
		if s.pages[n].count != PageSize {
			return fmt.Errorf("page %d of %d, with %d customers: %w", n, len(s.pages), s.pages[n].count, ErrPageMissing)
		}
	}
	return nil
}

// EndReplay says that every page now reflects every batch, and arms what a
// replay may have passed over.
func (s *Slab) EndReplay() {
	s.replay = false
	for n, p := range s.pages {
		p.version = 0
		for i := range p.cores {
			if p.has(i) && p.links[i].bucket == 0 {
				s.calendar.arm(s, Slot(n*PageSize+i), p.cores[i].Deadline)
			}
		}
	}
}
