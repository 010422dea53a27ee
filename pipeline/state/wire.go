package state

import (
	"encoding/binary"

	"github.com/holdfast/holdfast/pipeline/event"
)

// Reader reads a section that was written by the functions of this file. After
// a value that is cut or beyond its limit it is bad, and everything it gives is
// zero.
type Reader struct {
	in  []byte
	bad bool
}

// NewReader reads b, which it does not change.
func NewReader(b []byte) Reader { return Reader{in: b} }

// More reports whether something is left to read.
func (r *Reader) More() bool { return len(r.in) > 0 }

// Bad reports whether a value was cut or beyond its limit.
func (r *Reader) Bad() bool { return r.bad }

func (r *Reader) fail() {
	r.in, r.bad = nil, true
}

func (r *Reader) take(n int) []byte {
	if n > len(r.in) {
		r.fail()
		return nil
	}
	b := r.in[:n]
	r.in = r.in[n:]
	return b
}

// Byte reads one byte.
func (r *Reader) Byte() uint8 {
	if len(r.in) == 0 {
		r.fail()
		return 0
	}
	b := r.in[0]
	r.in = r.in[1:]
	return b
}

// Uvarint reads a number that encoding/binary wrote.
func (r *Reader) Uvarint() uint64 {
	if len(r.in) > 0 && r.in[0] < 0x80 {
		v := uint64(r.in[0])
		r.in = r.in[1:]
		return v
	}
	v, n := binary.Uvarint(r.in)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.in = r.in[n:]
	return v
}

// UpTo reads a number that may not be greater than most.
func (r *Reader) UpTo(most uint64) uint64 {
	v := r.Uvarint()
	if v > most {
		r.fail()
		return 0
	}
	return v
}

func (r *Reader) varint() int64 { return unzigzag(r.Uvarint()) }

// Day reads what AppendDay wrote.
func (r *Reader) Day() event.Day { return event.Day(int32(unzigzag(r.UpTo(1<<32 - 1)))) }

func (r *Reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// Uint64 reads 8 bytes; 0 where there are fewer.
func (r *Reader) Uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// key reads KeyBits of a hash.
func (r *Reader) key() uint64 {
	b := r.take(KeyBits / 8)
	if b == nil {
		return 0
	}
	return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[3:]))>>8<<32
}

func appendKey(out []byte, key uint64) []byte {
	out = binary.LittleEndian.AppendUint32(out, uint32(key))
	return append(out, byte(key>>32), byte(key>>40), byte(key>>48))
}

func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

func appendVarint(out []byte, v int64) []byte { return binary.AppendUvarint(out, zigzag(v)) }

// AppendDay writes a day.
func AppendDay(out []byte, d event.Day) []byte { return binary.AppendUvarint(out, zigzag(int64(d))) }

// The units of a span, in its two lowest bits.
const (
	spanMicroseconds = iota
	spanMilliseconds
	spanSeconds
	spanRaw // 8 bytes follow
)

// AppendSpan writes a length of time (of either sign) in the longest unit that
// it is a whole number of: instants of producers are seldom finer than a
// millisecond.
func AppendSpan(out []byte, span event.Instant) []byte {
	unit := uint64(spanMicroseconds)
	v := int64(span)
	switch {
	case v%int64(event.Millisecond) != 0:
	case v%int64(event.Second) == 0:
		v, unit = v/int64(event.Second), spanSeconds
	default:
		v, unit = v/int64(event.Millisecond), spanMilliseconds
	}
	z := zigzag(v)
	if z>>62 != 0 {
		return binary.LittleEndian.AppendUint64(append(out, spanRaw), uint64(span))
	}
	return binary.AppendUvarint(out, z<<2|unit)
}

// Span reads what AppendSpan wrote.
func (r *Reader) Span() event.Instant {
	w := r.Uvarint()
	v := event.Instant(unzigzag(w >> 2))
	switch w & 3 {
	case spanMilliseconds:
		return v * event.Millisecond
	case spanSeconds:
		return v * event.Second
	case spanRaw:
		if b := r.take(8); b != nil {
			return event.Instant(binary.LittleEndian.Uint64(b))
		}
		return 0
	}
	return v
}
