package state

import (
	"encoding/binary"
)

// A run is what a record has besides its core:
//
//	id bytes u8 | id | sections
//
// A section is its id u8, its length in bytes u16, and its content; sections
// come in ascending order of their ids, and none is empty. Ids are part of the
// page format: they are never given to something else.
const (
	sectionDays          = 1
	sectionMarks         = 2
	sectionWeeks         = 3
	sectionOrders        = 4
	sectionComplaints    = 5
	sectionComplaintDays = 6
	sectionLife          = 7
	sectionProfile       = 8
	sectionRatings       = 9
	sectionClosing       = 10
	sectionInterest      = 11
	sectionOpaque        = 12
	sectionOrderMore     = 13
	sectionRhythm        = 16
	sectionOrderDays     = 17
)

const (
	sectionHead  = 3
	sectionCount = 15
)

// The longest that a run may be, in bytes; each part's longest stands with it.
const (
	longestVarint = 10
	longestRun    = 1 + MaxID + sectionCount*sectionHead + longestDays + longestMarks + longestWeeks +
		longestOrders + longestOrderMore + longestOrderDays + longestCompl + longestOlder + longestRare + MaxOpaque
	_ = uint16(longestRun) // the length of a run is 16 bits
)

// appendRun writes the record as a run. O(record).
func (c *Customer) appendRun(out []byte) []byte {
	out = append(out, uint8(len(c.ID)))
	out = append(out, c.ID...)
	if len(c.Days) > 0 {
		at := len(out)
		out = endSection(appendDays(beginSection(out, sectionDays), c.Days), at)
	}
	if len(c.Events) > 0 {
		at := len(out)
		out = endSection(appendMarks(beginSection(out, sectionMarks), c.Events), at)
	}
	if len(c.Weeks) > 0 {
		at := len(out)
		out = endSection(appendWeeks(beginSection(out, sectionWeeks), c.Weeks), at)
	}
	if len(c.Orders) > 0 {
		at := len(out)
		out = endSection(c.appendOrders(beginSection(out, sectionOrders)), at)
	}
	if len(c.Complaints) > 0 {
		at := len(out)
		out = endSection(appendComplaints(beginSection(out, sectionComplaints), c.Complaints), at)
	}
	if len(c.ComplaintDays) > 0 || c.LastComplaint != 0 {
		at := len(out)
		out = endSection(appendComplaintDays(beginSection(out, sectionComplaintDays), c.LastComplaint, c.ComplaintDays), at)
	}
	return c.appendRare(out)
}

func (c *Customer) appendRare(out []byte) []byte {
	if c.Life != (Life{}) {
		at := len(out)
		out = endSection(appendLife(beginSection(out, sectionLife), &c.Life), at)
	}
	if c.Profile != (Profile{}) {
		at := len(out)
		out = endSection(appendProfile(beginSection(out, sectionProfile), &c.Profile), at)
	}
	if c.Ratings != (Ratings{}) {
		at := len(out)
		out = endSection(appendRatings(beginSection(out, sectionRatings), &c.Ratings), at)
	}
	if c.Closing != (Closing{}) {
		at := len(out)
		out = endSection(appendClosing(beginSection(out, sectionClosing), &c.Closing), at)
	}
	if c.Interest != (Interest{}) {
		at := len(out)
		out = endSection(appendInterest(beginSection(out, sectionInterest), &c.Interest), at)
	}
	if len(c.Opaque) > 0 {
		at := len(out)
		out = endSection(append(beginSection(out, sectionOpaque), c.Opaque...), at)
	}
	if c.hasOrderMore() {
		at := len(out)
		out = endSection(c.appendOrderMore(beginSection(out, sectionOrderMore)), at)
	}
	if c.Rhythm != (Rhythm{}) {
		at := len(out)
		out = endSection(appendRhythm(beginSection(out, sectionRhythm), &c.Rhythm), at)
	}
	if len(c.OrderDays) > 0 {
		at := len(out)
		out = endSection(c.appendOrderDays(beginSection(out, sectionOrderDays)), at)
	}
	return out
}

func beginSection(out []byte, id uint8) []byte { return append(out, id, 0, 0) }

func endSection(out []byte, at int) []byte {
	binary.LittleEndian.PutUint16(out[at+1:], uint16(len(out)-at-sectionHead))
	return out
}

// clear makes the record one of whom nothing is known.
func (c *Customer) clear() {
	c.dayPart.clear()
	c.markPart.clear()
	c.orderPart.clear()
	c.complaintPart.clear()
	c.rarePart = rarePart{}
	c.Opaque = c.opaqueBuffer[:0]
}

// readRun reads a run. It returns false, and leaves the record half read, for
// what appendRun would not have written so.
func (c *Customer) readRun(run []byte) bool {
	c.clear()
	r := Reader{in: run}
	c.ID = c.idBuffer[:copy(c.idBuffer[:], r.take(int(r.Byte())))]
	last := uint8(0)
	for len(r.in) > 0 {
		head := r.take(sectionHead)
		if head == nil || head[0] <= last {
			return false
		}
		last = head[0]
		section := Reader{in: r.take(int(binary.LittleEndian.Uint16(head[1:])))}
		if len(section.in) == 0 || !c.readSection(last, &section) || section.bad || len(section.in) > 0 {
			return false
		}
	}
	return !r.bad
}

func (c *Customer) readSection(id uint8, r *Reader) bool {
	switch id {
	case sectionDays:
		c.readDays(r)
	case sectionMarks:
		c.readMarks(r)
	case sectionWeeks:
		c.readWeeks(r)
	case sectionOrders:
		c.readOrders(r)
	case sectionComplaints:
		c.readComplaints(r)
	case sectionComplaintDays:
		c.readComplaintDays(r)
	case sectionLife:
		r.life(&c.Life)
	case sectionProfile:
		r.profile(&c.Profile)
	case sectionRatings:
		r.ratings(&c.Ratings)
	case sectionClosing:
		r.closing(&c.Closing)
	case sectionInterest:
		r.interest(&c.Interest)
	case sectionOpaque:
		if len(r.in) > MaxOpaque {
			return false
		}
		c.Opaque = c.opaqueBuffer[:copy(c.opaqueBuffer[:], r.take(len(r.in)))]
	case sectionOrderMore:
		c.readOrderMore(r)
	case sectionRhythm:
		r.rhythm(&c.Rhythm)
	case sectionOrderDays:
		c.readOrderDays(r)
	default:
		return false
	}
	return true
}

// idOfRun is the id of the record whose run it is; it aliases the run.
func idOfRun(run []byte) []byte { return run[1 : 1+int(run[0])] }

// findSection gives where the content of a section lies in a run; ok is false where
// there is none. With another id it gives where the section would be put.
func findSection(run []byte, id uint8) (at, size int, ok bool) {
	at = 1 + int(run[0])
	for at < len(run) {
		size = int(binary.LittleEndian.Uint16(run[at+1:]))
		if run[at] >= id {
			return at + sectionHead, size, run[at] == id
		}
		at += sectionHead + size
	}
	return at + sectionHead, 0, false
}
