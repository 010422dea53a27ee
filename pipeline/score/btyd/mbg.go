package btyd

// MBG is the model that customers are scored by: MBGNBD where the gaps between
// purchases are without memory, MBGCNBDK of order K where they are regular. R and
// Alpha are then those of the hidden events, K of which make a purchase. K of 0
// stands for 1. Domain, errors and costs are those of the one that it is; but the
// numbers of purchases to come are approximate where K > 1, see
// MBGCNBDK.ExpectedPurchasesApproximate.
type MBG struct {
	MBGNBD
	K int
}

// Order is the order of the gaps, 1 where they are without memory.
func (m MBG) Order() int { return max(m.K, 1) }

func (m MBG) isRegular() bool { return m.K > 1 }

func (m MBG) regular() MBGCNBDK { return MBGCNBDK{R: m.R, Alpha: m.Alpha, A: m.A, B: m.B, K: m.K} }

// Validate gives a *DomainError unless every parameter is in the domain.
func (m MBG) Validate() error {
	if m.K == 0 {
		return m.MBGNBD.Validate()
	}
	return m.regular().Validate()
}

// LogOddsDead is the log-odds that the customer has left.
func (m MBG) LogOddsDead(h History) float64 {
	if m.isRegular() {
		return m.regular().LogOddsDead(h)
	}
	return m.MBGNBD.LogOddsDead(h)
}

// PAlive is the probability that the customer is still one, in [0, 1]; it falls
// with silence.
func (m MBG) PAlive(h History) float64 { return sigmoid(-m.LogOddsDead(h)) }

// PReturn is the probability of a purchase within the next horizonWeeks. For K > 1
// it may first rise with silence: who has just bought is not due.
func (m MBG) PReturn(h History, horizonWeeks float64) float64 {
	if m.isRegular() {
		return m.regular().PReturn(h, horizonWeeks)
	}
	return m.MBGNBD.PReturn(h, horizonWeeks)
}

// PReturnAtPurchase is PReturn as it stood right after the last purchase.
func (m MBG) PReturnAtPurchase(h History, horizonWeeks float64) float64 {
	return m.PReturn(h.atPurchase(), horizonWeeks)
}

// RelativeDrop is 1 − PReturn/PReturnAtPurchase.
func (m MBG) RelativeDrop(h History, horizonWeeks float64) float64 {
	return relativeDrop(m.PReturn(h, horizonWeeks), m.PReturnAtPurchase(h, horizonWeeks))
}

// CrossingTime is the time in weeks since the first purchase at which PAlive
// reaches theta in silence. For K > 1 ok is false where the customer is below
// theta already right after its purchase; for every K beyond 1e300.
func (m MBG) CrossingTime(h History, theta float64) (weeks float64, ok bool) {
	if m.isRegular() {
		return m.regular().CrossingTime(h, theta)
	}
	return m.MBGNBD.CrossingTime(h, theta)
}

// Survival is the probability that a gap exceeds gWeeks if the customer is alive.
func (m MBG) Survival(h History, gWeeks float64) float64 {
	if m.isRegular() {
		return m.regular().Survival(h, gWeeks)
	}
	return m.MBGNBD.Survival(h, gWeeks)
}

// OverdueRatio is the silence in units of the expected gap.
func (m MBG) OverdueRatio(h History) float64 {
	if m.isRegular() {
		return m.regular().OverdueRatio(h)
	}
	return m.MBGNBD.OverdueRatio(h)
}

// OverdueQuantile is the quantile of the current silence among the gaps of a
// customer like this.
func (m MBG) OverdueQuantile(h History) float64 {
	if m.isRegular() {
		return m.regular().OverdueQuantile(h)
	}
	return m.MBGNBD.OverdueQuantile(h)
}

// GapQuantile is the gap in weeks that a share q of the gaps stays below.
func (m MBG) GapQuantile(h History, q float64) float64 {
	if m.isRegular() {
		return m.regular().GapQuantile(h, q)
	}
	return m.MBGNBD.GapQuantile(h, q)
}

// living is the model whose purchases to come stand for those of a customer who is
// alive: for K > 1 the form for K = 1 with α → Kα.
func (m MBG) living() MBGNBD {
	alive := m.MBGNBD
	alive.Alpha *= float64(m.Order())
	return alive
}

// ExpectedPurchases is the mean number of purchases in the next t weeks.
func (m MBG) ExpectedPurchases(h History, t float64) float64 {
	return m.PAlive(h) * m.living().future(h).expected(t)
}

// DiscountedExpectedPurchases is the discounted sum of ExpectedPurchases by the
// week.
func (m MBG) DiscountedExpectedPurchases(h History, weeks int, annualRate float64) float64 {
	return m.PAlive(h) * m.living().future(h).discounted(weeks, annualRate)
}

// DiscountedExpectedPurchasesApproximate is DiscountedExpectedPurchases over
// n.Weeks from four evaluations of ExpectedPurchases.
func (m MBG) DiscountedExpectedPurchasesApproximate(h History, n DiscountNodes) float64 {
	return m.PAlive(h) * m.living().future(h).discountedApproximate(n)
}

// NewValueTable is MBGNBD.NewValueTable for a living customer of the model.
func (m MBG) NewValueTable(shortWeeks float64, weeks int, annualRate float64) (*ValueTable, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	return m.living().NewValueTable(shortWeeks, weeks, annualRate)
}

// LogLikelihood is ln of the probability density of the history with its gaps;
// logGapSum is Σ ln(gap in weeks) over the x gaps, which counts for K > 1 only.
func (m MBG) LogLikelihood(h History, logGapSum float64) float64 {
	if m.isRegular() {
		return m.regular().LogLikelihood(h, logGapSum)
	}
	return m.MBGNBD.LogLikelihood(h)
}
