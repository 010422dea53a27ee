package window

import "math/bits"

// Week marks the days of a week (Monday to Sunday) on which a customer paid an
// acting visit, for days older than VisitDays. 8 bytes, no padding.
type Week struct {
	Monday int32
	Mask   uint32 // bit 0 = Monday … bit 6 = Sunday
}

// Weeks is sorted by Monday, without empty weeks.
type Weeks []Week

// Monday is the Monday at or before a day (1970-01-01 was a Thursday).
func Monday(day int32) int32 {
	m := (day + 3) % 7
	if m < 0 {
		m += 7
	}
	return day - m
}

// Mark notes a visit on a day.
func (ws *Weeks) Mark(day int32) {
	s, monday := *ws, Monday(day)
	i := len(s)
	for i > 0 && s[i-1].Monday >= monday {
		i--
	}
	if i == len(s) || s[i].Monday != monday {
		s = append(s, Week{})
		copy(s[i+1:], s[i:])
		s[i] = Week{Monday: monday}
		*ws = s
	}
	(*ws)[i].Mask |= 1 << (day - monday)
}

// Has reports whether a day is marked.
func (ws Weeks) Has(day int32) bool {
	monday := Monday(day)
	for i := len(ws) - 1; i >= 0 && ws[i].Monday >= monday; i-- {
		if ws[i].Monday == monday {
			return ws[i].Mask&(1<<(day-monday)) != 0
		}
	}
	return false
}

// Activity is the set of days with a purchase or an acting visit.
type Activity struct {
	Count       uint32
	First, Last int32 // meaningless when Count is 0
}

// ActivityOf unites days and marked weeks; a day in both counts once.
func ActivityOf(days Days, weeks Weeks) Activity {
	var a Activity
	note := func(day int32) {
		if a.Count == 0 || day < a.First {
			a.First = day
		}
		if a.Count == 0 || day > a.Last {
			a.Last = day
		}
		a.Count++
	}
	for i := range days {
		if days[i].Orders > 0 || days[i].Visits > 0 {
			note(days[i].Day)
		}
	}
	for _, w := range weeks {
		for m := w.Mask; m != 0; m &= m - 1 {
			day := w.Monday + int32(bits.TrailingZeros32(m))
			if d := days.Find(day); d == nil || (d.Orders == 0 && d.Visits == 0) {
				note(day)
			}
		}
	}
	return a
}
