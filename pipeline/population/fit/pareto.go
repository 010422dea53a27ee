package fit

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// pareto is the likelihood of Pareto/NBD.
type pareto struct {
	points []Point
	distinct
	perX []float64
}

func newPareto(points []Point) *pareto {
	d := distinctRepeats(points)
	return &pareto{points: points, distinct: d, perX: make([]float64, len(d.xs))}
}

func (l *pareto) names() []string { return []string{"r", "alpha", "s", "beta"} }

func (l *pareto) starts() [][]float64 {
	rate := meanRate(l.points)
	return [][]float64{
		{0.5, 0.5 / rate, 0.5, 10}, {1, 10, 1, 10}, {1, 1 / rate, 0.5, 40},
		{2, 2 / rate, 0.3, 5}, {0.3, 3, 2, 50}, {5, 5 / rate, 1, 100},
	}
}

// value is the log-likelihood; see btyd.ParetoNBD.LogLikelihood.
func (l *pareto) value(params []float64) float64 {
	m := btyd.ParetoNBD{R: params[0], Alpha: params[1], S: params[2], Beta: params[3]}
	for i, x := range l.xs {
		l.perX[i] = btyd.LogGammaRise(m.R, x)
	}
	sum := 0.0
	for i, p := range l.points {
		h := btyd.History{X: p.X, TX: p.TX, T: p.T}
		v := l.perX[l.at[i]] - m.R*math.Log1p(p.T/m.Alpha) - float64(p.X)*math.Log(m.Alpha+p.T) -
			m.S*math.Log1p(p.T/m.Beta) + softplus(m.LogOddsDead(h))
		sum += p.Count * v
	}
	return sum
}

func (l *pareto) gradient([]float64, []float64) bool { return false }
