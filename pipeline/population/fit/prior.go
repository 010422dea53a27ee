package fit

import "math"

// Prior is a normal prior on the logarithms of the parameters. A nil *Prior is
// flat.
type Prior struct {
	Centre    []float64 // natural parameters, in the model's order
	Deviation float64   // of the logarithms
}

// ColdStart is the weak prior for a base that was never fitted: ln-parameters
// around ln(1, 5, 1, 2) with a deviation of 2. It holds a small base away from
// absurd corners, and is off unless asked for.
func ColdStart() *Prior { return &Prior{Centre: []float64{1, 5, 1, 2}, Deviation: 2} }

func (p *Prior) logDensity(params []float64) float64 {
	if p == nil {
		return 0
	}
	sum := 0.0
	for i, v := range params {
		d := (math.Log(v) - math.Log(p.Centre[i])) / p.Deviation
		sum -= d * d / 2
	}
	return sum
}

// addGradient adds the derivative in ln(params).
func (p *Prior) addGradient(grad, params []float64) {
	if p == nil {
		return
	}
	for i, v := range params {
		grad[i] -= (math.Log(v) - math.Log(p.Centre[i])) / (p.Deviation * p.Deviation)
	}
}
