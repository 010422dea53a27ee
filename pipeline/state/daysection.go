package state

import (
	"encoding/binary"

	"github.com/holdfast/holdfast/pipeline/window"
)

// dayPart is the days and weeks of a record.
type dayPart struct {
	Days  window.Days
	Weeks window.Weeks

	dayBuffer  [MaxDays + 1]window.Day
	weekBuffer [MaxWeeks + 1]window.Week
}

const (
	longestDays  = MaxDays * (6 + 3 + 3 + longestVarint)
	longestWeeks = MaxWeeks * 6
)

func (p *dayPart) clear() { p.Days, p.Weeks = p.dayBuffer[:0], p.weekBuffer[:0] }

// The section of days has for each day, oldest first, a varint: how many days
// after the one before (the first: after 1970-01-01) above four bits that say
// what follows. A bit for orders or visits without dayMany stands for one.
const (
	dayOrders = 1 << iota
	dayVisits
	dayNet
	dayMany
	dayBits = iota
)

func appendDays(out []byte, days window.Days) []byte {
	before := int32(0)
	for i := range days {
		out = appendOneDay(out, before, &days[i])
		before = days[i].Day
	}
	return out
}

func appendOneDay(out []byte, before int32, d *window.Day) []byte {
	what := uint64(0)
	if d.Orders != 0 {
		what |= dayOrders
	}
	if d.Visits != 0 {
		what |= dayVisits
	}
	if d.Net != 0 {
		what |= dayNet
	}
	if d.Orders > 1 || d.Visits > 1 {
		what |= dayMany
	}
	out = binary.AppendUvarint(out, uint64(uint32(d.Day-before))<<dayBits|what)
	if what&dayMany != 0 {
		if d.Orders != 0 {
			out = binary.AppendUvarint(out, uint64(d.Orders))
		}
		if d.Visits != 0 {
			out = binary.AppendUvarint(out, uint64(d.Visits))
		}
	}
	if d.Net != 0 {
		out = appendVarint(out, d.Net)
	}
	return out
}

// oneDay reads the entry of a day.
func (r *Reader) oneDay(before int32) (d window.Day) {
	v := r.UpTo(1<<(32+dayBits) - 1)
	d.Day = before + int32(uint32(v>>dayBits))
	d.Orders, d.Visits = uint16(v&dayOrders), uint16(v&dayVisits)>>1
	if v&dayMany != 0 {
		if d.Orders != 0 {
			d.Orders = uint16(r.UpTo(1<<16 - 1))
		}
		if d.Visits != 0 {
			d.Visits = uint16(r.UpTo(1<<16 - 1))
		}
	}
	if v&dayNet != 0 {
		d.Net = r.varint()
	}
	return d
}

func (c *Customer) readDays(r *Reader) {
	before := int32(0)
	n := 0
	for ; len(r.in) > 0 && n < MaxDays; n++ {
		d := r.oneDay(before)
		c.dayBuffer[n], before = d, d.Day
	}
	c.Days = c.dayBuffer[:n]
}

// The section of weeks has for each week, oldest first, a varint: how many
// weeks after the one before, less one, above the seven bits of its days.
const firstMonday = -3 // 1969-12-29

func appendWeeks(out []byte, weeks window.Weeks) []byte {
	before := int32(firstMonday)
	for _, w := range weeks {
		gap := uint32((w.Monday-before)/7 - 1)
		out = binary.AppendUvarint(out, uint64(gap)<<7|uint64(w.Mask&0x7f))
		before = w.Monday
	}
	return out
}

// oneWeek reads the entry of a week.
func (r *Reader) oneWeek(before int32) window.Week {
	v := r.UpTo(1<<39 - 1)
	return window.Week{Monday: before + 7*int32(uint32(v>>7)+1), Mask: uint32(v & 0x7f)}
}

func (c *Customer) readWeeks(r *Reader) {
	before := int32(firstMonday)
	n := 0
	for ; len(r.in) > 0 && n < MaxWeeks; n++ {
		w := r.oneWeek(before)
		c.weekBuffer[n], before = w, w.Monday
	}
	c.Weeks = c.weekBuffer[:n]
}
