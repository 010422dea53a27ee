package json

import "github.com/holdfast/holdfast/pipeline/decode"

// Members gives each member of a JSON object by the decoder's own scanner, so
// that names, escapes and depth are judged as they are in a record: names are
// compared exactly. It stops and returns false where the value is not one
// object that a decoder would read. raw is the value as it stands; text is that
// of a string without its escapes, and raw for everything else. Both are valid
// until the value or the arena is reused.
func Members(value []byte, arena *decode.Arena, visit func(name, raw, text []byte)) bool {
	s := scanner{b: value, arena: arena}
	i := space(value, 0)
	if i >= len(value) || value[i] != '{' {
		return false
	}
	var tok token
	more, i := s.open('}', i, 1)
	for more {
		var name []byte
		if name, i = s.name(i); i < 0 {
			return false
		}
		start := i
		if i = s.value(&tok, i, 1); i < 0 {
			return false
		}
		raw := value[start:i]
		text := raw
		switch tok.kind {
		case tokenString:
			text = value[tok.start:tok.end]
		case tokenEscaped:
			text = unescape(arena, value[tok.start:tok.end])
		default: // as it stands
		}
		visit(name, raw, text)
		more, i = s.next('}', i)
	}
	return i >= 0 && space(value, i) == len(value)
}
