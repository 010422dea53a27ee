package shard

import (
	"testing"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
)

// zones are those with changes at midnight, by half an hour, over a whole day,
// or none at all.
var zones = []string{"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe",
	"Pacific/Apia",
	"Asia/Amman", "Asia/Beirut", "Asia/Tehran", "Asia/Kathmandu", "America/Havana", "America/Asuncion", "Atlantic/Azores",
	"Africa/Cairo", "Africa/Casablanca", "Asia/Gaza", "America/Nuuk", "Pacific/Kwajalein", "Pacific/Chatham",
	"Africa/Juba"}

// dayBy is the business day as the standard library has it.
func dayBy(location *time.Location, at event.Instant) event.Day {
	y, m, d := time.UnixMicro(int64(at)).In(location).Date()
	return event.Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// TestDaysOfEveryZone: for every day from 1990 to 2100, the start of the day is
// its first instant by the standard library, and days and starts are inverse.
func TestDaysOfEveryZone(t *testing.T) {
	first := event.Day(time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).Unix() / 86400)
	last := event.Day(time.Date(2100, 12, 31, 0, 0, 0, 0, time.UTC).Unix() / 86400)
	for _, name := range zones {
		location, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		z, bad := zoneNamed(t, name), 0
		for day := first; day <= last && bad < 5; day++ {
			start, next := z.StartOf(day), z.StartOf(day+1)
			if start == next {
				// The day does not exist there: it begins with the one after.
				if dayBy(location, start) != day+1 || dayBy(location, start-1) != day-1 {
					t.Errorf("%s: day %d is left out without a reason", name, day)
					bad++
				}
				continue
			}
			for _, at := range []event.Instant{start, start + 1, start + 3*event.Hour, next - event.Hour, next - 1} {
				if z.DayOf(at) != day || dayBy(location, at) != day {
					t.Errorf("%s: %v is of day %d, by the library of %d, want %d", name, time.UnixMicro(int64(at)).UTC(),
						z.DayOf(at), dayBy(location, at), day)
					bad++
				}
			}
		}
	}
}

// TestStartOfDayWhereClocksChange gives the edges by hand.
func TestStartOfDayWhereClocksChange(t *testing.T) {
	for _, edge := range []struct{ zone, day, want string }{
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00"},
		{"Europe/Berlin", "2026-03-30", "2026-03-29T22:00"},     // 23 hours later
		{"Europe/Berlin", "2026-10-26", "2026-10-25T23:00"},     // after 25 hours
		{"America/New_York", "2026-11-02", "2026-11-02T05:00"},  // after 25 hours
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00"}, // midnight does not exist: it begins at 1
		{"America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00"}, // 23 to 24 comes twice the day before
		{"Australia/Lord_Howe", "2026-10-05", "2026-10-04T13:00"},
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00"},
		{"Asia/Amman", "2021-10-29", "2021-10-28T21:00"}, // midnight comes twice: it begins with the first
	} {
		z := zoneNamed(t, edge.zone)
		day := event.Day(instant(t, edge.day) / event.Day24h)
		if got, want := z.StartOf(day), instant(t, edge.want); got != want {
			t.Errorf("%s: %s begins at %v, want %v", edge.zone, edge.day, time.UnixMicro(int64(got)).UTC(),
				time.UnixMicro(int64(want)).UTC())
		}
	}
}
