package btyd

import (
	"fmt"
	"math"
)

// MaxOpportunities is the largest N, and the longest horizon, of a BGBB.
const MaxOpportunities = 5000

// BGBB is the BG/BB model (Fader, Hardie & Shang 2010) for purchases on a fixed
// calendar: at each opportunity a living customer buys with probability
// p ~ Beta(Alpha, Beta), and dies before it with probability θ ~ Beta(Gamma,
// Delta).
//
// Domain: every parameter in [MinParameter, MaxParameter]. Relative error below
// 1e-10 of the largest term; cost proportional to N − TX and to the horizon; no
// allocation; arguments must have passed Validate.
type BGBB struct{ Alpha, Beta, Gamma, Delta float64 }

// Opportunities is a customer's history in opportunities: X purchases, the last
// at opportunity TX, of N.
type Opportunities struct{ X, TX, N int }

// Validate gives a *DomainError unless 0 ≤ X ≤ TX ≤ N ≤ MaxOpportunities and
// TX is 0 exactly when X is.
func (o Opportunities) Validate() error {
	switch {
	case o.N < 0 || o.N > MaxOpportunities:
		return &DomainError{"n", float64(o.N), fmt.Sprintf("a whole number from 0 to %d", MaxOpportunities)}
	case o.TX < 0 || o.TX > o.N:
		return &DomainError{"t_x", float64(o.TX), "0 <= t_x <= n"}
	case o.X < 0 || o.X > o.TX:
		return &DomainError{"x", float64(o.X), "0 <= x <= t_x"}
	case o.X == 0 && o.TX > 0:
		return &DomainError{"t_x", float64(o.TX), "0 where x = 0"}
	}
	return nil
}

// Validate gives a *DomainError unless every parameter is in the domain.
func (m BGBB) Validate() error {
	return validateParameters(parameter{"alpha", m.Alpha}, parameter{"beta", m.Beta},
		parameter{"gamma", m.Gamma}, parameter{"delta", m.Delta})
}

// Checked is quantity(o) after m and o have been validated.
func (m BGBB) Checked(o Opportunities, quantity func(Opportunities) float64) (float64, error) {
	if err := m.Validate(); err != nil {
		return 0, err
	}
	if err := o.Validate(); err != nil {
		return 0, err
	}
	return number(quantity(o))
}

// CheckedHorizon is quantity(o, horizon) after validation; the horizon counts
// opportunities, 0 to MaxOpportunities.
func (m BGBB) CheckedHorizon(o Opportunities, horizon int,
	quantity func(Opportunities, int) float64) (float64, error) {
	if horizon < 0 || horizon > MaxOpportunities {
		return 0, &DomainError{"t", float64(horizon), fmt.Sprintf("a whole number from 0 to %d", MaxOpportunities)}
	}
	return m.Checked(o, func(o Opportunities) float64 { return quantity(o, horizon) })
}

// logOddsDeadNow is ln of the odds of having died before opportunity N: the
// terms i = N−TX−1 … 0 of the likelihood's sum over its first term, each from
// the one before by a ratio, so that no beta function is needed.
func (m BGBB) logOddsDeadNow(o Opportunities) float64 {
	x, n := float64(o.X), float64(o.N)
	term := m.Gamma / (m.Delta + n - 1) * (m.Alpha + m.Beta + n - 1) / (m.Beta + n - x - 1)
	sum, scaled := 0.0, 0.0
	for at := n - 1; at >= float64(o.TX); at-- { // alive at opportunity `at`, dead after
		sum += term
		if sum > rescaleAbove {
			term, sum, scaled = term/rescaleAbove, sum/rescaleAbove, scaled+logRescale
		}
		term *= (m.Alpha + m.Beta + at - 1) / (m.Beta + at - x - 1) *
			((m.Gamma + m.Delta + at) / (m.Delta + at - 1))
	}
	return math.Log(sum) + scaled
}

// logAlive is ln P(alive at opportunity N).
func (m BGBB) logAlive(o Opportunities) float64 { return -softplus(m.logOddsDeadNow(o)) }

// next is the probability of outliving to opportunity N+1, given alive at N.
func (m BGBB) next(o Opportunities) float64 {
	return (m.Delta + float64(o.N)) / (m.Gamma + m.Delta + float64(o.N))
}

// PAlive is the probability of being alive at opportunity N+1.
func (m BGBB) PAlive(o Opportunities) float64 { return math.Exp(m.logAlive(o)) * m.next(o) }

// LogOddsDead is the log-odds of being dead at opportunity N+1.
func (m BGBB) LogOddsDead(o Opportunities) float64 {
	odds := m.logOddsDeadNow(o)
	step := math.Log(m.Gamma / (m.Delta + float64(o.N)))
	// odds + (1+odds)·step, in logarithms
	return logAddExp(odds, softplus(odds)+step)
}

// PReturn is the probability of a purchase within the next horizon
// opportunities.
func (m BGBB) PReturn(o Opportunities, horizon int) float64 {
	x, n := float64(o.X), float64(o.N)
	term := (m.Alpha + x) / (m.Alpha + m.Beta + n) * m.next(o)
	sum := 0.0
	for i := 1.0; i <= float64(horizon); i++ {
		sum += term
		term *= (m.Beta + n - x + i - 1) / (m.Alpha + m.Beta + n + i) *
			((m.Delta + n + i) / (m.Gamma + m.Delta + n + i))
	}
	return math.Exp(m.logAlive(o)) * math.Min(1, sum)
}

// PReturnAtPurchase is PReturn as it stood right after the last purchase.
func (m BGBB) PReturnAtPurchase(o Opportunities, horizon int) float64 {
	return m.PReturn(Opportunities{X: o.X, TX: o.TX, N: o.TX}, horizon)
}

// RelativeDrop is 1 − PReturn/PReturnAtPurchase.
func (m BGBB) RelativeDrop(o Opportunities, horizon int) float64 {
	return relativeDrop(m.PReturn(o, horizon), m.PReturnAtPurchase(o, horizon))
}

// ExpectedPurchases is the mean number of purchases in the next horizon
// opportunities.
func (m BGBB) ExpectedPurchases(o Opportunities, horizon int) float64 {
	n := float64(o.N)
	alive, sum := 1.0, 0.0
	for i := 0.0; i < float64(horizon); i++ {
		alive *= (m.Delta + n + i) / (m.Gamma + m.Delta + n + i)
		sum += alive
	}
	return math.Exp(m.logAlive(o)) * (m.Alpha + float64(o.X)) / (m.Alpha + m.Beta + n) * sum
}

// LogLikelihood is ln of the probability of one such sequence of purchases.
func (m BGBB) LogLikelihood(o Opportunities) float64 {
	if o.X == 0 { // ln(1 − P(bought)): exact also where it is nearly 0
		if bought := m.PReturn(Opportunities{}, o.N); bought < 0.5 {
			return math.Log1p(-bought)
		}
	}
	x, n := float64(o.X), float64(o.N)
	return logGammaRise(m.Alpha, x) + logGammaRise(m.Beta, n-x) - logGammaRise(m.Alpha+m.Beta, n) +
		logGammaRise(m.Delta, n) - logGammaRise(m.Gamma+m.Delta, n) + softplus(m.logOddsDeadNow(o))
}
