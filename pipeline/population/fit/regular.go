package fit

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// regular is the likelihood of MBG/CNBD-k for one k.
type regular struct {
	points []Point
	order  float64
	distinct
	perX, odds []float64 // scratch, one value per distinct x
	constant   float64   // what depends on no parameter
}

func newRegular(points []Point, k int) *regular {
	d := distinctRepeats(points)
	l := &regular{points: points, order: float64(k), distinct: d,
		perX: make([]float64, len(d.xs)), odds: make([]float64, len(d.xs))}
	factorial, _ := math.Lgamma(l.order)
	for _, p := range points {
		l.constant += p.Count * ((l.order-1)*p.LogGaps - float64(p.X)*factorial)
	}
	return l
}

func (l *regular) names() []string { return []string{"r", "alpha", "a", "b"} }

func (l *regular) starts() [][]float64 {
	rate := l.order * meanRate(l.points)
	return [][]float64{
		{0.5, 0.5 / rate, 1, 2}, {1, 5 / l.order, 1, 2}, {1.2, 1.2 / rate, 0.4, 0.7},
		{2, 2 / rate, 0.2, 1}, {0.6, 10 / l.order, 2, 10}, {5, 5 / rate, 0.1, 5},
	}
}

// value is the log-likelihood; see btyd.MBGCNBDK.LogLikelihood for its terms.
func (l *regular) value(params []float64) float64 {
	r, alpha, a, b := params[0], params[1], params[2], params[3]
	for i, x := range l.xs {
		l.perX[i] = btyd.LogGammaRise(r, l.order*x) + r*math.Log(alpha) +
			btyd.LogGammaRise(b, x+1) - btyd.LogGammaRise(a+b, x+1)
		l.odds[i] = math.Log(a / (b + x))
	}
	sum := l.constant
	for i, p := range l.points {
		at := l.at[i]
		shape := r + l.order*l.xs[at]
		now := math.Log(alpha + p.T)
		gaps := l.logSum(shape, (p.T-p.TX)/(alpha+p.T))
		odds := l.odds[at] + shape*(now-math.Log(alpha+p.TX)) - gaps
		sum += p.Count * (l.perX[at] - shape*now + gaps + softplus(odds))
	}
	return sum
}

// logSum is ln Σ_{j<k} (shape)_j/j!·w^j.
func (l *regular) logSum(shape, w float64) float64 {
	term, sum := 1.0, 1.0
	for j := 1.0; j < l.order; j++ {
		term *= (shape + j - 1) / j * w
		sum += term
	}
	return math.Log(sum)
}

func (l *regular) gradient([]float64, []float64) bool { return false }
