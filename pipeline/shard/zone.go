package shard

import (
	"sort"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
)

// Zone turns instants into business days and back. It is a table of the offset
// changes of a time zone from 1989 to 2201, so that the shard needs no clock
// and no zone data.
type Zone struct {
	name    string
	starts  []event.Instant // from when an offset holds
	offsets []event.Instant // east of UTC
}

// NewZone tabulates a time zone. It takes some milliseconds.
func NewZone(location *time.Location) *Zone {
	z := &Zone{name: location.String()}
	at := time.Date(1989, 1, 1, 0, 0, 0, 0, time.UTC)
	end := time.Date(2201, 1, 1, 0, 0, 0, 0, time.UTC)
	z.add(event.Instant(-1<<62), offsetAt(location, at.Unix()))
	for t := at.Unix(); t < end.Unix(); t += 86400 {
		before, after := offsetAt(location, t), offsetAt(location, t+86400)
		if before == after {
			continue
		}
		change := t + int64(sort.Search(86400, func(s int) bool { return offsetAt(location, t+int64(s)) == after }))
		z.add(event.Instant(change)*event.Second, after)
	}
	return z
}

func offsetAt(location *time.Location, unix int64) int {
	_, offset := time.Unix(unix, 0).In(location).Zone()
	return offset
}

func (z *Zone) add(from event.Instant, offsetSeconds int) {
	z.starts = append(z.starts, from)
	z.offsets = append(z.offsets, event.Instant(offsetSeconds)*event.Second)
}

// Name is the zone's name, as in configuration.
func (z *Zone) Name() string { return z.name }

// DayOf is the business day of an instant. O(log of the offset changes), O(1)
// for zones without any.
func (z *Zone) DayOf(at event.Instant) event.Day {
	return event.Day(floorDiv(at+z.offset(at), event.Day24h))
}

// StartOf is the first instant of a business day: of the one after where the
// day does not exist.
func (z *Zone) StartOf(day event.Day) event.Instant { return z.at(day, 0) }

// at is the first instant of a day at which its clock shows what is given as a span
// since midnight, up to 24 hours, or more where no clock shows that.
func (z *Zone) at(day event.Day, clock event.Instant) event.Instant {
	local := event.Instant(day)*event.Day24h + clock
	if len(z.starts) == 1 {
		return local - z.offsets[0]
	}
	// No offset is that large, so that time has not come anywhere in the zone.
	before := local - 27*event.Hour
	i := sort.Search(len(z.starts), func(i int) bool { return z.starts[i] > before }) - 1
	for ; ; i++ {
		// Within an offset it comes when its clock shows it, or with the offset.
		at := max(z.starts[i], local-z.offsets[i])
		if i+1 == len(z.starts) || at < z.starts[i+1] {
			return at
		}
	}
}

func (z *Zone) offset(at event.Instant) event.Instant {
	if len(z.starts) == 1 {
		return z.offsets[0]
	}
	i := sort.Search(len(z.starts), func(i int) bool { return z.starts[i] > at })
	return z.offsets[i-1]
}

func floorDiv(a, b event.Instant) event.Instant {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
