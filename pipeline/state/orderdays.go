package state

import (
	"encoding/binary"
	"sort"
)

// OrderDay is what few days have of their orders besides their number and net.
type OrderDay struct {
	Day       int32
	Margin    int64  // minor units, that orders gave; of what was not refunded
	MarginNet int64  // minor units, the net of these orders
	Foreign   uint16 // orders in another currency that are no longer remembered
}

// empty reports whether nothing is left on the day.
func (d *OrderDay) empty() bool { return *d == OrderDay{Day: d.Day} }

// OrderDays is sorted by day, one entry a day, without empty days.
type OrderDays []OrderDay

// MaxOrderDays bounds the days of which this is remembered.
const MaxOrderDays = 512

// longestOrderDays is the most that the section takes, in bytes.
const longestOrderDays = MaxOrderDays * (5 + 2*longestVarint + 3)

func (ds OrderDays) search(day int32) int {
	return sort.Search(len(ds), func(i int) bool { return ds[i].Day >= day })
}

// OrderDay returns the entry of a day, inserting an empty one where there is
// none; DropOrderDay must follow. The pointer is valid until the next insertion.
// Of more than MaxOrderDays the oldest goes; cut says that one did, or that this
// day is older than all and finds no room: then the entry is nil.
func (p *orderPart) OrderDay(day int32) (entry *OrderDay, cut bool) {
	i := p.OrderDays.search(day)
	if i < len(p.OrderDays) && p.OrderDays[i].Day == day {
		return &p.OrderDays[i], false
	}
	if cut = len(p.OrderDays) == MaxOrderDays; cut {
		if i == 0 {
			return nil, true
		}
		p.OrderDays = p.OrderDays[:copy(p.OrderDays, p.OrderDays[1:])]
		i--
	}
	p.OrderDays = append(p.OrderDays, OrderDay{})
	copy(p.OrderDays[i+1:], p.OrderDays[i:])
	p.OrderDays[i] = OrderDay{Day: day}
	return &p.OrderDays[i], cut
}

// DropOrderDay removes the entry of a day if nothing is left on it.
func (p *orderPart) DropOrderDay(day int32) {
	i := p.OrderDays.search(day)
	if i < len(p.OrderDays) && p.OrderDays[i].Day == day && p.OrderDays[i].empty() {
		p.OrderDays = append(p.OrderDays[:i], p.OrderDays[i+1:]...)
	}
}

// ForgetOrderDays removes the entries of the days up to last.
func (p *orderPart) ForgetOrderDays(last int32) {
	if n := p.OrderDays.search(last + 1); n > 0 {
		p.OrderDays = p.OrderDays[:copy(p.OrderDays, p.OrderDays[n:])]
	}
}

// The section of order days has for each day, oldest first, a varint: how many
// days after the one before (the first: after 1970-01-01) above three bits that
// say what follows. The net that margins are of is written where it is not the
// day's own.
const (
	orderDayMargin = 1 << iota
	orderDayMarginNet
	orderDayForeign
	orderDayBits = iota
)

// netOf is the net of a day, 0 where nothing is known of it.
func (c *Customer) netOf(day int32) int64 {
	if d := c.Days.Find(day); d != nil {
		return d.Net
	}
	return 0
}

func (c *Customer) appendOrderDays(out []byte) []byte {
	before := int32(0)
	for i := range c.OrderDays {
		d := &c.OrderDays[i]
		what := uint64(0)
		if d.Margin != 0 {
			what |= orderDayMargin
		}
		if d.MarginNet != c.netOf(d.Day) {
			what |= orderDayMarginNet
		}
		if d.Foreign != 0 {
			what |= orderDayForeign
		}
		out = binary.AppendUvarint(out, uint64(uint32(d.Day-before))<<orderDayBits|what)
		if d.Margin != 0 {
			out = appendVarint(out, d.Margin)
		}
		if what&orderDayMarginNet != 0 {
			out = appendVarint(out, d.MarginNet)
		}
		if d.Foreign != 0 {
			out = binary.AppendUvarint(out, uint64(d.Foreign))
		}
		before = d.Day
	}
	return out
}

func (c *Customer) readOrderDays(r *Reader) {
	before, n := int32(0), 0 // the days have been read
	for ; len(r.in) > 0 && n < MaxOrderDays; n++ {
		d := &c.orderDayBuffer[n]
		v := r.UpTo(1<<(32+orderDayBits) - 1)
		*d = OrderDay{Day: before + int32(uint32(v>>orderDayBits))}
		if v&orderDayMargin != 0 {
			d.Margin = r.varint()
		}
		if d.MarginNet = c.netOf(d.Day); v&orderDayMarginNet != 0 {
			d.MarginNet = r.varint()
		}
		if v&orderDayForeign != 0 {
			d.Foreign = uint16(r.UpTo(1<<16 - 1))
		}
		before = d.Day
	}
	c.OrderDays = c.orderDayBuffer[:n]
}
