package json

import (
	"encoding/binary"
	"strconv"
)

// quickName compares a field name, with its quotes and colon, with the bytes
// of a record by two words instead of a call: the first eight bytes and the
// last eight, which may overlap. What lies between is compared only for names
// longer than twelve characters.
type quickName struct {
	first, firstMask uint64
	last             uint64
	length           uint32
	tail             uint32 // where the last eight bytes begin
	middle           string // the bytes from eight to tail
}

// newQuickName prepares the name of a source field. The name "" fits nothing.
func newQuickName(source string) quickName {
	if source == "" {
		return quickName{}
	}
	quoted := strconv.Quote(source) + ":"
	n := len(quoted)
	padded := []byte(quoted + "\x00\x00\x00\x00\x00\x00\x00\x00")
	q := quickName{length: uint32(n), firstMask: ^uint64(0), tail: uint32(max(n-8, 0))}
	if n < 8 {
		q.firstMask = 1<<(8*n) - 1
	}
	q.first = binary.LittleEndian.Uint64(padded) & q.firstMask
	q.last = q.first
	if n >= 8 {
		q.last = binary.LittleEndian.Uint64(padded[q.tail:])
	}
	if n > 16 {
		q.middle = quoted[8:q.tail]
	}
	return q
}

// starts reports whether the name stands at i of b. It may say no at the very end
// of b, and never looks beyond it.
func (q *quickName) starts(b []byte, i int) bool {
	if q.length == 0 || i+int(q.tail)+8 >= len(b) {
		return false
	}
	if binary.LittleEndian.Uint64(b[i:])&q.firstMask != q.first {
		return false
	}
	j := i + int(q.tail)
	if q.tail > 0 && binary.LittleEndian.Uint64(b[j:]) != q.last {
		return false
	}
	return len(q.middle) == 0 || string(b[i+8:j]) == q.middle
}
