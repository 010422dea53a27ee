package modelcli

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/population/fit"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

const valueWeeks = 52

// scoring is what the flags ask for.
type scoring struct {
	model    string
	horizon  float64 // weeks, or opportunities, where the row gives none
	margin   float64
	annual   float64 // discount rate a year
	discount float64 // continuous, per week, of dert
}

// purchaseModel is what the four models in continuous time share.
type purchaseModel interface {
	btyd.Model
	PAlive(btyd.History) float64
	LogOddsDead(btyd.History) float64
	PReturn(btyd.History, float64) float64
	CrossingTime(btyd.History, float64) (float64, bool)
	GapQuantile(btyd.History, float64) float64
}

// score fills the outputs of one row.
func (s scoring) score(r row) []string {
	var o outputs
	if r.record.problem != "" {
		o.errors = append(o.errors, r.record.problem)
		return o.finish()
	}
	switch s.model {
	case fit.BGBB:
		s.calendar(r, &o)
	case fit.GammaGamma:
		s.spendOnly(r, &o)
	default:
		s.purchases(r, &o)
	}
	return o.finish()
}

// purchases scores a model in continuous time, and the value where p, q, nu
// are given.
func (s scoring) purchases(r row, o *outputs) {
	h, err := r.history()
	if err != nil {
		o.fail(err)
		return
	}
	discounted := math.NaN()
	if params, err := r.parameters(parameterNames[s.model]); err != nil {
		o.fail(err)
	} else {
		discounted = s.fillModel(r, o, h, params)
	}
	if !r.spendGiven() {
		return
	}
	if spend, ok := s.spend(r, o, h.X); ok && !math.IsNaN(discounted) {
		o.set(colValue52, s.margin*spend*discounted)
	}
}

// fillModel builds the row's model and fills its columns; it returns the discounted
// purchases, NaN where they are not to be had.
func (s scoring) fillModel(r row, o *outputs, h btyd.History, v []float64) float64 {
	switch s.model {
	case fit.BGNBD:
		m := btyd.BGNBD{R: v[0], Alpha: v[1], A: v[2], B: v[3]}
		return s.fill(r, o, h, filling{m, m.ExpectedPurchases, m.DiscountedExpectedPurchases, m.LogLikelihood})
	case fit.MBGNBD:
		m := btyd.MBGNBD{R: v[0], Alpha: v[1], A: v[2], B: v[3]}
		return s.fill(r, o, h, filling{m, m.ExpectedPurchases, m.DiscountedExpectedPurchases, m.LogLikelihood})
	case fit.ParetoNBD:
		m := btyd.ParetoNBD{R: v[0], Alpha: v[1], S: v[2], Beta: v[3]}
		discounted := s.fill(r, o, h, filling{m, m.ExpectedPurchases, m.DiscountedExpectedPurchases, m.LogLikelihood})
		dert, err := m.CheckedDERT(h, s.discount)
		o.try(colDERT, dert, err)
		return discounted
	}
	return s.regular(r, o, h, v)
}

// regular is MBG/CNBD-k.
func (s scoring) regular(r row, o *outputs, h btyd.History, v []float64) float64 {
	k, err := wholeNumber("k", v[4])
	if err != nil {
		o.fail(err)
		return math.NaN()
	}
	m := btyd.MBGCNBDK{R: v[0], Alpha: v[1], A: v[2], B: v[3], K: k}
	gaps, ok, err := r.number("litt")
	if err == nil && math.IsInf(gaps, 0) || math.IsNaN(gaps) {
		err = &btyd.DomainError{Field: "litt", Value: gaps, Want: "the sum of ln(gap in weeks), a number"}
	}
	if err != nil {
		o.fail(err)
	}
	var likelihood func(btyd.History) float64
	if err == nil && (ok || k == 1) { // with k = 1 the gaps do not enter
		likelihood = func(h btyd.History) float64 { return m.LogLikelihood(h, gaps) }
	}
	discounted := s.fill(r, o, h, filling{m, m.ExpectedPurchasesApproximate,
		m.DiscountedExpectedPurchasesApproximate, likelihood})
	if !math.IsNaN(discounted) && k > 1 {
		o.note("expected_purchases, discounted_52 and value_52 are approximate for k > 1")
	}
	return discounted
}

// filling is a model and those of its functions whose names differ.
type filling struct {
	model      purchaseModel
	expected   func(btyd.History, float64) float64
	discounted func(btyd.History, int, float64) float64
	likelihood func(btyd.History) float64 // nil: not defined for the row
}

