package fit

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// standardErrors are the deviations of the natural parameters from the
// observed information (the Hessian in ln-parameters at the optimum, by
// differences) and the delta method. ok is false, and no error is given, where
// the information is not positive definite. A parameter on the edge of its box
// is held fixed and gets NaN.
func standardErrors(l likelihood, b box, params []float64) (deviations []float64, ok bool) {
	deviations = make([]float64, len(params))
	var free []int
	for i, p := range params {
		deviations[i] = math.NaN()
		if !b.hit(i, p) {
			free = append(free, i)
		}
	}
	if len(free) == 0 {
		return deviations, false
	}
	information := mat.NewSymDense(len(free), nil)
	for row, i := range free {
		for column := row; column < len(free); column++ {
			information.SetSym(row, column, -secondDifference(l, params, i, free[column]))
		}
	}
	var factor mat.Cholesky
	if !factor.Factorize(information) {
		return deviations, false
	}
	var covariance mat.SymDense
	if err := factor.InverseTo(&covariance); err != nil {
		return deviations, false
	}
	for row, i := range free {
		deviations[i] = params[i] * math.Sqrt(covariance.At(row, row))
	}
	return deviations, true
}

// secondDifference is ∂²value/∂ln p_i ∂ln p_j by differences of the gradient
// where there is one, else of the value.
func secondDifference(l likelihood, params []float64, i, j int) float64 {
	const step = 1e-3
	moved := append([]float64(nil), params...)
	at := func(di, dj float64) []float64 {
		copy(moved, params)
		moved[i] *= math.Exp(di)
		moved[j] *= math.Exp(dj)
		return moved
	}
	grad := make([]float64, len(params))
	if l.gradient(grad, at(step, 0)) {
		up := grad[j]
		l.gradient(grad, at(-step, 0))
		return (up - grad[j]) / (2 * step)
	}
	if i == j {
		return (l.value(at(step, 0)) - 2*l.value(params) + l.value(at(-step, 0))) / (step * step)
	}
	return (l.value(at(step, step)) - l.value(at(step, -step)) -
		l.value(at(-step, step)) + l.value(at(-step, -step))) / (4 * step * step)
}
