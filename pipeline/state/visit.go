package state

import (
	"encoding/binary"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/window"
)

// Visit is a record opened for one more visit that changes nothing else: its
// core, and where in its run days and event marks lie. Nothing is decoded or
// copied but the last day.
type Visit struct {
	Core
	slot  Slot
	marks place
	days  place

	mark      EventMark
	last      window.Day // the latest day
	lastAt    int        // where its entry begins, and where the section ends
	lastEnd   int
	beforeDay int32 // the day before it
	saved     []byte
	savedRoom [savedVisit]byte
}

// place is where the content of a section lies in a run.
type place struct{ at, size int }

// savedVisit is the most that the splices of a visit save, in bytes.
const savedVisit = 8*spliceHead + 2*markWord + longestGap + marksHead + 2*2 + 2*(6+3+3+longestVarint)

// VisitBounds are the days that a visit must not have to look at: a record with
// purchases up to Folded, marked weeks up to it, or visits up to Aged is not
// one that a visit alone can change.
type VisitBounds struct{ Folded, Aged event.Day }

// Slot gives the place of the record.
func (v *Visit) Slot() Slot { return v.slot }

// OpenVisit reads the core of the record at a place, to ask of it whether the
// visit fits. It returns false for a record that a replay must not touch.
func (s *Slab) OpenVisit(v *Visit, slot Slot) bool {
	p, i := s.at(slot)
	if s.replay && p.version >= s.batch {
		return false
	}
	v.Core, v.slot = p.cores[i], slot
	return true
}

// VisitFits reports whether an event, new and later than all that is remembered, can be
// put in by StoreVisit as a visit of a day: one that is the latest of the record
// or later. O(days and weeks of the record).
func (s *Slab) VisitFits(v *Visit, mark EventMark, day event.Day, bounds VisitBounds) bool {
	p, i := s.at(v.slot)
	run := p.run(i)
	var ok bool
	if v.marks.at, v.marks.size, ok = findSection(run, sectionMarks); !ok {
		return false
	}
	marks := run[v.marks.at : v.marks.at+v.marks.size]
	if latestMark(marks) >= mark.At || hasMark(marks, mark.Hash) {
		return false
	}
	v.mark = mark
	if v.days.at, v.days.size, ok = findSection(run, sectionDays); !ok || !v.readDays(run, day, bounds) {
		return false
	}
	if _, _, older := findSection(run, sectionComplaintDays); older {
		return false
	}
	if at, size, marked := findSection(run, sectionWeeks); marked {
		weeks := Reader{in: run[at : at+size]}
		return weeks.oneWeek(firstMonday).Monday > int32(bounds.Folded)
	}
	return true
}

// readDays looks for the latest day, and for days that must not be there.
func (v *Visit) readDays(run []byte, day event.Day, bounds VisitBounds) bool {
	days := Reader{in: run[v.days.at : v.days.at+v.days.size]}
	v.last = window.Day{}
	n := 0
	for ; len(days.in) > 0; n++ {
		v.beforeDay, v.lastAt = v.last.Day, v.days.size-len(days.in)
		v.last = days.oneDay(v.last.Day)
		if v.last.Day <= int32(bounds.Folded) || v.last.Visits > 0 && v.last.Day <= int32(bounds.Aged) {
			return false
		}
	}
	v.lastEnd = v.days.size
	switch {
	case n >= MaxDays-2 || v.last.Day > int32(day) || v.last.Visits == 1<<16-1:
		return false
	case v.last.Day < int32(day):
		v.beforeDay, v.lastAt = v.last.Day, v.lastEnd
		v.last = window.Day{Day: int32(day)}
	}
	return true
}

// Again reports whether the day of the visit that fits has one already.
func (v *Visit) Again() bool { return v.last.Visits > 0 }

// StoreVisit puts the visit in that fits, with the core as it stands in v, and
// arms the deadline.
func (s *Slab) StoreVisit(v *Visit) {
	p, i := s.at(v.slot)
	s.soil(p, v.slot)
	before := p.cores[i]
	v.saved = v.savedRoom[:0]
	v.putMark(p, i)
	v.putDay(p, i)
	if p.links[i].epoch != s.journal.epoch {
		s.journal.entries.append(preimage{core: before, slot: v.slot, kind: pieces, saved: s.journal.bytes.save(v.saved)})
	}
	p.trim(i)
	v.runAt, v.runLen = p.cores[i].runAt, p.cores[i].runLen
	p.cores[i] = v.Core
	s.calendar.arm(s, v.slot, v.Deadline)
}

// putMark adds the event's mark, and drops the oldest where there are too many.
func (v *Visit) putMark(p *page, i int) {
	var room [marksHead + 2*markWord]byte
	at, size := v.marks.at, v.marks.size
	section := p.run(i)[at : at+size]
	n, span := int(section[8]), v.mark.At-latestMark(section)
	form, value := spanForm(span)
	spanSize := 0
	if n == MaxEvents {
		second := word(section[marksHead+markWord:])
		spanSize = spanForms[second&(1<<spanBits-1)].size
		v.edit(p, i, at+marksHead, 2*markWord, appendLow(room[:0], second&^(1<<spanBits-1), markWord))
		n, size = n-1, size-markWord
	}
	v.edit(p, i, at+marksHead+n*markWord, spanSize, appendLow(room[:0], v.mark.Hash<<spanBits|uint64(form), markWord))
	size += markWord - spanSize
	v.edit(p, i, at+size, 0, appendLow(room[:0], value, spanForms[form].size))
	size += spanForms[form].size
	head := binary.LittleEndian.AppendUint16(room[:0], uint16(size)) // right before the content
	head = binary.LittleEndian.AppendUint64(head, uint64(v.mark.At))
	v.edit(p, i, at-2, 2+marksHead, append(head, uint8(n+1)))
}

// putDay counts the visit.
func (v *Visit) putDay(p *page, i int) {
	var room [6 + 3 + 3 + longestVarint]byte
	v.last.Visits++
	entry := appendOneDay(room[:0], v.beforeDay, &v.last)
	v.edit(p, i, v.days.at+v.lastAt, v.lastEnd-v.lastAt, entry)
	size := v.lastAt + len(entry)
	v.edit(p, i, v.days.at-2, 2, binary.LittleEndian.AppendUint16(room[:0], uint16(size)))
}

// A splice is saved as: where u16, how many bytes it put u16, how many it
// replaced u16, and these; the length of it all is the last byte, so that
// splices are read from the last on.
const spliceHead = 7

// edit makes a splice, and saves what takes it back.
func (v *Visit) edit(p *page, i, at, gone int, put []byte) {
	if gone == 0 && len(put) == 0 {
		return
	}
	out := binary.LittleEndian.AppendUint16(v.saved, uint16(at))
	out = append(out, uint8(len(put)), 0, uint8(gone), 0)
	out = append(out, p.run(i)[at:at+gone]...)
	v.saved = append(out, uint8(spliceHead+gone))
	p.splice(i, at, gone, put)
}

// takeBack takes splices back, from the last on.
func (p *page) takeBack(i int, saved []byte) {
	le := binary.LittleEndian
	for n := len(saved); n > 0; n = len(saved) {
		from := n - int(saved[n-1])
		one := saved[from : n-1]
		p.splice(i, int(le.Uint16(one)), int(le.Uint16(one[2:])), one[6:])
		saved = saved[:from]
	}
	p.trim(i)
}
