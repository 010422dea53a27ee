package decode

import (
	"encoding/binary"

	"github.com/holdfast/holdfast/pipeline/event"
)

// Instants other than occurred_at lie in the years 1990 to 2200.
const (
	firstInstant = DefaultMinEventTime
	endOfInstant = event.Instant(7289654400) * event.Second // 2201-01-01T00:00:00Z
)

// dateCache remembers the date read last: most instants of a stream share it.
type dateCache struct {
	year4, month4 uint64 // its ten bytes, overlapping
	days          int64
	filled        bool
}

// ParseInstant reads an instant in the forms in common use: RFC 3339 with any
// offset up to ±18:00 and 0 to 9 digits of a second. Beyond the letter of the
// RFC it takes a space for the T, a comma for the point, small t and z, one
// space before the offset, +hhmm and +hh, and hh:mm where the second is 0 (as
// Java leaves it out). What is finer than a microsecond is cut off, so that no
// instant is later than it was written, before 1970 either. Dates that the
// calendar does not have, 24:00 and the second 60 are refused, and so are
// times without an offset.
func ParseInstant(text []byte) (event.Instant, bool) {
	var dates dateCache
	return dates.instant(text)
}

// instant is ParseInstant. The usual spelling, YYYY-MM-DDThh:mm:ss[.digits]Z,
// is read in one go; others take the longer way.
func (c *dateCache) instant(b []byte) (event.Instant, bool) {
	if len(b) < 20 || len(b) > 30 || b[10] != 'T' || b[13] != ':' || b[16] != ':' || b[len(b)-1] != 'Z' {
		return c.spelled(b)
	}
	days, ok := c.date(b[:10])
	hour, okHour := twoDigits(b[11:])
	minute, okMinute := twoDigits(b[14:])
	second, okSecond := twoDigits(b[17:])
	if !ok || !okHour || !okMinute || !okSecond || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	micros, ok := microseconds(b[19 : len(b)-1])
	if !ok {
		return c.spelled(b)
	}
	t := ((days*24+hour)*60+minute)*60 + second
	return event.Instant(t)*event.Second + event.Instant(micros), true
}

// microseconds reads a fraction of a second: empty, or a point or comma and one
// to nine digits, of which those after the sixth are cut off.
func microseconds(b []byte) (int64, bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0] != '.' && b[0] != ',' || len(b) == 1 || len(b) > 10 {
		return 0, false
	}
	var n int64
	for i := 1; i < 7; i++ {
		n *= 10
		if i < len(b) {
			if b[i]-'0' > 9 {
				return 0, false
			}
			n += int64(b[i] - '0')
		}
	}
	for i := 7; i < len(b); i++ {
		if b[i]-'0' > 9 {
			return 0, false
		}
	}
	return n, true
}

func twoDigits(b []byte) (int64, bool) {
	tens, ones := b[0]-'0', b[1]-'0'
	return int64(tens)*10 + int64(ones), tens <= 9 && ones <= 9
}

// date reads YYYY-MM-DD as days since 1970-01-01.
func (c *dateCache) date(b []byte) (int64, bool) {
	if len(b) != 10 {
		return 0, false
	}
	head, tail := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[2:])
	if c.filled && c.year4 == head && c.month4 == tail {
		return c.days, true
	}
	century, ok1 := twoDigits(b)
	year, ok2 := twoDigits(b[2:])
	month, ok3 := twoDigits(b[5:])
	day, ok4 := twoDigits(b[8:])
	year += century * 100
	if !ok1 || !ok2 || !ok3 || !ok4 || b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	*c = dateCache{head, tail, daysSinceEpoch(year, month, day), true}
	return c.days, true
}

var monthDays = [13]int64{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func daysIn(year, month int64) int64 {
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		return 29
	}
	return monthDays[month]
}

// daysSinceEpoch counts in years that begin in March, so that the leap day is
// the last of its year: 153 days are five months from March on.
func daysSinceEpoch(year, month, day int64) int64 {
	if month < 3 {
		year, month = year-1, month+12
	}
	year += 400 // keeps the divisions positive for the year 0
	leaps := year/4 - year/100 + year/400
	return year*365 + leaps + (153*(month-3)+2)/5 + day - 1 - (719468 + 146097)
}
