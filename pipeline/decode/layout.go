package decode

import (
	"fmt"
	"regexp"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
)

// maxLayoutText bounds what is tried against a layout, in bytes.
const maxLayoutText = 128

// readLayout reads text in a layout of package time. A layout with an offset
// costs an allocation.
func readLayout(f *timeForm, _ *dateCache, text []byte) (event.Instant, bool) {
	if len(text) > maxLayoutText {
		return 0, false
	}
	at, err := time.Parse(f.name, string(text))
	if err != nil {
		return 0, false
	}
	wall := event.Instant(at.UnixMicro())
	if f.dayOnly {
		wall += 12 * event.Hour
	}
	if f.offset {
		return wall, true
	}
	return inZone(wall, f.zone), true
}

// inspectLayout reports whether a layout is of a day alone, and whether it has an
// offset. It finds out by writing times that differ in one thing. The error
// says what the layout lacks to tell one instant.
func inspectLayout(layout string) (dayOnly, offset bool, err error) {
	write := func(year, month, day, hour, minute, second, offsetHours int, zone string) string {
		where := time.FixedZone(zone, offsetHours*3600)
		return time.Date(year, time.Month(month), day, hour, minute, second, 0, where).Format(layout)
	}
	// Years, months and days of the same weekdays, so that those do not count.
	base := write(2026, 1, 4, 3, 4, 5, 1, "AAA")
	year, month := base != write(2037, 1, 4, 3, 4, 5, 1, "AAA"), base != write(2026, 10, 4, 3, 4, 5, 1, "AAA")
	day, hour := base != write(2026, 1, 11, 3, 4, 5, 1, "AAA"), base != write(2026, 1, 4, 4, 4, 5, 1, "AAA")
	half := base != write(2026, 1, 4, 15, 4, 5, 1, "AAA")
	minute, second := base != write(2026, 1, 4, 3, 5, 5, 1, "AAA"), base != write(2026, 1, 4, 3, 4, 6, 1, "AAA")
	offset, name := base != write(2026, 1, 4, 3, 4, 5, 2, "AAA"), base != write(2026, 1, 4, 3, 4, 5, 1, "BBB")
	switch {
	case len(layout) > maxLayoutText:
		err = fmt.Errorf("a layout of %d bytes is longer than %d", len(layout), maxLayoutText)
	case !year || !month || !day:
		err = fmt.Errorf("%q is no form of times, nor a layout with year, month and day, such as 02.01.2006 15:04:05", layout)
	case hour && !half:
		err = fmt.Errorf("the layout %q has hours of a half day without PM; write 15 for hours to 23", layout)
	case (minute || second) && !hour, second && !minute:
		err = fmt.Errorf("the layout %q leaves out hours or minutes", layout)
	case elsewhere.MatchString(layout):
		err = fmt.Errorf("the layout %q has the offset %s as a literal text; write -0700, which reads any", layout,
			elsewhere.FindString(layout))
	case name:
		err = fmt.Errorf("the layout %q has the abbreviation of a zone, which several zones share; "+
			"write -0700 or the literal text", layout)
	}
	return !hour, offset || hour && inUTC.MatchString(base), err
}

var (
	// inUTC finds what says in a written time, and thereby as literal text of a
	// layout, that the time is UTC: a zone of the map's would shift it.
	inUTC = regexp.MustCompile(`\b(UTC|GMT)\b|\dZ$|\+00:?00\b`)
	// elsewhere finds another offset as literal text.
	elsewhere = regexp.MustCompile(`\+(0[1-9]|1\d):?\d\d\b`)
)

// farthestOffset is farther from UTC than any zone.
const farthestOffset = 16 * event.Hour

// inZone gives the instant at which clocks in zone show wall. Where they were
// put forward over it, it is as long after the jump as wall is after the
// jump's beginning; where they were put back, it is the first of the two.
func inZone(wall event.Instant, zone *time.Location) event.Instant {
	before, after := offsetAt(wall-farthestOffset, zone), offsetAt(wall+farthestOffset, zone)
	first, last := wall-before, wall-after
	if before != after && offsetAt(first, zone) != before && offsetAt(last, zone) == after {
		return last
	}
	return first
}

func offsetAt(at event.Instant, zone *time.Location) event.Instant {
	_, seconds := time.UnixMicro(int64(at)).In(zone).Zone()
	return event.Instant(seconds) * event.Second
}
