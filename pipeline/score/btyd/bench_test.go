package btyd

import (
	"sort"
	"testing"
	"time"
)

// benchHistories are the distinct triples of the CDNOW sample up to 1997-09-30
// where the shared data are, else a few of their kind.
func benchHistories(b *testing.B) []History {
	b.Helper()
	fallback := []History{{0, 0, 30}, {0, 0, 39}, {1, 4, 35}, {2, 30, 39}, {5, 13, 27}, {10, 26, 39}, {29, 37, 38}}
	lines, ok := sharedLines(b, "cdnow_sample_events.csv")
	if !ok {
		b.Log("the CDNOW log is not here: measured on seven histories instead of its 1,016")
		return fallback
	}
	end, _ := time.Parse(time.DateOnly, "1997-09-30")
	days := map[string]map[int]bool{}
	for _, line := range lines {
		at, err := time.Parse(time.DateOnly, line[2])
		if err != nil {
			b.Fatal(err)
		}
		if age := int(end.Sub(at).Hours() / 24); age >= 0 {
			if days[line[0]] == nil {
				days[line[0]] = map[int]bool{}
			}
			days[line[0]][age] = true
		}
	}
	seen := map[History]bool{}
	for _, ages := range days {
		first, last := 0, 1<<30
		for age := range ages {
			first, last = max(first, age), min(last, age)
		}
		seen[History{len(ages) - 1, float64(first-last) / 7, float64(first) / 7}] = true
	}
	all := make([]History, 0, len(seen))
	for h := range seen {
		all = append(all, h)
	}
	sort.Slice(all, func(i, j int) bool {
		a, b := all[i], all[j]
		return a.X < b.X || a.X == b.X && (a.T < b.T || a.T == b.T && a.TX < b.TX)
	})
	b.Logf("%d distinct triples", len(all))
	return all
}

var sink float64

func benchmark(b *testing.B, f func(History) float64) {
	histories := benchHistories(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		sink += f(histories[i%len(histories)])
	}
}

func BenchmarkPAlive(b *testing.B) { benchmark(b, cdnow.PAlive) }
func BenchmarkPReturn(b *testing.B) {
	benchmark(b, func(h History) float64 { return cdnow.PReturn(h, 13) })
}
func BenchmarkExpectedPurchases39(b *testing.B) {
	benchmark(b, func(h History) float64 { return cdnow.ExpectedPurchases(h, 39) })
}
func BenchmarkExpectedPurchasesByQuadrature(b *testing.B) {
	benchmark(b, func(h History) float64 { f := cdnow.future(h); return f.quadrature(39) })
}
func BenchmarkDiscounted52(b *testing.B) {
	benchmark(b, func(h History) float64 { return cdnow.DiscountedExpectedPurchases(h, 52, .15) })
}
func BenchmarkDiscounted52Approximate(b *testing.B) {
	nodes, err := NewDiscountNodes(52, .15)
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, func(h History) float64 { return cdnow.DiscountedExpectedPurchasesApproximate(h, nodes) })
}
func BenchmarkParetoPAlive(b *testing.B) {
	benchmark(b, ParetoNBD{.553, 10.578, .606, 11.669}.PAlive)
}
func BenchmarkParetoCrossing(b *testing.B) {
	m := ParetoNBD{.553, 10.578, .606, 11.669}
	benchmark(b, func(h History) float64 { at, _ := m.CrossingTime(h, .5); return at })
}
