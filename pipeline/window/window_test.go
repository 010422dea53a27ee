package window

import (
	"slices"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// TestLayout: both are part of the page format.
func TestLayout(t *testing.T) {
	if n := unsafe.Sizeof(Day{}); n != 16 {
		t.Errorf("a day has %d bytes, want 16", n)
	}
	if n := unsafe.Sizeof(Week{}); n != 8 {
		t.Errorf("a week has %d bytes, want 8", n)
	}
}

func TestMonday(t *testing.T) {
	for day, want := range map[int32]int32{
		0: -3, // 1970-01-01 was a Thursday
		3: -3, 4: 4, 10: 4, 11: 11, -3: -3, -4: -10,
		20_518: 20_514, // Friday, 2026-03-06
	} {
		if got := Monday(day); got != want {
			t.Errorf("the Monday of day %d is %d, want %d", day, got, want)
		}
	}
}

func TestAddSaturated(t *testing.T) {
	for _, c := range []struct{ a, b, want int64 }{
		{1, 2, 3}, {MoneyLimit, 1, MoneyLimit}, {-MoneyLimit, -1, -MoneyLimit},
		{MoneyLimit, MoneyLimit, MoneyLimit}, {-MoneyLimit, -MoneyLimit, -MoneyLimit}, {MoneyLimit, -MoneyLimit, 0},
	} {
		if got := AddSaturated(c.a, c.b); got != c.want {
			t.Errorf("%d + %d = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestSumOfRanges(t *testing.T) {
	days := Days{{Day: 10, Orders: 2, Net: 100, Visits: 1}, {Day: 12, Net: -30}, {Day: 15, Orders: 1, Net: 7, Visits: 3}}
	for _, c := range []struct {
		from, to int32
		want     Sum
	}{
		{0, 100, Sum{Orders: 3, Visits: 4, PurchaseDays: 2, Net: 77}},
		{10, 12, Sum{Orders: 2, Visits: 1, PurchaseDays: 1, Net: 70}},
		{11, 14, Sum{Net: -30}},
		{15, 15, Sum{Orders: 1, Visits: 3, PurchaseDays: 1, Net: 7}},
		{16, 20, Sum{}}, {12, 10, Sum{}},
	} {
		if got := days.Sum(c.from, c.to); got != c.want {
			t.Errorf("days %d to %d: %+v, want %+v", c.from, c.to, got, c.want)
		}
	}
}

// TestDaysAreAMap: entries come and go as in a map, sorted, without empty ones.
func TestDaysAreAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var days Days
		model := map[int32]Day{}
		for range rapid.IntRange(0, 80).Draw(t, "steps") {
			day := rapid.Int32Range(-5, 30).Draw(t, "day")
			d := days.At(day)
			if d.Day != day {
				t.Fatalf("entry of day %d is of day %d", day, d.Day)
			}
			if rapid.IntRange(0, 3).Draw(t, "clears") == 0 {
				*d = Day{Day: day}
				delete(model, day)
			} else {
				d.Orders += rapid.Uint16Range(0, 2).Draw(t, "orders")
				d.Visits += rapid.Uint16Range(0, 2).Draw(t, "visits")
				d.Net += rapid.Int64Range(-9, 9).Draw(t, "net")
				model[day] = *d
			}
			if days.Drop(day); model[day].Empty() {
				delete(model, day)
			}
		}
		want := Days{}
		for day := int32(-5); day <= 30; day++ {
			d, ok := model[day]
			if ok {
				want = append(want, d)
			}
			if found := days.Find(day); (found != nil) != ok || ok && *found != d {
				t.Fatalf("day %d: %v, want %v %v", day, found, d, ok)
			}
		}
		if diff := cmp.Diff(want, days, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
		from, to := rapid.Int32Range(-6, 31).Draw(t, "from"), rapid.Int32Range(-6, 31).Draw(t, "to")
		var sum Sum
		for _, d := range want {
			if d.Day < from || d.Day > to {
				continue
			}
			sum.Orders, sum.Visits, sum.Net = sum.Orders+uint32(d.Orders), sum.Visits+uint32(d.Visits), sum.Net+d.Net
			if d.Orders > 0 {
				sum.PurchaseDays++
			}
		}
		if got := days.Sum(from, to); got != sum {
			t.Fatalf("days %d to %d: %+v, want %+v", from, to, got, sum)
		}
	})
}

// TestActivityIsASet: marks and days unite as sets do, in whatever order they
// are made.
func TestActivityIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var days Days
		var weeks Weeks
		set := map[int32]bool{}
		for _, day := range rapid.SliceOf(rapid.Int32Range(-40, 200)).Draw(t, "marks") {
			weeks.Mark(day)
			set[day] = true
		}
		if !slices.IsSortedFunc(weeks, func(a, b Week) int { return int(a.Monday - b.Monday) }) {
			t.Fatalf("weeks are not sorted: %v", weeks)
		}
		for _, w := range weeks {
			if w.Mask == 0 || w.Mask > 127 || Monday(w.Monday) != w.Monday {
				t.Fatalf("no week: %+v", w)
			}
		}
		for day := int32(-45); day < 205; day++ {
			if weeks.Has(day) != set[day] {
				t.Fatalf("day %d is marked: %v, want %v", day, weeks.Has(day), set[day])
			}
		}
		for _, day := range rapid.SliceOf(rapid.Int32Range(-40, 200)).Draw(t, "days") {
			d := days.At(day)
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				d.Orders++
				set[day] = true
			case 1:
				d.Visits++
				set[day] = true
			default:
				d.Net-- // money alone is no activity
			}
		}
		var want Activity
		for day := int32(-45); day < 205; day++ {
			if !set[day] {
				continue
			}
			if want.Count == 0 {
				want.First = day
			}
			want.Count, want.Last = want.Count+1, day
		}
		if got := ActivityOf(days, weeks); got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
	})
}
