package btyd

import "math"

// future is the posterior of a customer that is alive: a rate
// λ ~ Gamma(shape, scale) and a dropout probability p ~ Beta(a, b) at each
// purchase to come. c and beta are the c and β′ of the series below.
type future struct {
	shape, scale float64 // r+x, α+T
	a, b         float64 // b is b+x (BG/NBD) or b+x+1 (MBG/NBD)
	c, beta      float64 // a+b+x(−1) and a+b(−1)−r
}

// maxTerms bounds the series; beyond it the quadrature is cheaper.
const maxTerms = 1500

// expected is E[Y(t)] of a living customer: by the series where that is short
// and does not cancel, else by quadrature.
func (f future) expected(t float64) float64 {
	if t == 0 {
		return 0
	}
	if v, ok := f.series(t); ok {
		return v
	}
	return f.quadrature(t)
}

// series is Euler's transformation of the published hypergeometric form
// (Fader, Hardie & Lee 2005, eq. 10), with the singularity at a = 1 split off:
//
//	E = c·φ(ε, L) − e^{εL}·Σ_{n≥1} u_n,   u_1 = β′z,
//	u_{n+1} = u_n·(ε+n)(β′+n)/((c+n)(n+1))·z
//
// with ε = a−1, z = t/(α+T+t), L = −log1p(t/(α+T)). ok is false where it needs
// more than maxTerms terms or loses more than 1e-11 to cancellation.
func (f future) series(t float64) (v float64, ok bool) {
	epsilon := f.a - 1
	z := t / (f.scale + t)
	l := -math.Log1p(t / f.scale)
	lead := f.c * growth(epsilon, l)
	factor := math.Exp(epsilon * l)
	floor := 1e-17 * math.Abs(lead) / factor
	u, sum, size := f.beta*z, 0.0, 0.0
	terms := 1.0
	for n := terms; ; n++ {
		terms = n
		sum += u
		magnitude := math.Abs(u)
		size += magnitude
		if end := max(floor, 1e-17*size); magnitude < end { // most terms cost no second division
			ratio := z * max(1, math.Abs(f.beta+n)/(n+1))
			if ratio < 1 && magnitude < (1-ratio)*end {
				break
			}
		}
		if n >= maxTerms {
			return 0, false
		}
		u *= (epsilon + n) * (f.beta + n) / ((f.c + n) * (n + 1)) * z
	}
	v = lead - factor*sum
	lost := 1.2e-16 * (4*math.Abs(lead) + factor*size*(4+terms+2*math.Abs(epsilon*l)))
	return v, v > 0 && lost <= 1e-11*v
}
