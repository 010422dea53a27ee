package decode

import "github.com/holdfast/holdfast/pipeline/event"

// The first instant and the end of the years 0 to 9999, of which times can be
// written.
const (
	firstYear  = event.Instant(-62167219200) * event.Second
	endOfYears = event.Instant(253402300800) * event.Second
)

// maxEpochText bounds the text of an epoch, in bytes.
const maxEpochText = 64

// parseEpoch reads a whole or decimal number, with an exponent or not, that
// becomes microseconds since 1970 by the power of ten of shift. What is finer
// is cut off towards the past, as in ParseInstant. It refuses what is outside
// of the years 0 to 9999.
func parseEpoch(text []byte, shift int) (event.Instant, bool) {
	if len(text) > maxEpochText {
		return 0, false
	}
	negative := len(text) > 0 && text[0] == '-'
	if negative {
		text = text[1:]
	}
	whole := digitsOf(text)
	rest := text[len(whole):]
	var decimals []byte
	if len(rest) > 0 && rest[0] == '.' {
		decimals = digitsOf(rest[1:])
		if len(decimals) == 0 {
			return 0, false
		}
		rest = rest[1+len(decimals):]
	}
	exponent, ok := exponentOf(rest)
	if !ok || len(whole) == 0 {
		return 0, false
	}
	micros, inexact, ok := scaled(whole, decimals, len(whole)+exponent+shift)
	if negative {
		if micros = -micros; inexact {
			micros--
		}
	}
	return micros, ok && micros >= firstYear && micros < endOfYears
}

// scaled reads the first digits of whole and decimals, as many as are given, as
// an integer, filled up with zeros. It says whether digits other than 0 were
// left over, and whether the number is small enough to be a time.
func scaled(whole, decimals []byte, digits int) (n event.Instant, inexact, ok bool) {
	for i := range max(digits, len(whole)+len(decimals)) {
		c := byte('0')
		switch {
		case i < len(whole):
			c = whole[i]
		case i < len(whole)+len(decimals):
			c = decimals[i-len(whole)]
		}
		if i >= digits {
			inexact = inexact || c != '0'
		} else if n = n*10 + event.Instant(c-'0'); n > endOfYears {
			return 0, false, false
		}
	}
	return n, inexact, true
}

// digitsOf gives the digits at the beginning of b.
func digitsOf(b []byte) []byte {
	n := 0
	for n < len(b) && b[n]-'0' <= 9 {
		n++
	}
	return b[:n]
}

// exponentOf reads an exponent of up to two digits; no text means none.
func exponentOf(b []byte) (int, bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0]|0x20 != 'e' {
		return 0, false
	}
	b = b[1:]
	negative := len(b) > 0 && b[0] == '-'
	if negative || len(b) > 0 && b[0] == '+' {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 2 || len(digitsOf(b)) != len(b) {
		return 0, false
	}
	n := 0
	for _, c := range b {
		n = n*10 + int(c-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}
