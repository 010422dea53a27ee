package decode

import "github.com/holdfast/holdfast/pipeline/event"

// maxOffset is the largest offset from UTC, in minutes: no zone has ever been
// farther away, and beyond it a number is no offset.
const maxOffset = 18 * 60

// spelled reads an instant in any spelling of ParseInstant.
func (c *dateCache) spelled(b []byte) (event.Instant, bool) {
	wall, rest, ok := c.wallClock(b)
	if !ok {
		return 0, false
	}
	offset, ok := offsetMinutes(rest)
	return wall - event.Instant(offset)*event.Minute, ok
}

// wallClock reads the date and time of day at the beginning of b and returns
// what follows. The instant is that of UTC.
func (c *dateCache) wallClock(b []byte) (wall event.Instant, rest []byte, ok bool) {
	if len(b) < 16 || b[10]|0x20 != 't' && b[10] != ' ' || b[13] != ':' {
		return 0, nil, false
	}
	days, okDate := c.date(b[:10])
	hour, okHour := twoDigits(b[11:])
	minute, okMinute := twoDigits(b[14:])
	if !okDate || !okHour || !okMinute || hour > 23 || minute > 59 {
		return 0, nil, false
	}
	wall = event.Instant((days*24+hour)*60+minute) * event.Minute
	if rest = b[16:]; len(rest) == 0 || rest[0] != ':' {
		return wall, rest, true
	}
	if len(rest) < 3 {
		return 0, nil, false
	}
	second, okSecond := twoDigits(rest[1:])
	rest = rest[3:]
	digits := fractionLength(rest)
	micros, okFraction := microseconds(rest[:digits])
	if !okSecond || second > 59 || !okFraction {
		return 0, nil, false
	}
	return wall + event.Instant(second)*event.Second + event.Instant(micros), rest[digits:], true
}

// fractionLength is the length of a point or comma and the digits behind it.
func fractionLength(b []byte) int {
	if len(b) == 0 || b[0] != '.' && b[0] != ',' {
		return 0
	}
	n := 1
	for n < len(b) && b[n]-'0' <= 9 {
		n++
	}
	return n
}

// offsetMinutes reads what stands behind a time of day: Z, z, +hh:mm, +hhmm or
// +hh, with a space before it or not.
func offsetMinutes(b []byte) (int, bool) {
	if len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	if len(b) == 1 {
		return 0, b[0]|0x20 == 'z'
	}
	if len(b) < 3 || len(b) > 6 || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	hours, okHours := twoDigits(b[1:])
	minutes, okMinutes := int64(0), true
	switch {
	case len(b) == 5:
		minutes, okMinutes = twoDigits(b[3:])
	case len(b) == 6 && b[3] == ':':
		minutes, okMinutes = twoDigits(b[4:])
	case len(b) != 3:
		return 0, false
	}
	offset := int(hours*60 + minutes)
	if !okHours || !okMinutes || minutes > 59 || offset > maxOffset {
		return 0, false
	}
	if b[0] == '-' {
		offset = -offset
	}
	return offset, true
}
