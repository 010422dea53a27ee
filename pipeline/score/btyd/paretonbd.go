package btyd

import "math"

// ParetoNBD is the Pareto/NBD model (Schmittlein, Morrison & Colombo 1987):
// purchases come at a rate λ ~ Gamma(R, Alpha), and the customer leaves at any
// time at a rate μ ~ Gamma(S, Beta).
//
// Domain: every parameter in [MinParameter, MaxParameter]; Alpha and Beta in
// weeks. Except where a method says otherwise: relative error below 1e-10 of
// the largest term; cost a series of some tens of terms, and where α and β
// differ widely some hundred quadrature nodes; no allocation; arguments must
// have passed Validate.
type ParetoNBD struct{ R, Alpha, S, Beta float64 }

// Validate gives a *DomainError unless every parameter is in the domain.
func (m ParetoNBD) Validate() error {
	return validateParameters(parameter{"r", m.R}, parameter{"alpha", m.Alpha},
		parameter{"s", m.S}, parameter{"beta", m.Beta})
}

// race is the competition of death (won) and the next purchase that runs from
// `at` weeks after the first purchase, given λ's posterior after x repeats.
func (m ParetoNBD) race(x int, at float64) race {
	return race{p: m.R + float64(x), scaleP: m.Alpha + at, q: m.S, scaleQ: m.Beta + at}
}

// gap is the gap while alive.
func (m ParetoNBD) gap(h History) lomax {
	return lomax{shape: m.R + float64(h.X), scale: m.Alpha + h.TX}
}

// LogOddsDead is the log-odds that the customer has left since its last
// purchase; −Inf where T = TX.
func (m ParetoNBD) LogOddsDead(h History) float64 {
	return m.logOddsAfter(h, h.silence())
}

func (m ParetoNBD) logOddsAfter(h History, silence float64) float64 {
	r := m.race(h.X, h.TX)
	return math.Log(r.won(silence)) - r.logBoth(silence)
}

// PAlive is the probability that the customer is still one; 1 right after a
// purchase.
func (m ParetoNBD) PAlive(h History) float64 { return sigmoid(-m.LogOddsDead(h)) }

// returns is the race from now on that the next purchase has to win.
func (m ParetoNBD) returns(h History) race {
	r := m.race(h.X, h.T)
	return race{p: r.q, scaleP: r.scaleQ, q: r.p, scaleQ: r.scaleP}
}

// PReturn is the probability of a purchase within the next horizonWeeks:
// p_alive times the probability that it comes before death. It falls with
// silence.
func (m ParetoNBD) PReturn(h History, horizonWeeks float64) float64 {
	return m.PAlive(h) * m.returns(h).won(horizonWeeks)
}

// PReturnAtPurchase is PReturn as it stood right after the last purchase.
func (m ParetoNBD) PReturnAtPurchase(h History, horizonWeeks float64) float64 {
	return m.PReturn(h.atPurchase(), horizonWeeks)
}

// RelativeDrop is 1 − PReturn/PReturnAtPurchase, in [0, 1].
func (m ParetoNBD) RelativeDrop(h History, horizonWeeks float64) float64 {
	return relativeDrop(m.PReturn(h, horizonWeeks), m.PReturnAtPurchase(h, horizonWeeks))
}

// CrossingTime is the time in weeks since the first purchase at which PAlive
// reaches theta in silence, by bracketing; ok is false beyond 1e300.
func (m ParetoNBD) CrossingTime(h History, theta float64) (weeks float64, ok bool) {
	target := math.Log((1 - theta) / theta)
	silence := risingRoot(m.Alpha+h.TX, func(g float64) float64 { return m.logOddsAfter(h, g) - target })
	return h.TX + silence, silence <= farthestWeeks
}

// Survival is S(gWeeks), the probability that a gap exceeds gWeeks if alive.
func (m ParetoNBD) Survival(h History, gWeeks float64) float64 {
	return math.Exp(m.gap(h).logSurvival(gWeeks))
}

// OverdueRatio is the silence in units of the expected gap, g·(r+x)/(α+t_x).
func (m ParetoNBD) OverdueRatio(h History) float64 { return m.gap(h).overdue(h.silence()) }

// OverdueQuantile is 1 − S(g) of the current silence.
func (m ParetoNBD) OverdueQuantile(h History) float64 { return m.gap(h).gapQuantile(h.silence()) }

// GapQuantile is the gap in weeks that a share q of the gaps stays below, while
// alive; +Inf where it exceeds float64.
func (m ParetoNBD) GapQuantile(h History, q float64) float64 { return m.gap(h).quantile(q) }

// ExpectedPurchases is the mean number of purchases in the next t weeks.
func (m ParetoNBD) ExpectedPurchases(h History, t float64) float64 {
	return m.PAlive(h) * m.expectedAlive(h, t)
}

// expectedAlive is (r+x)(β+T)/(α+T)·φ(s−1, −log1p(t/(β+T))).
func (m ParetoNBD) expectedAlive(h History, t float64) float64 {
	life := m.Beta + h.T
	return (m.R + float64(h.X)) * life / (m.Alpha + h.T) * growth(m.S-1, -math.Log1p(t/life))
}

// DiscountedExpectedPurchases is Σ_j (E[Y(j)] − E[Y(j−1)])·e^{−δj} over the
// next weeks, δ = ln(1+annualRate)/52.
func (m ParetoNBD) DiscountedExpectedPurchases(h History, weeks int, annualRate float64) float64 {
	delta := weeklyDiscount(annualRate)
	sum := 0.0
	for j := 1; j <= weeks; j++ {
		sum += m.expectedAlive(h, float64(j)) * partsWeight(j, weeks, delta)
	}
	return m.PAlive(h) * sum
}

// DERT is the discounted expected number of all purchases to come, with the
// continuous discount rate delta per week, in [MinDiscount, MaxDiscount]
// (Fader, Hardie & Lee 2005b): p_alive·(r+x)(β+T)/(α+T)·e^z·E_s(z) with
// z = δ(β+T).
func (m ParetoNBD) DERT(h History, delta float64) float64 {
	life := m.Beta + h.T
	return m.PAlive(h) * (m.R + float64(h.X)) * life / (m.Alpha + h.T) * scaledExpInt(m.S, delta*life)
}

// The domain of DERT's discount rate per week.
const (
	MinDiscount = 1e-6
	MaxDiscount = 10
)

// CheckedDERT is DERT after validation of all its arguments.
func (m ParetoNBD) CheckedDERT(h History, delta float64) (float64, error) {
	if err := ValidateDiscount(delta); err != nil {
		return 0, err
	}
	return Checked(m, h, func(h History) float64 { return m.DERT(h, delta) })
}

// ValidateDiscount gives a *DomainError unless delta is in DERT's domain.
func ValidateDiscount(delta float64) error {
	if !(delta >= MinDiscount && delta <= MaxDiscount) {
		return &DomainError{"discount", delta, "a continuous rate per week from 1e-06 to 10"}
	}
	return nil
}

// LogLikelihood is ln of the probability density of the history.
func (m ParetoNBD) LogLikelihood(h History) float64 {
	if h.X == 0 { // ln(1 − P(bought again)): exact also where it is nearly 0
		if again := m.returns(History{}).won(h.T); again < 0.5 {
			return math.Log1p(-again)
		}
	}
	x := float64(h.X)
	return logGammaRise(m.R, x) - m.R*math.Log1p(h.T/m.Alpha) - x*math.Log(m.Alpha+h.T) -
		m.S*math.Log1p(h.T/m.Beta) + softplus(m.LogOddsDead(h))
}
