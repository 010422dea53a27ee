package btyd

import "math"

// sigmoid is 1/(1+e^−v), without overflow.
func sigmoid(v float64) float64 {
	if v >= 0 {
		return 1 / (1 + math.Exp(-v))
	}
	e := math.Exp(v)
	return e / (1 + e)
}

// softplus is ln(1+e^v), without overflow.
func softplus(v float64) float64 {
	if v > 0 {
		return v + math.Log1p(math.Exp(-v))
	}
	return math.Log1p(math.Exp(v))
}

// growth is φ(ε, L) = −expm1(εL)/ε, with its limit −L at ε = 0.
func growth(epsilon, l float64) float64 {
	if math.Abs(epsilon*l) < 1e-17 {
		return -l
	}
	return -math.Expm1(epsilon*l) / epsilon
}

// stirlingFrom is where the correction series of ln Γ holds 1e-17.
const stirlingFrom = 12

// stirlingTail is ln Γ(y) − ((y−½) ln y − y + ½ ln 2π) for y ≥ stirlingFrom
// (Abramowitz & Stegun 6.1.41).
func stirlingTail(y float64) float64 {
	q := 1 / (y * y)
	return (1.0/12 - q*(1.0/360-q*(1.0/1260-q*(1.0/1680-q*(1.0/1188-q*(691.0/360360-q/156)))))) / y
}

// logGammaRise is ln Γ(y+m) − ln Γ(y) for y > 0, m ≥ 0. Both terms may be huge
// and the difference small, so it is never taken as a difference: small y is
// shifted upwards by a product, the rest is the difference of two Stirling
// forms taken term by term. Error below 1e-15 of the largest term.
func logGammaRise(y, m float64) float64 {
	if m == 0 {
		return 0
	}
	if m <= 16 && m == math.Trunc(m) && y < 1e15 {
		product := 1.0
		for i := 0.0; i < m; i++ {
			product *= y + i
		}
		return math.Log(product)
	}
	shift := 1.0
	for y < stirlingFrom {
		shift *= y / (y + m)
		y++
	}
	rise := (y-0.5)*math.Log1p(m/y) + m*(math.Log(y+m)-1) + stirlingTail(y+m) - stirlingTail(y)
	return rise + math.Log(shift)
}

// logGamma is ln Γ(y) for y > 0.
func logGamma(y float64) float64 {
	v, _ := math.Lgamma(y)
	return v
}

// logBeta is ln B(a, b) for a, b > 0.
func logBeta(a, b float64) float64 {
	if a > b {
		a, b = b, a
	}
	return logGamma(a) - logGammaRise(b, a)
}

// logAddExp is ln(e^u + e^v).
func logAddExp(u, v float64) float64 {
	if u < v {
		u, v = v, u
	}
	if math.IsInf(u, -1) {
		return u
	}
	return u + math.Log1p(math.Exp(v-u))
}

// logRatio is ln(u/v), relatively exact also where u and v are nearly equal.
func logRatio(u, v float64) float64 {
	if d := (u - v) / v; math.Abs(d) < 0.5 {
		return math.Log1p(d)
	}
	return math.Log(u / v)
}

// LogGammaRise is ln Γ(y+m) − ln Γ(y) for y > 0 and m ≥ 0, without cancellation:
// for likelihoods that share it among customers.
func LogGammaRise(y, m float64) float64 { return logGammaRise(y, m) }
