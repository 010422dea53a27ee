package btyd

import "math"

// race is a competition of two Lomax hazards that start together: the one to
// come has survival (A/(A+v))^p, the one to win (B/(B+v))^q.
type race struct{ p, scaleP, q, scaleQ float64 }

// logBoth is ln of the probability that neither has come by h; at most 0.
func (r race) logBoth(h float64) float64 {
	return -r.p*math.Log1p(h/r.scaleP) - r.q*math.Log1p(h/r.scaleQ)
}

// won is the probability that q's event comes first and within h:
// ∫_0^h q/(B+v)·(A/(A+v))^p·(B/(B+v))^q dv. Both the odds of being dead and
// the probability of return of the Pareto/NBD are such integrals. By a positive
// hypergeometric series where that is short and the difference of its two ends
// does not cancel, else by quadrature. Relative error below 1e-11.
func (r race) won(h float64) float64 {
	if h == 0 {
		return 0
	}
	if v, ok := r.series(h); ok {
		return v
	}
	return r.quadrature(h)
}

// series is (q/n)·(F(0) − e^{logBoth}·F(h)), n = p+q, with
// F(u) = 2F1(1, p; n+1; (A−B)/(A+u)) for A ≥ B, else
// F(u) = (A+u)/(B+u)·2F1(1, q+1; n+1; (B−A)/(B+u)): Euler's transformation of
// Schmittlein, Morrison & Colombo 1987, eq. A20, all terms positive.
func (r race) series(h float64) (v float64, ok bool) {
	from, ok := r.rest(0)
	if !ok {
		return 0, false
	}
	to, _ := r.rest(h)
	kept := math.Exp(r.logBoth(h)) * to
	v = from - kept
	return r.q / (r.p + r.q) * v, v > 1e-3*from
}

// rest is F(u); ok is false where the series converges too slowly.
func (r race) rest(u float64) (v float64, ok bool) {
	n := r.p + r.q
	top, wide, front := r.p, r.scaleP, 1.0
	if r.scaleP < r.scaleQ {
		top, wide, front = r.q+1, r.scaleQ, (r.scaleP+u)/(r.scaleQ+u)
	}
	z := math.Abs(r.scaleP-r.scaleQ) / (wide + u)
	if z > 0.8 {
		return 0, false
	}
	term, sum := 1.0, 1.0
	for i := 0.0; term > 1e-17*sum*(1-z); i++ {
		term *= (top + i) / (n + 1 + i) * z
		sum += term
	}
	return front * sum, true
}

// quadrature integrates over y = ln(1 + v/min(A, B)), in which the integrand is
// analytic for |Im y| < π, by Gauss-Legendre panels as wide as it varies
// slowly, until what remains is negligible.
func (r race) quadrature(h float64) float64 {
	narrow := math.Min(r.scaleP, r.scaleQ)
	end := math.Log1p(h / narrow)
	sum := 0.0
	for y := 0.0; y < end; {
		v := narrow * math.Expm1(y)
		if math.Exp(r.logBoth(v)) < 1e-17*sum {
			break
		}
		moved := narrow + v
		rate := 1 + r.p*moved/(r.scaleP+v) + (r.q+1)*moved/(r.scaleQ+v)
		width := math.Min(math.Min(1, 4/rate), end-y)
		if end-y < 1.5*width {
			width = end - y
		}
		sum += r.panel(narrow, y, width)
		y += width
	}
	return sum
}

// panel is the integral over [y, y+width].
func (r race) panel(narrow, y, width float64) float64 {
	sum, half := 0.0, width/2
	for _, node := range &legendre16 {
		sum += node[1] * (r.density(narrow, y+half*(1-node[0])) + r.density(narrow, y+half*(1+node[0])))
	}
	return half * sum
}

// density is the integrand in y.
func (r race) density(narrow, y float64) float64 {
	v := narrow * math.Expm1(y)
	return r.q * (narrow + v) / (r.scaleQ + v) * math.Exp(r.logBoth(v))
}

// legendre16 holds the positive nodes and weights of the Gauss-Legendre rule
// of order 16 (computed with 40 digits).
var legendre16 = [8][2]float64{
	{0.9894009349916499326, 0.02715245941175409485},
	{0.9445750230732325761, 0.06225352393864789286},
	{0.8656312023878317439, 0.09515851168249278481},
	{0.7554044083550030339, 0.1246289712555338721},
	{0.6178762444026437484, 0.1495959888165767321},
	{0.4580167776572273863, 0.1691565193950025382},
	{0.2816035507792589132, 0.1826034150449235889},
	{0.09501250983763744019, 0.1894506104550684963},
}