// fill writes the columns of one model; NaN if its parameters are refused.
func (s scoring) fill(r row, o *outputs, h btyd.History, f filling) float64 {
	v, err := btyd.Checked(f.model, h, f.model.PAlive)
	if !o.try(colPAlive, v, err) {
		return math.NaN()
	}
	o.set(colLogOddsDead, f.model.LogOddsDead(h))
	if t, err := r.horizon(s.horizon); err != nil {
		o.fail(err)
	} else {
		v, err = btyd.CheckedHorizon(f.model, h, t, f.model.PReturn)
		o.try(colPReturn, v, err)
		v, err = btyd.CheckedHorizon(f.model, h, t, f.expected)
		o.try(colExpectedPurchases, v, err)
	}
	if f.likelihood != nil {
		v, err = btyd.Checked(f.model, h, f.likelihood)
		o.try(colLogLikelihood, v, err)
	}
	s.crossing(o, h, f.model)
	o.set(colGapQ90, f.model.GapQuantile(h, 0.9))
	discounted := f.discounted(h, valueWeeks, s.annual)
	o.set(colDiscounted52, discounted)
	return discounted
}

// crossing writes the time since the first purchase at which P(alive) is ½, or
// a note why there is none.
func (s scoring) crossing(o *outputs, h btyd.History, m purchaseModel) {
	at, ok := m.CrossingTime(h, 0.5)
	switch {
	case ok:
		o.set(colCrossingHalf, at)
	case s.model == fit.BGNBD && h.X == 0:
		o.note("crossing_half: never, BG/NBD holds one-time buyers for alive for ever")
	case s.model == fit.MBGCNBDK && m.PAlive(btyd.History{X: h.X, TX: h.TX, T: h.TX}) < 0.5:
		o.note("crossing_half: p_alive is below 0.5 right after the purchase")
	default:
		o.note("crossing_half: later than 1e300 weeks")
	}
}

// spend fills expected_spend.
func (s scoring) spend(r row, o *outputs, x int) (float64, bool) {
	m, mean, ok := s.spendModel(r, o, x)
	if !ok {
		return 0, false
	}
	v, err := m.CheckedExpectedSpend(x, mean)
	return v, o.try(colExpectedSpend, v, err)
}

// spendModel reads p, q, nu and m_x; without m_x a repeater is taken at the
// population mean, and the note says so.
func (s scoring) spendModel(r row, o *outputs, x int) (m btyd.GammaGamma, mean float64, ok bool) {
	v, err := r.parameters(spendNames)
	if err != nil {
		o.fail(err)
		return m, 0, false
	}
	mean, given, err := r.number("m_x")
	if err != nil {
		o.fail(err)
		return m, 0, false
	}
	if !given && x > 0 {
		o.note("m_x not given: expected_spend is the population mean")
	}
	return btyd.GammaGamma{P: v[0], Q: v[1], Nu: v[2]}, mean, true
}

// spendOnly scores the gamma-gamma model alone.
func (s scoring) spendOnly(r row, o *outputs) {
	x, err := r.whole("x")
	if err != nil {
		o.fail(err)
		return
	}
	m, mean, ok := s.spendModel(r, o, x)
	if !ok {
		return
	}
	if x != 0 && !(mean <= 0) {
		v, err := m.CheckedLogLikelihood(x, mean)
		o.try(colLogLikelihood, v, err)
	}
	v, err := m.CheckedExpectedSpend(x, mean)
	o.try(colExpectedSpend, v, err)
}

// calendar scores BG/BB, whose times count opportunities.
func (s scoring) calendar(r row, o *outputs) {
	h, err := r.opportunities()
	if err != nil {
		o.fail(err)
		return
	}
	if v, err := r.parameters(parameterNames[fit.BGBB]); err != nil {
		o.fail(err)
	} else {
		s.calendarColumns(r, o, h, btyd.BGBB{Alpha: v[0], Beta: v[1], Gamma: v[2], Delta: v[3]})
	}
	if r.spendGiven() {
		s.spend(r, o, h.X)
	}
}

func (s scoring) calendarColumns(r row, o *outputs, h btyd.Opportunities, m btyd.BGBB) {
	v, err := m.Checked(h, m.PAlive)
	if !o.try(colPAlive, v, err) {
		return
	}
	o.set(colLogOddsDead, m.LogOddsDead(h))
	v, err = m.Checked(h, m.LogLikelihood)
	o.try(colLogLikelihood, v, err)
	t, err := r.horizon(s.horizon)
	horizon := 0
	if err == nil {
		horizon, err = wholeNumber("t", t)
	}
	if err != nil {
		o.fail(err)
		return
	}
	v, err = m.CheckedHorizon(h, horizon, m.PReturn)
	o.try(colPReturn, v, err)
	v, err = m.CheckedHorizon(h, horizon, m.ExpectedPurchases)
	o.try(colExpectedPurchases, v, err)
}
