package signal

import (
	"strings"
	"unsafe"
)

// sideData is what one column keeps outside the row buffer, because the row
// only points to it. Rows come in order, so texts lie in order too: a row's
// copy holds a length (shapeBytes, shapeString), a number of elements (lists)
// or a code (shapeInterned).
type sideData struct {
	arena   []byte            // texts, or codes of enumeration lists, back to back
	lengths []uint64          // of the elements of text lists
	codes   map[string]uint64 // of interned strings
	values  []string          // interned strings by code
	last    string            // the latest interned string,
	code    uint64            // and its code
}

// keptStrings bounds what an interned column remembers from block to block.
const keptStrings = 4096

// put copies what the row's field at from points to, and writes what stands for
// it to the copy of the row. It gives the number of bytes put aside.
func (s *sideData) put(of shape, from unsafe.Pointer, to *uint64) int {
	switch of {
	case shapeInterned:
		return s.intern(*(*string)(from), to)
	case shapeString:
		text := *(*string)(from)
		s.arena = append(s.arena, text...)
		*to = uint64(len(text))
		return len(text)
	case shapeBytes, shapeEnumList: // a slice of one-byte elements either way
		return s.putBytes(*(*[]byte)(from), to)
	default: // shapeTextList
		list := *(*[]string)(from)
		size := 4 * len(list)
		for _, text := range list {
			s.arena = append(s.arena, text...)
			s.lengths = append(s.lengths, uint64(len(text)))
			size += len(text)
		}
		*to = uint64(len(list))
		return size
	}
}

// putBytes copies a text or a list of codes.
func (s *sideData) putBytes(text []byte, to *uint64) int {
	s.arena = append(s.arena, text...)
	*to = uint64(len(text))
	return len(text)
}

// intern gives the text's code. Most columns of this kind hold the same string
// row after row, so the latest is looked at before the map.
func (s *sideData) intern(text string, to *uint64) int {
	if text == s.last && len(s.values) > 0 {
		*to = s.code
		return 0
	}
	size := 0
	code, known := s.codes[text]
	if !known {
		code, text = uint64(len(s.values)), strings.Clone(text)
		s.codes[text] = code
		s.values = append(s.values, text)
		size = len(text) + 4
	}
	s.last, s.code = s.values[code], code
	*to = code
	return size
}

// reset empties the column for the next block. Interned strings stay, so that
// an append in steady state does not allocate; their size is the result,
// because the next block may name them all.
func (s *sideData) reset() int {
	s.arena, s.lengths = s.arena[:0], s.lengths[:0]
	if len(s.values) > keptStrings {
		clear(s.codes)
		clear(s.values)
		s.values, s.last, s.code = s.values[:0], "", 0
	}
	size := 0
	for _, text := range s.values {
		size += len(text) + 4
	}
	return size
}
