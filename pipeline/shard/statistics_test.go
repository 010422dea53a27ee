package shard

import (
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/state"
	"github.com/holdfast/holdfast/pipeline/window"
)

// TestDaysToSecondPurchase: of the days that have left the retained range the
// first and the latest are known.
func TestDaysToSecondPurchase(t *testing.T) {
	s := New(testConfig(t, "UTC"))
	bought := func(days ...int32) (all window.Days) {
		for _, day := range days {
			all = append(all, window.Day{Day: day, Orders: 1})
		}
		return all
	}
	for _, c := range []struct {
		name        string
		folded      uint32
		first, last event.Day
		days        window.Days
		want        uint32
	}{
		{"nobody", 0, 0, 0, nil, 0},
		{"one day", 0, 0, 0, bought(20_000), 0},
		{"two days", 0, 0, 0, bought(20_000, 20_007), 7},
		{"three days", 0, 0, 0, bought(20_000, 20_007, 20_100), 7},
		{"a visit and a refund in between", 0, 0, 0,
			window.Days{{Day: 20_000, Orders: 1}, {Day: 20_003, Visits: 2}, {Day: 20_004, Net: -5},
				{Day: 20_009, Orders: 2}}, 9},
		{"one day folded", 1, 19_000, 19_000, nil, 0},
		{"one day folded, then more", 1, 19_000, 19_000, bought(19_900, 20_000), 900},
		{"two days folded", 2, 19_000, 19_030, bought(19_900), 30},
		{"three days folded", 3, 19_000, 19_030, bought(19_900), 0},
	} {
		var record state.Customer
		record.Days = c.days
		record.Life.Days, record.Life.First, record.Life.Last = c.folded, c.first, c.last
		var st score.Statistics
		s.statistics(&record, 20_200*event.Day24h, &st)
		if st.DaysToSecond != c.want {
			t.Errorf("%s: %d days, want %d", c.name, st.DaysToSecond, c.want)
		}
	}
}
