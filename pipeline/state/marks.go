package state

import (
	"encoding/binary"

	"github.com/holdfast/holdfast/pipeline/event"
)

// EventMark remembers one event id.
type EventMark struct {
	At   event.Instant
	Hash uint64 // FingerprintOf the event id's hash
}

// markPart is the event marks of a record.
type markPart struct {
	Events []EventMark // ascending by (At, Hash)

	eventBuffer [MaxEvents + 1]EventMark
}

const longestMarks = marksHead + MaxEvents*(markWord+longestGap)

func (p *markPart) clear() { p.Events = p.eventBuffer[:0] }

// The section of event marks, oldest first:
//
//	latest instant, 8 bytes | marks u8 | a word of 6 bytes for each mark |
//	for each mark but the first, how much later it is than the one before
//
// A word is the fingerprint above 3 bits that say how the span is written; the
// first mark's are 0. Words of one size are searched fast; a mark is added and
// the oldest dropped without looking at those between.
const (
	marksHead  = 9
	markWord   = 6
	spanBits   = 48 - FingerprintBits
	longestGap = 8
)

// spanForms are the forms of the span between two marks.
var spanForms = [1 << spanBits]struct {
	unit event.Instant
	size int
}{
	{1, 0},
	{event.Second, 2}, {event.Second, 3},
	{event.Millisecond, 3}, {event.Millisecond, 4},
	{event.Microsecond, 4}, {event.Microsecond, 6}, {event.Microsecond, 8},
}

// spanForm is the form of a span, and the number to write in it.
func spanForm(span event.Instant) (form int, v uint64) {
	if span == 0 {
		return 0, 0
	}
	if span > 0 && span%event.Millisecond == 0 {
		if s := uint64(span / event.Second); span%event.Second == 0 && s < 1<<24 {
			if s < 1<<16 {
				return 1, s
			}
			return 2, s
		}
		if ms := uint64(span / event.Millisecond); ms < 1<<32 {
			if ms < 1<<24 {
				return 3, ms
			}
			return 4, ms
		}
	}
	switch v = uint64(span); {
	case v < 1<<32:
		return 5, v
	case v < 1<<48:
		return 6, v
	}
	return 7, v
}

func appendLow(out []byte, v uint64, size int) []byte {
	for ; size > 0; size-- {
		out = append(out, byte(v))
		v >>= 8
	}
	return out
}

func low(b []byte) (v uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

func word(b []byte) uint64 {
	return uint64(binary.LittleEndian.Uint16(b)) | uint64(binary.LittleEndian.Uint32(b[2:]))<<16
}

func appendMarks(out []byte, marks []EventMark) []byte {
	out = binary.LittleEndian.AppendUint64(out, uint64(marks[len(marks)-1].At))
	out = append(out, uint8(len(marks)))
	for i := range marks {
		form := 0
		if i > 0 {
			form, _ = spanForm(marks[i].At - marks[i-1].At)
		}
		out = appendLow(out, marks[i].Hash<<spanBits|uint64(form), markWord)
	}
	for i := 1; i < len(marks); i++ {
		form, v := spanForm(marks[i].At - marks[i-1].At)
		out = appendLow(out, v, spanForms[form].size)
	}
	return out
}

func (c *Customer) readMarks(r *Reader) {
	at := event.Instant(0)
	if b := r.take(8); b != nil {
		at = event.Instant(binary.LittleEndian.Uint64(b))
	}
	n := int(r.Byte())
	words := r.take(n * markWord)
	if r.bad || n == 0 || n > MaxEvents {
		r.fail()
		return
	}
	c.Events = c.eventBuffer[:n]
	for i := range c.Events {
		w := word(words[i*markWord:])
		form := spanForms[w&(1<<spanBits-1)]
		c.Events[i] = EventMark{Hash: w >> spanBits}
		if i > 0 {
			c.Events[i].At = event.Instant(low(r.take(form.size))) * form.unit
		}
	}
	for i := n - 1; i >= 0; i-- {
		span := c.Events[i].At
		c.Events[i].At = at
		at -= span
	}
}

// hasMark reports whether a section of marks has a fingerprint.
func hasMark(section []byte, fingerprint uint64) bool {
	words := section[marksHead : marksHead+int(section[8])*markWord]
	high := uint32(fingerprint >> (FingerprintBits - 32))
	for ; len(words) >= markWord; words = words[markWord:] {
		if binary.LittleEndian.Uint32(words[2:]) == high && word(words)>>spanBits == fingerprint {
			return true
		}
	}
	return false
}

// latestMark is the instant of the latest mark.
func latestMark(section []byte) event.Instant {
	return event.Instant(binary.LittleEndian.Uint64(section))
}
