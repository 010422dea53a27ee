package json

import (
	"unicode/utf8"

	"github.com/holdfast/holdfast/pipeline/decode"
)

// unescape appends the text of raw, a string that the scanner has checked, to
// the arena and returns it as a slice of the arena.
func unescape(arena *decode.Arena, raw []byte) []byte {
	start := len(arena.Buf)
	buf := arena.Buf
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			buf = append(buf, raw[i])
			i++
			continue
		}
		c := raw[i+1]
		i += 2
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r, _ := hex4(raw, i)
			i += 4
			if r >= 0xd800 && r <= 0xdfff {
				low, _ := hex4(raw, i+2)
				r = (r-0xd800)<<10 | (low - 0xdc00) + 0x10000
				i += 6
			}
			buf = utf8.AppendRune(buf, r)
			continue
		}
		buf = append(buf, c)
	}
	arena.Buf = buf
	return buf[start:len(buf):len(buf)]
}

// loneSurrogate looks for an escaped surrogate without its other half in text
// that is not JSON as a whole: within anything between quotes.
func loneSurrogate(b []byte) bool {
	s := scanner{b: b}
	inside := false
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '"':
			inside = !inside
		case inside && b[i] == '\\':
			n := s.escape(i)
			if s.encoding {
				return true
			}
			i += max(n, 2) - 1
		}
	}
	return false
}
