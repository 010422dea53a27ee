package fit

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestCoarsenKeepsWhatIsSummed: customers, the means of times and of logarithms, and
// points that are few enough.
func TestCoarsenKeepsWhatIsSummed(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	var points []Point
	for range 5000 {
		p := Point{Count: float64(1 + r.IntN(5)), X: r.IntN(80), T: r.Float64() * 300}
		p.TX, p.LogGaps = p.T*r.Float64(), r.NormFloat64()*float64(p.X)
		points = append(points, p)
	}
	sums := func(points []Point) (count, age, last, gaps, repeats float64) {
		for _, p := range points {
			count, age, last = count+p.Count, age+p.Count*p.T, last+p.Count*p.TX
			gaps, repeats = gaps+p.Count*p.LogGaps, repeats+p.Count*float64(p.X)
		}
		return count, age, last, gaps, repeats
	}
	count, age, last, gaps, repeats := sums(points)
	for _, most := range []int{1, 100, 2000, 5000} {
		few := Coarsen(points, most)
		c, a, l, g, x := sums(few)
		if most >= 100 && len(few) > most || c != count || math.Abs(a-age) > 1e-6*age || math.Abs(l-last) > 1e-6*last ||
			math.Abs(g-gaps) > 1e-6*math.Abs(gaps) || math.Abs(x-repeats) > .01*repeats {
			t.Errorf("at most %d: %d points of %g customers with %g, %g, %g, %g, want %g with %g, %g, %g, %g", most, len(few),
				c, a, l, g, x, count, age, last, gaps, repeats)
		}
	}
	if few := Coarsen(points, len(points)); &few[0] != &points[0] {
		t.Error("points that are few enough are not the points themselves")
	}
}
