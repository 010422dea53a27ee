package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Week are the hours of a week, Monday first: of each day in rising order, apart.
type Week [7][]Span

// Span is a part of a day, as spans since midnight; To may be 24 hours.
type Span struct{ From, To time.Duration }

// Total is how long the hours of a week are.
func (w *Week) Total() (total time.Duration) {
	for _, day := range w {
		for _, s := range day {
			total += s.To - s.From
		}
	}
	return total
}

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// ParseHours reads hours such as "mon-fri 09:00-17:00, sat 10:00-13:00"; a list of
// weekdays or ranges of them, a space, and a part of the day. The same weekday may
// stand in several parts that do not overlap.
func ParseHours(text string) (week Week, err error) {
	for part := range strings.SplitSeq(text, ",") {
		days, hours, _ := strings.Cut(strings.TrimSpace(part), " ")
		first, last, err := parseWeekdays(days)
		if err != nil {
			return Week{}, err
		}
		span, err := parseSpan(hours)
		if err != nil {
			return Week{}, err
		}
		for day := first; day <= last; day++ {
			week[day] = append(week[day], span)
		}
	}
	for day := range week {
		slices.SortFunc(week[day], func(a, b Span) int { return int(a.From - b.From) })
		for i := 1; i < len(week[day]); i++ {
			if week[day][i].From < week[day][i-1].To {
				return Week{}, fmt.Errorf("hours of %s overlap", weekdays[day])
			}
		}
	}
	return week, nil
}

// parseWeekdays reads "mon" or "mon-fri".
func parseWeekdays(text string) (first, last int, err error) {
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	first, last = slices.Index(weekdays, from), slices.Index(weekdays, to)
	if first < 0 || last < first {
		return 0, 0, fmt.Errorf("%q is not a weekday of %s, nor a range of them", clip(text), strings.Join(weekdays, ", "))
	}
	return first, last, nil
}

// parseSpan reads "09:00-17:00".
func parseSpan(text string) (Span, error) {
	from, to, _ := strings.Cut(text, "-")
	begin, wellBegun := parseClock(from)
	end, wellEnded := parseClock(to)
	if !wellBegun || !wellEnded || begin >= end {
		return Span{}, fmt.Errorf("%q is not a part of a day such as 09:00-17:00", clip(text))
	}
	return Span{begin, end}, nil
}

// parseClock reads a time of day, 24:00 included.
func parseClock(text string) (time.Duration, bool) {
	if text == "24:00" {
		return 24 * time.Hour, true
	}
	at, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, false
	}
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, true
}

// complaintHours checks the hours, and that every time is over within a year of them.
func (c *checker) complaintHours(complaints Complaints) {
	if complaints.Zone != "" {
		c.zone("complaints.zone", complaints.Zone)
	}
	if complaints.Hours == "" {
		return
	}
	week, err := ParseHours(complaints.Hours)
	if err != nil {
		c.fail("complaints.hours", "use parts such as mon-fri 09:00-17:00, with a comma between them", "%v", err)
		return
	}
	for _, t := range []struct {
		path string
		time Duration
	}{
		{"complaints.first_response", complaints.FirstResponse}, {"complaints.resolution", complaints.Resolution},
		{"complaints.severe.first_response", complaints.Severe.FirstResponse},
		{"complaints.severe.resolution", complaints.Severe.Resolution},
	} {
		if t.time.D()/52 > week.Total() {
			c.fail(t.path, "give it in hours of work, or longer complaints.hours",
				"%s takes more than a year of %s a week", t.time, week.Total())
		}
	}
}

var complaintKinds = []string{"complaint", "dispute", "return_request"}

func (c *checker) complaintKinds(kinds []string) {
	if len(kinds) == 0 {
		c.fail("complaints.kinds", "leave it out for complaint and dispute", "no kinds are given")
	}
	for i, kind := range kinds {
		c.oneOf("complaints.kinds", kind, complaintKinds)
		if slices.Index(kinds, kind) != i {
			c.fail("complaints.kinds", "leave one out", "%q stands twice", clip(kind))
		}
	}
}
