package lexer

import (
	"strconv"
	"strings"
)

// unquote is what the engine reads in a quoted name or text: escapes are
// resolved, doubled quotes are one. quote is the mark around it.
func unquote(inner string, quote byte) string {
	if strings.IndexByte(inner, '\\') < 0 && strings.IndexByte(inner, quote) < 0 {
		return inner
	}
	var out strings.Builder
	for i := 0; i < len(inner); i++ {
		c := inner[i]
		switch {
		case c == quote && i+1 < len(inner) && inner[i+1] == quote:
			i++
			out.WriteByte(quote)
		case c != '\\' || i+1 == len(inner):
			out.WriteByte(c)
		default:
			i = escape(&out, inner, i+1)
		}
	}
	return out.String()
}

// escaped are the escapes of one letter; others stand for their letter.
var escaped = map[byte]byte{'a': '\a', 'b': '\b', 'e': 0x1b, 'f': '\f', 'n': '\n',
	'r': '\r', 't': '\t', 'v': '\v', '0': 0}

// escape writes what stands behind a backslash and returns the place of its last byte.
func escape(out *strings.Builder, inner string, i int) int {
	switch c := inner[i]; c {
	case 'N': // nothing
	case 'x':
		if i+2 < len(inner) {
			if n, err := strconv.ParseUint(inner[i+1:i+3], 16, 8); err == nil {
				out.WriteByte(byte(n))
				return i + 2
			}
		}
		out.WriteByte(c)
	case 'u':
		if i+4 < len(inner) {
			if n, err := strconv.ParseUint(inner[i+1:i+5], 16, 32); err == nil {
				out.WriteRune(rune(n))
				return i + 4
			}
		}
		out.WriteByte(c)
	default:
		if special, ok := escaped[c]; ok {
			c = special
		}
		out.WriteByte(c)
	}
	return i
}
