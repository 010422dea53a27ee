package decode

import (
	"bytes"
	"slices"
)

// array scans an array whose bracket is at pos.
func (s *scanner) array(tok *token, depth int) bool {
	start := s.pos
	more, ok := s.open(']', depth)
	for more && ok {
		if !s.value(tok, depth) {
			return false
		}
		more, ok = s.next(']')
	}
	tok.start, tok.end, tok.kind = int32(start), int32(s.pos), tokenArray
	return ok
}

// object scans an object below the record's own, whose brace is at pos.
func (s *scanner) object(tok *token, depth int) bool {
	start, base := s.pos, len(s.names)
	more, ok := s.open('}', depth)
	for more && ok {
		name, named := s.name()
		if !named {
			return false
		}
		s.names = append(s.names, name)
		if !s.value(tok, depth) {
			return false
		}
		more, ok = s.next('}')
	}
	if s.names.twice(base) {
		s.twice = true
	}
	s.names = s.names[:base]
	tok.start, tok.end, tok.kind = int32(start), int32(s.pos), tokenObject
	return ok
}

// open steps over an opening bracket and says whether an element follows.
func (s *scanner) open(closing byte, depth int) (more, ok bool) {
	if depth > maxDepth {
		return false, false
	}
	s.pos++
	s.space()
	if s.pos < len(s.b) && s.b[s.pos] == closing {
		s.pos++
		return false, true
	}
	return true, true
}

// next steps over what follows an element and says whether another follows.
func (s *scanner) next(closing byte) (more, ok bool) {
	s.space()
	if s.pos >= len(s.b) {
		return false, false
	}
	c := s.b[s.pos]
	s.pos++
	if c == ',' {
		s.space()
		return true, true
	}
	return false, c == closing
}

// name scans a field name and its colon, up to the value. The name aliases the
// record, or the arena where it was written with escapes.
func (s *scanner) name() ([]byte, bool) {
	if s.pos >= len(s.b) || s.b[s.pos] != '"' {
		return nil, false
	}
	var tok token
	if !s.text(&tok) {
		return nil, false
	}
	s.space()
	if s.pos >= len(s.b) || s.b[s.pos] != ':' {
		return nil, false
	}
	s.pos++
	s.space()
	name := s.b[tok.start:tok.end]
	if tok.kind == tokenEscaped {
		name = s.arena.unescape(name)
	}
	return name, true
}

// nameStack holds the field names of the objects being scanned, the innermost
// last; of the record's own object only those that the schema does not know.
type nameStack [][]byte

const (
	namesCompared = 12  // up to so many names each is compared with each
	namesKept     = 256 // a longer stack is given back after its record
)

// twice says whether a name stands twice from base on. It may reorder them.
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
