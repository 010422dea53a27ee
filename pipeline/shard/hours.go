package shard

import "github.com/holdfast/holdfast/pipeline/event"

// Hours are the hours of the week in which times run, in a time zone of their own.
// They are fixed once made.
type Hours struct {
	zone *Zone
	days [7][]Opening // by weekday, Monday first; ascending, apart
}

// Opening is a part of a day, from its first instant to before its last: times of
// the clock, as spans since midnight.
type Opening struct{ From, To event.Instant }

// NewHours makes the hours of a week, Monday first. Each day's must be ascending
// and apart, within 24 hours, and one day at least must have some.
func NewHours(zone *Zone, days [7][]Opening) *Hours { return &Hours{zone: zone, days: days} }

// After is the instant at which a span of these hours has passed since an instant.
// Where a clock is changed within them, what really passes counts. O(days).
func (h *Hours) After(from, span event.Instant) event.Instant {
	for day := h.zone.DayOf(from); ; day++ {
		for _, o := range h.days[weekday(day)] {
			opens, closes := max(from, h.zone.at(day, o.From)), h.zone.at(day, o.To)
			if closes <= opens {
				continue
			}
			if span <= closes-opens {
				return opens + span
			}
			span -= closes - opens
		}
	}
}

// weekday is 0 for a Monday. The first of January 1970 was a Thursday.
func weekday(day event.Day) int { return int(((day+3)%7 + 7) % 7) }
