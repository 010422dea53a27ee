package btyd

import "math"

// subtractBelow is the Beta parameter below which the mass at the end of the
// interval is split off in closed form.
const subtractBelow = 0.2

// quadrature is E[Y(t)] of a living customer as the mean of
// h(p) = (1 − (1+pt/scale)^−shape)/p over p ~ Beta(a, b): every term positive.
// With v = logit p the weight is log-concave, the integrand is analytic and
// bounded for |Im v| < π/2, and the trapezoidal rule converges
// exponentially: steps of at most ⅕, or half a deviation, hold 1e-12. Where a or b is small, the mass
// at p = 0 or p = 1 is split off. At most some 2,000 nodes.
func (f future) quadrature(t float64) float64 {
	mean := meanDropout{f: f, reach: t / f.scale}
	mean.atZero = f.shape * mean.reach
	mean.peak = math.Log(f.a / f.b)
	p := f.a / (f.a + f.b)
	mean.step = math.Min(0.2, 0.5/math.Sqrt(p*f.b)) // p·b is 1/variance of the weight in v
	mean.scale = -logBeta(f.a, f.b)
	if f.a < subtractBelow {
		mean.left = mean.atZero
	}
	if f.b < subtractBelow {
		mean.right = mean.at(1)
	}
	total := mean.left*(f.b/(f.a+f.b)) + mean.right*p
	return total + mean.step*(mean.sweep(-1)+mean.sweep(1)+mean.node(mean.peak))
}

// meanDropout is the state of one quadrature.
type meanDropout struct {
	f           future
	reach       float64 // t/scale
	atZero      float64 // h(0)
	left, right float64 // subtracted: left·(1−p) + right·p
	peak, step  float64
	scale       float64 // −ln B(a, b)
}

// at is h(p).
func (m *meanDropout) at(p float64) float64 {
	return -math.Expm1(-m.f.shape*math.Log1p(p*m.reach)) / p
}

// node is the integrand at logit p = v.
func (m *meanDropout) node(v float64) float64 {
	down, up := softplus(-v), softplus(v)
	p := math.Exp(-down)
	h := m.atZero
	if p > 0 {
		h = m.at(p)
	}
	h -= m.left*math.Exp(-up) + m.right*p
	return h * math.Exp(m.scale-m.f.a*down-m.f.b*up)
}

// sweep sums the nodes on one side of the peak until what remains is
// negligible.
func (m *meanDropout) sweep(direction float64) float64 {
	sum := 0.0
	for i := 1.0; ; i++ {
		v := m.peak + direction*i*m.step
		sum += m.node(v)
		if m.spent(v, direction) {
			return sum
		}
	}
}

// spent reports whether the integrand beyond v is negligible: below 1e-15 of the
// mean, which is at least h(0)/(1+h(0)). Where an end was split off, the rest
// falls like e^−|v| there.
func (m *meanDropout) spent(v, direction float64) bool {
	reserve := 38 + math.Log1p(m.atZero)
	switch {
	case direction < 0 && m.f.a < subtractBelow:
		return -v > reserve
	case direction > 0 && m.f.b < subtractBelow:
		return v > 38 && v > m.peak+38
	}
	return m.scale-m.f.a*softplus(-v)-m.f.b*softplus(v) < -reserve
}
