// Package civil turns what a calendar and a clock on the wall say into
// instants, also where the zone's clocks skip or repeat a part of the day.
package civil

import "time"

// In returns the instant at which the clocks of a zone show what wall shows in
// UTC. A time that is shown twice is the first; one that is skipped is moved
// forward by the gap, so that a day without midnight begins at one o'clock.
func In(wall time.Time, zone *time.Location) time.Time {
	wall = wall.UTC()
	near := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(),
		wall.Nanosecond(), zone)
	period := periodBefore(near)
	for range 3 { // that one, that of the nearest, and the one after
		_, offset := period.Zone()
		_, end := period.ZoneBounds()
		at := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		if end.IsZero() || at.Before(end) {
			return at
		}
		if _, next := end.Zone(); wall.Add(-time.Duration(next) * time.Second).Before(end) {
			return at // skipped: the offset before moves it forward by the gap
		}
		period = end
	}
	return near
}

// Noon is 12:00 of wall's day, which is that day for everyone near.
func Noon(wall time.Time, zone *time.Location) time.Time {
	wall = wall.UTC()
	return In(time.Date(wall.Year(), wall.Month(), wall.Day(), 12, 0, 0, 0, time.UTC), zone)
}

// periodBefore is an instant of the period of constant offset before that of at.
func periodBefore(at time.Time) time.Time {
	start, _ := at.ZoneBounds()
	if start.IsZero() {
		return at
	}
	return start.Add(-1)
}
