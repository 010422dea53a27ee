package btyd

import "math"

// BGNBD is the BG/NBD model (Fader, Hardie & Lee 2005): as MBGNBD, but nobody
// leaves after the first purchase. So a customer with a single purchase counts
// as alive for ever: an artefact; use it to compare, not to rank.
//
// Domain, error and cost as for MBGNBD.
type BGNBD struct{ R, Alpha, A, B float64 }

// Validate gives a *DomainError unless every parameter is in the domain.
func (m BGNBD) Validate() error {
	return validateParameters(parameter{"r", m.R}, parameter{"alpha", m.Alpha},
		parameter{"a", m.A}, parameter{"b", m.B})
}

func (m BGNBD) gap(h History) lomax {
	return lomax{shape: m.R + float64(h.X), scale: m.Alpha + h.TX}
}

// tail is b+x−1, the weight of the living against a; for x ≥ 1.
func (m BGNBD) tail(h History) float64 { return m.B + float64(h.X-1) }

// LogOddsDead is the log-odds that the customer has left,
// (r+x)·log1p(g/(α+t_x)) + ln(a/(b+x−1)); −Inf for x = 0.
func (m BGNBD) LogOddsDead(h History) float64 {
	if h.X == 0 {
		return math.Inf(-1)
	}
	return (m.R+float64(h.X))*math.Log1p(h.silence()/(m.Alpha+h.TX)) + logRatio(m.A, m.tail(h))
}

// PAlive is the probability that the customer is still one; 1 for x = 0.
func (m BGNBD) PAlive(h History) float64 { return sigmoid(-m.LogOddsDead(h)) }

// PReturn is the probability of a purchase within the next horizonWeeks.
func (m BGNBD) PReturn(h History, horizonWeeks float64) float64 {
	return m.PAlive(h) * m.gap(h).within(h.silence(), horizonWeeks)
}

// PReturnAtPurchase is PReturn as it stood right after the last purchase.
func (m BGNBD) PReturnAtPurchase(h History, horizonWeeks float64) float64 {
	return m.PReturn(h.atPurchase(), horizonWeeks)
}

// RelativeDrop is 1 − PReturn/PReturnAtPurchase, in [0, 1].
func (m BGNBD) RelativeDrop(h History, horizonWeeks float64) float64 {
	return relativeDrop(m.PReturn(h, horizonWeeks), m.PReturnAtPurchase(h, horizonWeeks))
}

// CrossingTime is the formal instant, in weeks since the first purchase, at
// which PAlive reaches theta in silence; it may precede TX. ok is false for
// x = 0, where it never does, and beyond 1e300.
func (m BGNBD) CrossingTime(h History, theta float64) (weeks float64, ok bool) {
	if h.X == 0 {
		return 0, false
	}
	return lomaxCrossing(m.gap(h), h.TX, m.A, m.tail(h), theta)
}

// Survival is S(gWeeks), the probability that a gap exceeds gWeeks if alive.
func (m BGNBD) Survival(h History, gWeeks float64) float64 {
	return math.Exp(m.gap(h).logSurvival(gWeeks))
}

// OverdueRatio is the silence in units of the expected gap, g·(r+x)/(α+t_x).
func (m BGNBD) OverdueRatio(h History) float64 { return m.gap(h).overdue(h.silence()) }

// OverdueQuantile is 1 − S(g) of the current silence.
func (m BGNBD) OverdueQuantile(h History) float64 { return m.gap(h).gapQuantile(h.silence()) }

// GapQuantile is the gap in weeks that a share q of the gaps stays below; +Inf
// where it exceeds float64.
func (m BGNBD) GapQuantile(h History, q float64) float64 { return m.gap(h).quantile(q) }

func (m BGNBD) future(h History) future {
	x := float64(h.X)
	return future{shape: m.R + x, scale: m.Alpha + h.T, a: m.A, b: m.B + x,
		c: m.A + m.B - 1 + x, beta: m.A + m.B - 1 - m.R}
}

// ExpectedPurchases is the mean number of purchases in the next t weeks
// (Fader, Hardie & Lee 2005, eq. 10). Error and cost as for MBGNBD.
func (m BGNBD) ExpectedPurchases(h History, t float64) float64 {
	return m.PAlive(h) * m.future(h).expected(t)
}

// DiscountedExpectedPurchases is Σ_j (E[Y(j)] − E[Y(j−1)])·e^{−δj} over the
// next weeks, δ = ln(1+annualRate)/52.
func (m BGNBD) DiscountedExpectedPurchases(h History, weeks int, annualRate float64) float64 {
	return m.PAlive(h) * m.future(h).discounted(weeks, annualRate)
}

// DiscountedExpectedPurchasesApproximate does it with four evaluations.
func (m BGNBD) DiscountedExpectedPurchasesApproximate(h History, n DiscountNodes) float64 {
	return m.PAlive(h) * m.future(h).discountedApproximate(n)
}

// LogLikelihood is ln of the probability density of the history.
func (m BGNBD) LogLikelihood(h History) float64 {
	x := float64(h.X)
	if h.X == 0 {
		return -m.R * math.Log1p(h.T/m.Alpha)
	}
	return logGammaRise(m.R, x) - m.R*math.Log1p(h.T/m.Alpha) - x*math.Log(m.Alpha+h.T) +
		logGammaRise(m.B, x) - logGammaRise(m.A+m.B, x) + softplus(m.LogOddsDead(h))
}
