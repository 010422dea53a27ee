package btyd

import "math"

// MaxRegularity is the largest K of an MBGCNBDK.
const MaxRegularity = 20

// MBGCNBDK is the MBG/CNBD-k model (Reutterer, Platzer & Schröder 2020): as
// MBGNBD, but gaps are Erlang-K, so that regular buyers are possible. R and
// Alpha describe the rate of the hidden events, K of which make a purchase.
// With K = 1 every method agrees with MBGNBD.
//
// Domain: as MBGNBD, K from 1 to MaxRegularity. Relative error below 1e-10 of
// the largest term; cost grows with K (PReturn: with K²).
type MBGCNBDK struct {
	R, Alpha, A, B float64
	K              int
}

// Validate gives a *DomainError unless every parameter is in the domain.
func (m MBGCNBDK) Validate() error {
	if m.K < 1 || m.K > MaxRegularity {
		return &DomainError{"k", float64(m.K), "a whole number from 1 to 20"}
	}
	return MBGNBD{m.R, m.Alpha, m.A, m.B}.Validate()
}

// shape is r + kx.
func (m MBGCNBDK) shape(h History) float64 { return m.R + float64(m.K)*float64(h.X) }

func (m MBGCNBDK) gap(h History) erlang {
	return erlang{shape: m.shape(h), scale: m.Alpha + h.TX, k: m.K}
}

// LogOddsDead is ln a − ln(b+x) − ln S_k(g).
func (m MBGCNBDK) LogOddsDead(h History) float64 {
	return m.logOddsAfter(h, h.silence())
}

func (m MBGCNBDK) logOddsAfter(h History, silence float64) float64 {
	return logRatio(m.A, m.B+float64(h.X)) - m.gap(h).logSurvival(silence)
}

// PAlive is the probability that the customer is still one.
func (m MBGCNBDK) PAlive(h History) float64 { return sigmoid(-m.LogOddsDead(h)) }

// PReturn is the probability of a purchase within the next horizonWeeks. For
// K > 1 it may first rise with silence: who has just bought is not due.
func (m MBGCNBDK) PReturn(h History, horizonWeeks float64) float64 {
	return m.PAlive(h) * m.gap(h).within(h.silence(), horizonWeeks)
}

// PReturnAtPurchase is PReturn as it stood right after the last purchase.
func (m MBGCNBDK) PReturnAtPurchase(h History, horizonWeeks float64) float64 {
	return m.PReturn(h.atPurchase(), horizonWeeks)
}

// RelativeDrop is 1 − PReturn/PReturnAtPurchase; below 0 where PReturn has
// risen since the purchase.
func (m MBGCNBDK) RelativeDrop(h History, horizonWeeks float64) float64 {
	return relativeDrop(m.PReturn(h, horizonWeeks), m.PReturnAtPurchase(h, horizonWeeks))
}

// CrossingTime is the time in weeks since the first purchase at which PAlive
// reaches theta in silence. For K = 1 it is MBGNBD's formal instant. For K > 1
// it is found by bracketing, and ok is false where the customer is below theta
// already right after its purchase; beyond 1e300 ok is false for every K.
func (m MBGCNBDK) CrossingTime(h History, theta float64) (weeks float64, ok bool) {
	if m.K == 1 {
		return MBGNBD{m.R, m.Alpha, m.A, m.B}.CrossingTime(h, theta)
	}
	target := math.Log((1 - theta) / theta)
	if m.logOddsAfter(h, 0) > target {
		return 0, false
	}
	silence := risingRoot(m.Alpha+h.TX, func(g float64) float64 { return m.logOddsAfter(h, g) - target })
	return h.TX + silence, silence <= farthestWeeks
}

// Survival is S_k(gWeeks), the probability that a gap exceeds gWeeks if alive.
func (m MBGCNBDK) Survival(h History, gWeeks float64) float64 {
	return math.Exp(math.Min(0, m.gap(h).logSurvival(gWeeks)))
}

// OverdueRatio is the silence in units of the expected gap,
// g·(r+kx)/(k·(α+t_x)).
func (m MBGCNBDK) OverdueRatio(h History) float64 {
	return h.silence() * m.shape(h) / (float64(m.K) * (m.Alpha + h.TX))
}

// OverdueQuantile is 1 − S_k(g) of the current silence.
func (m MBGCNBDK) OverdueQuantile(h History) float64 { return m.gap(h).gapQuantile(h.silence()) }

// GapQuantile is the gap in weeks that a share q of the gaps stays below; +Inf
// beyond 1e300. For K > 1 it is found by bracketing.
func (m MBGCNBDK) GapQuantile(h History, q float64) float64 { return m.gap(h).quantile(q) }

// future is that of the K = 1 form with α → kα.
func (m MBGCNBDK) future(h History) future {
	return MBGNBD{m.R, float64(m.K) * m.Alpha, m.A, m.B}.future(h)
}

// ExpectedPurchasesApproximate is the mean number of purchases in the next t
// weeks by the K = 1 form with α → kα and K's own PAlive: for K > 1 no closed
// form exists, and this one is good to some per cent only.
func (m MBGCNBDK) ExpectedPurchasesApproximate(h History, t float64) float64 {
	return m.PAlive(h) * m.future(h).expected(t)
}

// DiscountedExpectedPurchasesApproximate is the weekly discounted sum of
// ExpectedPurchasesApproximate.
func (m MBGCNBDK) DiscountedExpectedPurchasesApproximate(h History, weeks int, annualRate float64) float64 {
	return m.PAlive(h) * m.future(h).discounted(weeks, annualRate)
}

// LogLikelihood is ln of the density of the history with its gaps;
// logGapSum is Σ ln(gap in weeks) over the x gaps, 0 for x = 0.
func (m MBGCNBDK) LogLikelihood(h History, logGapSum float64) float64 {
	if h.X == 0 { // ln(1 − P(bought again)): exact also where it is nearly 0
		if again := m.B / (m.A + m.B) * m.gap(h).gapQuantile(h.T); again < 0.5 {
			return math.Log1p(-again)
		}
	}
	x, events := float64(h.X), float64(m.K)*float64(h.X)
	order := float64(m.K)
	return (order-1)*logGapSum - x*logGamma(order) +
		logGammaRise(m.R, events) - m.R*math.Log1p(h.T/m.Alpha) - events*math.Log(m.Alpha+h.T) +
		logGammaRise(m.B, x+1) - logGammaRise(m.A+m.B, x+1) +
		m.gap(h).logSum(h.silence()) + softplus(m.LogOddsDead(h))
}
