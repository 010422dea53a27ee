package btyd

import "math"

// erlang is the gap of a customer whose gaps are Erlang-k with a rate that has
// the gamma posterior (shape, scale). It outlasts g when fewer than k of the
// hidden events come: S(g) = Σ_{j<k} (shape)_j/j!·w^j·(1−w)^shape with
// w = g/(scale+g). For k = 1 it is the lomax.
type erlang struct {
	shape, scale float64
	k            int
}

const (
	rescaleAbove = 1e250
	logRescale   = 250 * math.Ln10
)

// logSum is ln Σ_{j<k} (shape)_j/j!·w^j after a silence of g.
func (e erlang) logSum(g float64) float64 {
	w := g / (e.scale + g)
	term, sum, scaled := 1.0, 1.0, 0.0
	for j := 1; j < e.k; j++ {
		term *= (e.shape + float64(j-1)) / float64(j) * w
		sum += term
		if sum > rescaleAbove {
			term, sum, scaled = term/rescaleAbove, sum/rescaleAbove, scaled+logRescale
		}
	}
	return math.Log(sum) + scaled
}

// logSurvival is ln S(g).
func (e erlang) logSurvival(g float64) float64 {
	return e.logSum(g) - e.shape*math.Log1p(g/e.scale)
}

// gapQuantile is 1 − S(g), relatively exact also where S(g) is nearly 1: there
// it is the incomplete beta I_w(k, shape) as a positive series.
func (e erlang) gapQuantile(g float64) float64 {
	w := g / (e.scale + g)
	logSurvival := e.logSurvival(g)
	if e.k == 1 || w > 0.9 || logSurvival < -math.Ln2 {
		return -math.Expm1(math.Min(0, logSurvival))
	}
	k := float64(e.k)
	term, sum := 1.0, 1.0
	for n := 0.0; term > 1e-17*sum; n++ {
		term *= (e.shape + k + n) / (k + 1 + n) * w
		sum += term
	}
	front := k*math.Log(w) - e.shape*math.Log1p(g/e.scale) - math.Log(k) - logBeta(k, e.shape)
	return math.Exp(front) * sum
}

// later is the gap left over when j hidden events fell into a silence of g.
func (e erlang) later(g float64, j int) erlang {
	return erlang{shape: e.shape + float64(j), scale: e.scale + g, k: e.k - j}
}

// within is 1 − S(g+h)/S(g). By cases of the number j of hidden events so far,
// every term is positive: Σ_{j<k} P(j events in g)·P(at least k−j in h) / S(g).
func (e erlang) within(g, h float64) float64 {
	w := g / (e.scale + g)
	logSum := e.logSum(g)
	logTerm, sum := 0.0, 0.0
	for j := 0; j < e.k; j++ {
		if j > 0 {
			logTerm += math.Log((e.shape + float64(j-1)) / float64(j) * w)
		}
		sum += math.Exp(logTerm-logSum) * e.later(g, j).gapQuantile(h)
	}
	return math.Min(1, sum)
}

// quantile is the g at which 1 − S(g) = q.
func (e erlang) quantile(q float64) float64 {
	first := lomax{shape: e.shape, scale: e.scale}.quantile(q)
	if e.k == 1 || math.IsInf(first, 1) {
		return first
	}
	if q < 0.5 {
		return risingRoot(first, func(g float64) float64 { return math.Log(e.gapQuantile(g) / q) })
	}
	target := math.Log1p(-q)
	return risingRoot(first, func(g float64) float64 { return target - e.logSurvival(g) })
}
