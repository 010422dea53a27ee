package textfile

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Listed names columns, at most as many as a line can hold.
func Listed(columns []string) string {
	const most = 40
	words := make([]string, 0, most+1)
	for _, column := range columns[:min(len(columns), most)] {
		words = append(words, Printed(column))
	}
	if more := len(columns) - most; more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, ", ")
}

// Printed is a text from a file as it may be shown: nothing in it moves the
// cursor.
func Printed(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
		return strconv.Quote(text)
	}
	return text
}
