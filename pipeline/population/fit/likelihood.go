package fit

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// likelihood is the objective of one model over one set of points.
type likelihood interface {
	// names of the parameters, in the order of every slice below.
	names() []string
	// value is the log-likelihood at natural parameters.
	value(params []float64) float64
	// gradient writes ∂value/∂ln(params) and reports whether it can.
	gradient(grad, params []float64) bool
	// starts are natural parameters to begin from, best first.
	starts() [][]float64
}

// distinct maps points, sorted by X, to the index of their X among the
// different ones, so that gamma functions are evaluated once for each.
type distinct struct {
	xs []float64
	at []int
}

func distinctRepeats(points []Point) distinct {
	var d distinct
	for _, p := range points {
		x := float64(p.X)
		if len(d.xs) == 0 || d.xs[len(d.xs)-1] != x {
			d.xs = append(d.xs, x)
		}
		d.at = append(d.at, len(d.xs)-1)
	}
	return d
}

// digammaRise is ψ(y+m) − ψ(y).
func digammaRise(y, m float64) float64 {
	if m <= 16 && m == math.Trunc(m) {
		sum := 0.0
		for i := 0.0; i < m; i++ {
			sum += 1 / (y + i)
		}
		return sum
	}
	return mathext.Digamma(y+m) - mathext.Digamma(y)
}

// softplus is ln(1+e^v); sigmoid is its derivative.
func softplus(v float64) float64 {
	if v > 0 {
		return v + math.Log1p(math.Exp(-v))
	}
	return math.Log1p(math.Exp(v))
}

func sigmoid(v float64) float64 { return 1 / (1 + math.Exp(-v)) }

// meanRate is the mean number of repeats per week of age, for the starts.
func meanRate(points []Point) float64 {
	repeats, weeks := 0.0, 0.0
	for _, p := range points {
		repeats += p.Count * float64(p.X)
		weeks += p.Count * p.T
	}
	if weeks == 0 || repeats == 0 {
		return 0.01
	}
	return repeats / weeks
}
