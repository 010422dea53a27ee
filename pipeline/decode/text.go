package decode

import (
	"encoding/binary"
	"unicode/utf8"
)

// unescape appends the text of raw, a string that the scanner has checked, and
// gives it as a slice of the arena.
func (a *Arena) unescape(raw []byte) []byte {
	start := len(a.buf)
	buf := a.buf
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
	a.buf = buf
	return buf[start:len(buf):len(buf)]
}

// hasControl says whether valid UTF-8 text holds a control character: U+0000
// to U+001F or U+007F to U+009F.
func hasControl(text []byte) bool {
	if len(text) >= 8 {
		i := 0
		for ; i+8 <= len(text); i += 8 {
			if suspect(binary.LittleEndian.Uint64(text[i:])) {
				return searchControl(text)
			}
		}
		if suspect(binary.LittleEndian.Uint64(text[len(text)-8:])) {
			return searchControl(text)
		}
		return false
	}
	return searchControl(text)
}

// suspect says whether one of eight bytes may be part of a control character:
// below 0x20, or 0x7f and above.
func suspect(w uint64) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	return (w|(w+ones)|(w-0x20*ones))&high != 0
}

func searchControl(text []byte) bool {
	for i, c := range text {
		if c < 0x20 || c == 0x7f || c == 0xc2 && text[i+1] < 0xa0 {
			return true
		}
	}
	return false
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
