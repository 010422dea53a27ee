package json

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/holdfast/holdfast/pipeline/decode"
)

// tokenKind is the lexical kind of one JSON value.
type tokenKind uint8

const (
	tokenNull    tokenKind = iota
	tokenString            // without escapes: its bytes are its text
	tokenEscaped           // a string with at least one escape
	tokenInteger           // no fraction, no exponent; value in number
	tokenBig               // an integer of more than 18 digits: beyond every range of the schema
	tokenReal              // a number with fraction or exponent
	tokenTrue
	tokenFalse
	tokenObject
	tokenArray
)

// token is one scanned value: where it stands and what it is. Of strings the
// place is without the quotes. It holds offsets, not slices, so that a decoder
// keeps nothing of a record alive.
type token struct {
	start, end int32
	kind       tokenKind
	number     int64 // of tokenInteger; 1 of tokenTrue, 0 of tokenFalse
}

// maxDepth is how deep objects and arrays may nest; the record is depth 1.
const maxDepth = 8

// scanner reads strict JSON (RFC 8259) from b. Its methods take the place where
// something must begin and give the place behind it, or bad where it is not
// there; encoding then says whether that was bad text rather than bad syntax.
// (The place is handed on and not a field because its way through memory would
// be the longest chain of a scan.) Fields that stand twice in an object are
// noted in twice and read over, because bad text further on would come first.
type scanner struct {
	b        []byte
	encoding bool
	twice    bool
	arena    *decode.Arena
	names    nameStack
}

// bad is the place behind what is not there.
const bad = -1

// space gives the place of the next byte that is not white space.
func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// value scans one value; depth is that of what holds it.
func (s *scanner) value(tok *token, i, depth int) int {
	if i >= len(s.b) {
		return bad
	}
	switch c := s.b[i]; {
	case c == '"':
		return s.text(tok, i)
	case c-'0' <= 9 || c == '-':
		return s.numeral(tok, i)
	case c == '{':
		return s.object(tok, i, depth+1)
	case c == '[':
		return s.array(tok, i, depth+1)
	case c == 't':
		tok.kind, tok.number = tokenTrue, 1
		return s.literal("true", i)
	case c == 'f':
		tok.kind, tok.number = tokenFalse, 0
		return s.literal("false", i)
	case c == 'n':
		tok.kind = tokenNull
		return s.literal("null", i)
	}
	return bad
}

func (s *scanner) literal(word string, i int) int {
	if end := i + len(word); end <= len(s.b) && string(s.b[i:end]) == word {
		return end
	}
	return bad
}

// text scans a string with its quotes.
func (s *scanner) text(tok *token, i int) int {
	b := s.b
	i++
	start, kind := i, tokenString
	for {
		for i+8 <= len(b) {
			if m := special(binary.LittleEndian.Uint64(b[i:])); m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		if i >= len(b) {
			return bad
		}
		switch c := b[i]; {
		case c == '"':
			tok.start, tok.end, tok.kind = int32(start), int32(i), kind
			return i + 1
		case c == '\\':
			n := s.escape(i)
			if n == 0 {
				return bad
			}
			i, kind = i+n, tokenEscaped
		case c < 0x20:
			return bad
		case c < utf8.RuneSelf:
			i++
		default:
			_, n := utf8.DecodeRune(b[i:])
			if n == 1 {
				s.encoding = true
				return bad
			}
			i += n
		}
	}
}

// plain gives the place of the quote that ends the plain text at i, or bad
// where the text has anything that needs a closer look.
func plain(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		if m := special(binary.LittleEndian.Uint64(b[i:])); m != 0 {
			if i += bits.TrailingZeros64(m) >> 3; b[i] == '"' {
				return i
			}
			return bad
		}
	}
	return bad
}

// small reads an integer of up to 18 digits without sign and gives the place
// behind it, or bad where there is none.
func small(b []byte, i int) (after int, number int64) {
	first := i
	for i < len(b) && b[i]-'0' <= 9 {
		number = number*10 + int64(b[i]-'0')
		i++
	}
	if digits := i - first; digits == 0 || digits > 18 || digits > 1 && b[first] == '0' {
		return bad, 0
	}
	return i, number
}

// special marks, in the highest bit of each byte, those of eight bytes that
// end a run of plain text: quote, backslash, control characters and what is
// not ASCII. Only the lowest mark is exact, which is the one that counts: a
// borrow reaches only the bytes above the one that it marks.
func special(w uint64) uint64 {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	quote, slash := w^'"'*ones, w^'\\'*ones
	return ((quote - ones) | (slash - ones) | (w - 0x20*ones) | w) & high
}

// escape checks the escape whose backslash is at i and gives its length, 0 if
// it is none. A pair of surrogates is one escape.
func (s *scanner) escape(i int) int {
	b := s.b
	if i+1 >= len(b) {
		return 0
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
	default:
		return 0
	}
	r, ok := hex4(b, i+2)
	switch {
	case !ok:
		return 0
	case r < 0xd800 || r > 0xdfff:
		return 6
	}
	if r < 0xdc00 && i+7 < len(b) && b[i+6] == '\\' && b[i+7] == 'u' {
		if low, ok := hex4(b, i+8); ok && low >= 0xdc00 && low <= 0xdfff {
			return 12
		}
	}
	s.encoding = true
	return 0
}

// hex4 reads four hexadecimal digits at i.
func hex4(b []byte, i int) (rune, bool) {
	if i+4 > len(b) {
		return 0, false
	}
	var r rune
	for _, c := range b[i : i+4] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// numeral scans a number.
func (s *scanner) numeral(tok *token, i int) int {
	b := s.b
	tok.start = int32(i)
	negative := b[i] == '-'
	if negative {
		i++
	}
	first := i
	var n int64
	for i < len(b) && b[i]-'0' <= 9 {
		n = n*10 + int64(b[i]-'0') // wraps beyond 18 digits, where it is not used
		i++
	}
	digits := i - first
	if digits == 0 || digits > 1 && b[first] == '0' {
		return bad
	}
	if negative {
		n = -n
	}
	tok.kind, tok.number = tokenInteger, n
	if digits > 18 {
		tok.kind = tokenBig
	}
	if i < len(b) && (b[i] == '.' || b[i]|0x20 == 'e') {
		tok.kind = tokenReal
		i = fraction(b, i)
	}
	tok.end = int32(i)
	return i
}

// fraction gives the end of the fraction and exponent that begin at i, or bad.
func fraction(b []byte, i int) int {
	if b[i] == '.' {
		first := i + 1
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
		}
		if i == first {
			return bad
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		first := i
		for ; i < len(b) && b[i]-'0' <= 9; i++ {
		}
		if i == first {
			return bad
		}
	}
	return i
}
