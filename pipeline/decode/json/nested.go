package json

import (
	"bytes"
	"slices"
)

// array scans an array.
func (s *scanner) array(tok *token, i, depth int) int {
	start := i
	more, i := s.open(']', i, depth)
	for more {
		if i = s.value(tok, i, depth); i < 0 {
			return bad
		}
		more, i = s.next(']', i)
	}
	tok.start, tok.end, tok.kind = int32(start), int32(i), tokenArray
	return i
}

// object scans an object below the record's own.
func (s *scanner) object(tok *token, i, depth int) int {
	start, base := i, len(s.names)
	more, i := s.open('}', i, depth)
	for more {
		var name []byte
		if name, i = s.name(i); i < 0 {
			return bad
		}
		s.names = append(s.names, name)
		if i = s.value(tok, i, depth); i < 0 {
			return bad
		}
		more, i = s.next('}', i)
	}
	if s.names.twice(base) {
		s.twice = true
	}
	s.names = s.names[:base]
	tok.start, tok.end, tok.kind = int32(start), int32(i), tokenObject
	return i
}

// open steps over an opening bracket and reports whether an element follows.
func (s *scanner) open(closing byte, i, depth int) (more bool, after int) {
	if depth > maxDepth {
		return false, bad
	}
	i = space(s.b, i+1)
	if i < len(s.b) && s.b[i] == closing {
		return false, i + 1
	}
	return true, i
}

// next steps over what follows an element and reports whether another follows.
func (s *scanner) next(closing byte, i int) (more bool, after int) {
	b := s.b
	if i+1 < len(b) && b[i] == ',' && b[i+1] > ' ' { // no white space, as most often
		return true, i + 1
	}
	i = space(b, i)
	switch {
	case i >= len(b):
		return false, bad
	case b[i] == ',':
		return true, space(b, i+1)
	case b[i] == closing:
		return false, i + 1
	}
	return false, bad
}

// name scans a field name and its colon, up to the value. The name aliases the
// record, or the arena where it was written with escapes.
func (s *scanner) name(i int) ([]byte, int) {
	if i >= len(s.b) || s.b[i] != '"' {
		return nil, bad
	}
	var tok token
	if i = s.text(&tok, i); i < 0 {
		return nil, bad
	}
	i = space(s.b, i)
	if i >= len(s.b) || s.b[i] != ':' {
		return nil, bad
	}
	name := s.b[tok.start:tok.end]
	if tok.kind == tokenEscaped {
		name = unescape(s.arena, name)
	}
	return name, space(s.b, i+1)
}

// nameStack holds the field names of the objects being scanned, the innermost
// last; of the record's own object only those that the schema does not know.
type nameStack [][]byte

const (
	namesCompared = 12  // up to so many names each is compared with each
	namesKept     = 256 // a longer stack is given back after its record
)

// twice reports whether a name stands twice from base on. It may reorder them.
func (n nameStack) twice(base int) bool {
	own := n[base:]
	if len(own) > namesCompared {
		slices.SortFunc(own, bytes.Compare) // n log n whatever the names are
		for i := 1; i < len(own); i++ {
			if bytes.Equal(own[i-1], own[i]) {
				return true
			}
		}
		return false
	}
	for i, name := range own {
		for _, other := range own[:i] {
			if len(name) == len(other) && string(name) == string(other) {
				return true
			}
		}
	}
	return false
}

// release forgets the names, so that they keep no record alive.
func (n *nameStack) release() {
	used := (*n)[:cap(*n)]
	if cap(used) > namesKept {
		*n = nil
		return
	}
	clear(used)
	*n = used[:0]
}
