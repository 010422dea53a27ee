package fit

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// betaGeometric is the likelihood of BG/NBD (first false) and MBG/NBD (first
// true: dropout after the first purchase too), of which many terms depend on x
// alone.
type betaGeometric struct {
	points []Point
	first  bool
	distinct
	riseR, riseB, perX []float64 // scratch, one value per distinct x
}

func newBetaGeometric(points []Point, first bool) *betaGeometric {
	d := distinctRepeats(points)
	n := len(d.xs)
	return &betaGeometric{points: points, first: first, distinct: d,
		riseR: make([]float64, n), riseB: make([]float64, n), perX: make([]float64, n)}
}

func (l *betaGeometric) names() []string { return []string{"r", "alpha", "a", "b"} }

func (l *betaGeometric) starts() [][]float64 {
	rate := meanRate(l.points)
	return [][]float64{
		{0.5, 0.5 / rate, 1, 2}, {1, 5, 1, 2}, {0.25, 0.25 / rate, 0.7, 2.5},
		{2, 2 / rate, 0.2, 1}, {0.6, 10, 2, 10}, {5, 5 / rate, 0.1, 5},
	}
}

// survived is how often a customer with x repeats has outlived a purchase.
func (l *betaGeometric) survived(x float64) float64 {
	if l.first {
		return x + 1
	}
	return x
}

// value is the log-likelihood; see btyd.MBGNBD.LogLikelihood for its terms.
func (l *betaGeometric) value(params []float64) float64 {
	r, alpha, a, b := params[0], params[1], params[2], params[3]
	for i, x := range l.xs {
		n := l.survived(x)
		l.perX[i] = btyd.LogGammaRise(r, x) + r*math.Log(alpha) +
			btyd.LogGammaRise(b, n) - btyd.LogGammaRise(a+b, n)
		l.riseB[i] = math.Log(a / (b + n - 1))
	}
	sum := 0.0
	for i, p := range l.points {
		at := l.at[i]
		x := l.xs[at]
		now := math.Log(alpha + p.T)
		v := l.perX[at] - (r+x)*now
		if l.first || p.X > 0 {
			v += softplus((r+x)*(now-math.Log(alpha+p.TX)) + l.riseB[at])
		}
		sum += p.Count * v
	}
	return sum
}

// gradient is analytic: the derivatives of value in ln(params).
func (l *betaGeometric) gradient(grad, params []float64) bool {
	r, alpha, a, b := params[0], params[1], params[2], params[3]
	for i, x := range l.xs {
		n := l.survived(x)
		l.riseR[i] = digammaRise(r, x) + math.Log(alpha)
		l.riseB[i] = digammaRise(b, n)
		l.perX[i] = digammaRise(a+b, n)
	}
	var dr, dalpha, da, db float64
	for i, p := range l.points {
		at := l.at[i]
		x := l.xs[at]
		now := math.Log(alpha + p.T)
		last := 0.0
		dead, tail := 0.0, 1.0
		if l.first || p.X > 0 {
			last = now - math.Log(alpha+p.TX)
			tail = b + l.survived(x) - 1
			dead = sigmoid((r+x)*last + math.Log(a/tail))
		}
		dr += p.Count * (l.riseR[at] - now + dead*last)
		dalpha += p.Count * (r/alpha - (r+x)/(alpha+p.T) + dead*(r+x)*(1/(alpha+p.T)-1/(alpha+p.TX)))
		da += p.Count * (dead/a - l.perX[at])
		db += p.Count * (l.riseB[at] - l.perX[at] - dead/tail)
	}
	grad[0], grad[1], grad[2], grad[3] = dr*r, dalpha*alpha, da*a, db*b
	return true
}
