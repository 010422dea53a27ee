package civil

import (
	"strings"
	"time"

	"github.com/holdfast/holdfast/pipeline/decode"
)

// dayForms are the ways in which files write a day alone.
var dayForms = []string{time.DateOnly, "20060102"}

// Parse reads a moment as files write it, to the microsecond: an instant with
// its offset as on a topic, a time without one, which is meant in the zone, or
// a day alone, which is its noon in the zone.
func Parse(text string, zone *time.Location) (time.Time, bool) {
	for _, form := range dayForms {
		if len(text) != len(form) {
			continue
		}
		if day, err := time.Parse(form, text); err == nil {
			return Noon(day, zone), true
		}
	}
	if at, ok := decode.ParseInstant([]byte(withoutZoneName(text))); ok {
		return time.UnixMicro(int64(at)).UTC(), true
	}
	wall, ok := decode.ParseInstant([]byte(text + "Z"))
	if !ok {
		return time.Time{}, false
	}
	return In(time.UnixMicro(int64(wall)), zone), true
}

// withoutZoneName leaves out the name that stands behind an offset (Go's own
// String, Java's ZonedDateTime), and reads the name UTC as an offset.
func withoutZoneName(text string) string {
	if before, found := strings.CutSuffix(text, " UTC"); found {
		if strings.HasSuffix(before, " +0000") {
			return before
		}
		return before + "Z"
	}
	if before, name, found := strings.Cut(text, "["); found && strings.HasSuffix(name, "]") {
		return before
	}
	if i := strings.LastIndexByte(text, ' '); i > len("2006-01-02 15:04 +") && isZoneName(text[i+1:]) {
		return text[:i]
	}
	return text
}

// isZoneName reports whether a word is like CEST.
func isZoneName(word string) bool {
	return len(word) >= 3 && len(word) <= 5 && strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}
