package btyd

import "math"

// MBGNBD is the modified BG/NBD model (Batislam, Denizel & Filiztekin 2007;
// Hoppe & Wagner 2007 as CBG/NBD): purchases come at a rate λ ~ Gamma(R, Alpha),
// and after every purchase, the first included, the customer leaves with
// probability p ~ Beta(A, B).
//
// Domain: every parameter in [MinParameter, MaxParameter]; Alpha in weeks.
// Except where a method says otherwise: relative error below 1e-12 of the
// largest term, constant cost, no allocation; arguments must have passed
// Validate.
type MBGNBD struct{ R, Alpha, A, B float64 }

// Validate gives a *DomainError unless every parameter is in the domain.
func (m MBGNBD) Validate() error {
	return validateParameters(parameter{"r", m.R}, parameter{"alpha", m.Alpha},
		parameter{"a", m.A}, parameter{"b", m.B})
}

func (m MBGNBD) gap(h History) lomax {
	return lomax{shape: m.R + float64(h.X), scale: m.Alpha + h.TX}
}

// LogOddsDead is the log-odds that the customer has left:
// (r+x)·log1p(g/(α+t_x)) + ln(a/(b+x)).
func (m MBGNBD) LogOddsDead(h History) float64 {
	x := float64(h.X)
	return (m.R+x)*math.Log1p(h.silence()/(m.Alpha+h.TX)) + logRatio(m.A, m.B+x)
}

// PAlive is the probability that the customer is still one, in [0, 1]; it
// falls with silence.
func (m MBGNBD) PAlive(h History) float64 { return sigmoid(-m.LogOddsDead(h)) }

// PReturn is the probability of a purchase within the next horizonWeeks:
// p_alive·(1 − S(g+H)/S(g)). It falls with silence and rises with the horizon.
func (m MBGNBD) PReturn(h History, horizonWeeks float64) float64 {
	return m.PAlive(h) * m.gap(h).within(h.silence(), horizonWeeks)
}

// PReturnAtPurchase is PReturn as it stood right after the last purchase.
func (m MBGNBD) PReturnAtPurchase(h History, horizonWeeks float64) float64 {
	return m.PReturn(h.atPurchase(), horizonWeeks)
}

// RelativeDrop is 1 − PReturn/PReturnAtPurchase, in [0, 1]; 0 for a horizon of 0.
func (m MBGNBD) RelativeDrop(h History, horizonWeeks float64) float64 {
	return relativeDrop(m.PReturn(h, horizonWeeks), m.PReturnAtPurchase(h, horizonWeeks))
}

// CrossingTime is the time, in weeks since the first purchase, at which
// PAlive reaches theta if nothing more is bought. It is a formal instant and
// may precede TX: then the customer was below theta right after its last
// purchase. ok is false where it exceeds 1e300. theta in (0, 1).
func (m MBGNBD) CrossingTime(h History, theta float64) (weeks float64, ok bool) {
	x := float64(h.X)
	return lomaxCrossing(m.gap(h), h.TX, m.A, m.B+x, theta)
}

// Survival is S(gWeeks): the probability that a gap exceeds gWeeks if the
// customer is alive, under the posterior of its rate.
func (m MBGNBD) Survival(h History, gWeeks float64) float64 {
	return math.Exp(m.gap(h).logSurvival(gWeeks))
}

// OverdueRatio is the silence in units of the expected gap, g·(r+x)/(α+t_x).
func (m MBGNBD) OverdueRatio(h History) float64 { return m.gap(h).overdue(h.silence()) }

// OverdueQuantile is the quantile of the current silence among the gaps of a
// customer like this, 1 − S(g).
func (m MBGNBD) OverdueQuantile(h History) float64 { return m.gap(h).gapQuantile(h.silence()) }

// GapQuantile is the gap, in weeks, that a share q of the gaps stays below;
// q in (0, 1). +Inf where it exceeds float64.
func (m MBGNBD) GapQuantile(h History, q float64) float64 { return m.gap(h).quantile(q) }

// ExpectedPurchases is the mean number of purchases in the next t weeks.
// Relative error below 1e-10; cost: a series of some tens of terms, and where
// that is long or cancels, at most some 2,000 quadrature nodes.
func (m MBGNBD) ExpectedPurchases(h History, t float64) float64 {
	return m.PAlive(h) * m.future(h).expected(t)
}

// future is the posterior of a living customer.
func (m MBGNBD) future(h History) future { return m.futureOf(float64(h.X), m.Alpha+h.T) }

// futureOf is future where x need not be whole; scale is α+T.
func (m MBGNBD) futureOf(x, scale float64) future {
	return future{shape: m.R + x, scale: scale, a: m.A, b: m.B + x + 1, c: m.A + m.B + x, beta: m.A + m.B - m.R}
}

// DiscountedExpectedPurchases is Σ_j (E[Y(j)] − E[Y(j−1)])·e^{−δj} over the
// next weeks, δ = ln(1+annualRate)/52. It costs `weeks` times ExpectedPurchases.
func (m MBGNBD) DiscountedExpectedPurchases(h History, weeks int, annualRate float64) float64 {
	f := m.future(h)
	return m.PAlive(h) * f.discounted(weeks, annualRate)
}

// DiscountedExpectedPurchasesApproximate is DiscountedExpectedPurchases over
// n.Weeks from four evaluations of ExpectedPurchases.
func (m MBGNBD) DiscountedExpectedPurchasesApproximate(h History, n DiscountNodes) float64 {
	f := m.future(h)
	return m.PAlive(h) * f.discountedApproximate(n)
}

// LogLikelihood is ln of the probability density of the history.
func (m MBGNBD) LogLikelihood(h History) float64 {
	x := float64(h.X)
	if h.X == 0 { // ln(1 − P(bought again)): exact also where it is nearly 0
		if again := m.B / (m.A + m.B) * m.gap(h).gapQuantile(h.T); again < 0.5 {
			return math.Log1p(-again)
		}
	}
	return logGammaRise(m.R, x) - m.R*math.Log1p(h.T/m.Alpha) - x*math.Log(m.Alpha+h.T) +
		logGammaRise(m.B, x+1) - logGammaRise(m.A+m.B, x+1) + softplus(m.LogOddsDead(h))
}
