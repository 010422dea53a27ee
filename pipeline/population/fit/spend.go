package fit

import (
	"cmp"
	"slices"

	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// SpendPoint stands for Count customers with X repeat days of mean value Mean.
type SpendPoint struct {
	Count float64
	X     int
	Mean  float64
}

// SortSpendPoints orders points by repeat days and mean, so that equal bases give
// equal sums.
func SortSpendPoints(points []SpendPoint) {
	slices.SortFunc(points, func(a, b SpendPoint) int {
		return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Mean, b.Mean), cmp.Compare(a.Count, b.Count))
	})
}

// gammaGamma is the likelihood of the gamma-gamma model over points with
// X ≥ 1 and Mean > 0.
type gammaGamma struct{ points []SpendPoint }

func (l gammaGamma) names() []string { return []string{"p", "q", "nu"} }

func (l gammaGamma) starts() [][]float64 {
	sum, n := 0.0, 0.0
	for _, p := range l.points {
		sum += p.Count * p.Mean
		n += p.Count
	}
	mean := sum / n
	return [][]float64{{4, 4, 0.75 * mean}, {1, 2, mean}, {6, 3, mean / 3}, {10, 10, mean}}
}

func (l gammaGamma) value(params []float64) float64 {
	m := btyd.GammaGamma{P: params[0], Q: params[1], Nu: params[2]}
	sum := 0.0
	for _, p := range l.points {
		sum += p.Count * m.LogLikelihood(p.X, p.Mean)
	}
	return sum
}

func (l gammaGamma) gradient([]float64, []float64) bool { return false }

// CalendarPoint stands for Count customers with one history of opportunities.
type CalendarPoint struct {
	Count float64
	btyd.Opportunities
}

// calendar is the likelihood of BG/BB.
type calendar struct{ points []CalendarPoint }

func (l calendar) names() []string { return []string{"alpha", "beta", "gamma", "delta"} }

func (l calendar) starts() [][]float64 {
	return [][]float64{{1, 1, 0.5, 3}, {1, 1, 1, 1}, {0.5, 2, 1, 10}, {2, 0.5, 0.3, 1}}
}

func (l calendar) value(params []float64) float64 {
	m := btyd.BGBB{Alpha: params[0], Beta: params[1], Gamma: params[2], Delta: params[3]}
	sum := 0.0
	for _, p := range l.points {
		sum += p.Count * m.LogLikelihood(p.Opportunities)
	}
	return sum
}

func (l calendar) gradient([]float64, []float64) bool { return false }
