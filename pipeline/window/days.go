// Package window keeps what a customer did per business day ("panes"), sparse
// and sorted by day, and answers sums over ranges of days. Updates within a
// day commute, so neither order nor lateness changes an answer.
//
// It is a leaf: it imports nothing of ours. A day is a whole number of days
// since 1970-01-01 in the business time zone.
package window

import "sort"

// Day is one business day of one customer. 16 bytes, no pointers, no padding:
// it is part of the page format.
type Day struct {
	Day    int32
	Orders uint16 // orders that count on this day
	Visits uint16 // acting visits; kept for VisitDays days only
	Net    int64  // minor units, refunds deducted
}

// Empty reports whether nothing is left on the day.
func (d Day) Empty() bool { return d.Orders == 0 && d.Visits == 0 && d.Net == 0 }

// Days is sorted by day, one entry a day, without empty days.
type Days []Day

// Retention in days.
const (
	// VisitDays is how many days visits are counted for; older ones leave
	// only their mark in Weeks.
	VisitDays = 90
	// RetainedDays is how many days purchases stay exact for.
	RetainedDays = 400
)

// At returns the entry of a day, inserting an empty one where there is none.
// The pointer is valid until the next insertion. O(1) for the latest day,
// O(n) otherwise.
func (ds *Days) At(day int32) *Day {
	s := *ds
	n := len(s)
	if n == 0 || s[n-1].Day < day {
		*ds = append(s, Day{Day: day})
		return &(*ds)[n]
	}
	if s[n-1].Day == day {
		return &s[n-1]
	}
	i := s.search(day)
	if s[i].Day == day {
		return &s[i]
	}
	s = append(s, Day{})
	copy(s[i+1:], s[i:])
	s[i] = Day{Day: day}
	*ds = s
	return &s[i]
}

// Find returns the entry of a day, nil where there is none.
func (ds Days) Find(day int32) *Day {
	i := ds.search(day)
	if i < len(ds) && ds[i].Day == day {
		return &ds[i]
	}
	return nil
}

// search returns the index of the first entry at or after day.
func (ds Days) search(day int32) int {
	return sort.Search(len(ds), func(i int) bool { return ds[i].Day >= day })
}

// Drop removes the entry of a day if it is empty.
func (ds *Days) Drop(day int32) {
	s := *ds
	i := s.search(day)
	if i < len(s) && s[i].Day == day && s[i].Empty() {
		*ds = append(s[:i], s[i+1:]...)
	}
}

// Sum is what happened in a range of days.
type Sum struct {
	Orders, Visits, PurchaseDays uint32
	Net                          int64
}

// Sum adds up the days from..to, both included.
func (ds Days) Sum(from, to int32) Sum {
	var t Sum
	for i := len(ds) - 1; i >= 0 && ds[i].Day >= from; i-- {
		d := &ds[i]
		if d.Day > to {
			continue
		}
		t.Orders += uint32(d.Orders)
		t.Visits += uint32(d.Visits)
		t.Net = AddSaturated(t.Net, d.Net)
		if d.Orders > 0 {
			t.PurchaseDays++
		}
	}
	return t
}

// MoneyLimit is where sums of money saturate, in minor units.
const MoneyLimit = int64(1_000_000_000_000_000_000)

// AddSaturated adds within ±MoneyLimit. Both arguments must lie within it.
func AddSaturated(a, b int64) int64 {
	return min(max(a+b, -MoneyLimit), MoneyLimit)
}
