package state

import (
	"unsafe"
)

// pageBytes is the memory of a page without its side area.
const pageBytes = int64(unsafe.Sizeof(page{}))

// idOf is the id of a record; it aliases the page.
func (p *page) idOf(c *Core) []byte {
	if int(c.idLen) <= inlineID {
		return c.id[:c.idLen]
	}
	return bytesOf(p.side[c.sideAt : c.sideAt+uint32(wordsOfBytes(int(c.idLen)))])[:c.idLen]
}

// read loads the record at position i. The order of sections is part of the
// page format: long id, events, days, weeks, orders, complaints, complaint
// days, rare, opaque.
func (c *Customer) read(p *page, i int, slot Slot) {
	core := &p.cores[i]
	c.Core, c.slot, c.fresh = *core, slot, false
	c.ID = c.idBuffer[:copy(c.idBuffer[:], p.idOf(core))]
	in := p.sideOf(core)
	if int(c.idLen) > inlineID {
		in = in[wordsOfBytes(int(c.idLen)):]
	}
	c.Events, in = readSection(c.eventBuffer[:0], in, int(c.nEvents))
	c.Days, in = readSection(c.dayBuffer[:0], in, int(c.nDays))
	c.Weeks, in = readSection(c.weekBuffer[:0], in, int(c.nWeeks))
	c.Orders, in = readSection(c.orderBuffer[:0], in, int(c.nOrders))
	c.Complaints, in = readSection(c.complaintRoom[:0], in, int(c.nComplaints))
	c.ComplaintDays, in = readSection(c.complaintDayRm[:0], in, int(c.nComplaintDays))
	c.Rare = Rare{}
	if c.Flags&hasRare != 0 {
		copy(words(unsafe.Slice(&c.Rare, 1)), in[:wordsOfRare])
		in = in[wordsOfRare:]
	}
	c.Opaque = c.opaqueBuffer[:c.nOpaque]
	copy(c.Opaque, bytesOf(in))
}

func readSection[T any](room []T, in []uint64, n int) ([]T, []uint64) {
	if n == 0 {
		return room, in
	}
	out := room[:n]
	w := words(out)
	copy(w, in[:len(w)])
	return out, in[len(w):]
}

// write puts the record back at position i.
func (c *Customer) write(p *page, i int) {
	c.nEvents, c.nDays = uint8(len(c.Events)), uint16(len(c.Days))
	c.nWeeks, c.nOrders = uint8(len(c.Weeks)), uint8(len(c.Orders))
	c.nComplaints, c.nComplaintDays = uint8(len(c.Complaints)), uint8(len(c.ComplaintDays))
	c.nOpaque = uint16(len(c.Opaque))
	c.Flags &^= hasRare
	if c.Rare != (Rare{}) {
		c.Flags |= hasRare
	}
	p.reserve(i, c.sideWords())
	at := &p.cores[i]
	c.sideAt, c.sideCap, c.sideLen = at.sideAt, at.sideCap, at.sideLen
	*at = c.Core
	out := p.sideOf(at)
	if int(c.idLen) > inlineID {
		out = writeBytes(out, c.ID)
	}
	out = writeSection(out, c.Events)
	out = writeSection(out, c.Days)
	out = writeSection(out, c.Weeks)
	out = writeSection(out, c.Orders)
	out = writeSection(out, c.Complaints)
	out = writeSection(out, c.ComplaintDays)
	if c.Flags&hasRare != 0 {
		out = writeSection(out, unsafe.Slice(&c.Rare, 1))
	}
	writeBytes(out, c.Opaque)
}

func (c *Customer) sideWords() int {
	n := len(c.Events)*wordsOfEvent + len(c.Days)*wordsOfDay + len(c.Weeks)*wordsOfWeek +
		len(c.Orders)*wordsOfOrder + len(c.Complaints)*wordsOfComplaint +
		len(c.ComplaintDays)*wordsOfComplaintDay + wordsOfBytes(len(c.Opaque))
	if int(c.idLen) > inlineID {
		n += wordsOfBytes(int(c.idLen))
	}
	if c.Flags&hasRare != 0 {
		n += wordsOfRare
	}
	return n
}

func writeSection[T any](out []uint64, s []T) []uint64 {
	w := words(s)
	copy(out, w)
	return out[len(w):]
}

// writeBytes clears the last word first, so that equal records have equal bytes.
func writeBytes(out []uint64, b []byte) []uint64 {
	n := wordsOfBytes(len(b))
	if n > 0 {
		out[n-1] = 0
		copy(bytesOf(out[:n]), b)
	}
	return out[n:]
}
