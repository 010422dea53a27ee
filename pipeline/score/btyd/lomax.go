package btyd

import "math"

// lomax is the gap of a customer whose rate has the gamma posterior
// (shape, scale): S(g) = (scale/(scale+g))^shape.
type lomax struct{ shape, scale float64 }

// logSurvival is ln S(g), at most 0.
func (l lomax) logSurvival(g float64) float64 { return -l.shape * math.Log1p(g/l.scale) }

// quantile is the g at which 1 − S(g) = q; +Inf where it exceeds float64.
func (l lomax) quantile(q float64) float64 {
	return l.scale * math.Expm1(-math.Log1p(-q)/l.shape)
}

// within is 1 − S(g+h)/S(g): the next purchase falls into the h weeks after a
// silence of g, given that the customer is alive.
func (l lomax) within(g, h float64) float64 {
	return -math.Expm1(-l.shape * math.Log1p(h/(l.scale+g)))
}

// overdue is the silence in units of the expected gap, g·shape/scale.
func (l lomax) overdue(g float64) float64 { return g * l.shape / l.scale }

// gapQuantile is the probability that a gap is shorter than g.
func (l lomax) gapQuantile(g float64) float64 { return -math.Expm1(l.logSurvival(g)) }
