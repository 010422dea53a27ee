package btyd

import "math"

// GammaGamma is the gamma-gamma model of spend (Fader & Hardie 2013): the
// value of a purchase day is Gamma(P, ν'), and ν' ~ Gamma(Q, Nu) over the
// customers. Nu is in the currency unit of the spend. It assumes that spend
// does not depend on frequency.
//
// Domain: P and Q in [MinParameter, MaxParameter], Nu in [MinParameter, MaxNu]
// (a scale in currency units, so that any currency fits); the expected spend
// also needs Q > 1. Constant cost, no allocation.
type GammaGamma struct{ P, Q, Nu float64 }

// Validate gives a *DomainError unless every parameter is in the domain. It
// accepts Q ≤ 1, for which a likelihood but no mean exists; ValidateMean is
// the check for ExpectedSpend.
func (m GammaGamma) Validate() error {
	if !(m.Nu >= MinParameter && m.Nu <= MaxNu) {
		return &DomainError{"nu", m.Nu, "a number from 0.001 to 1e+09"}
	}
	return validateParameters(parameter{"p", m.P}, parameter{"q", m.Q})
}

// ValidateMean is Validate, and a *DomainError where Q ≤ 1: there the
// population has no finite mean spend.
func (m GammaGamma) ValidateMean() error {
	if err := m.Validate(); err != nil {
		return err
	}
	if m.Q <= 1 {
		return &DomainError{"q", m.Q, "above 1: at or below it the mean spend does not exist"}
	}
	return nil
}

// ExpectedSpend is the mean value of a future purchase day,
// p(ν + x·m)/(px + q − 1), where m is the mean over the x repeat days. With
// x = 0 or meanSpend ≤ 0 it is the population mean pν/(q−1). Arguments must
// have passed ValidateMean. Relative error below 1e-15.
func (m GammaGamma) ExpectedSpend(x int, meanSpend float64) float64 {
	if x == 0 || meanSpend <= 0 {
		return m.P * m.Nu / (m.Q - 1)
	}
	n := float64(x)
	return m.P * (m.Nu + n*meanSpend) / (m.P*n + (m.Q - 1))
}

// LogLikelihood is ln of the density of the mean spend of x repeat days;
// x ≥ 1 and meanSpend > 0. Written in ratios:
// −lnB(px, q) − q·log1p(xm/ν) − px·log1p(ν/(xm)) − ln m. Absolute error below
// 1e-9.
func (m GammaGamma) LogLikelihood(x int, meanSpend float64) float64 {
	shape := m.P * float64(x)
	total := float64(x) * meanSpend
	return -logBeta(shape, m.Q) - m.Q*math.Log1p(total/m.Nu) - shape*math.Log1p(m.Nu/total) - math.Log(meanSpend)
}

// CheckedExpectedSpend is ExpectedSpend after validation: a *DomainError for
// parameters or x outside the domain, Q ≤ 1 or a mean that is no number.
func (m GammaGamma) CheckedExpectedSpend(x int, meanSpend float64) (float64, error) {
	if err := m.ValidateMean(); err != nil {
		return 0, err
	}
	if err := validateSpend(x, meanSpend); err != nil {
		return 0, err
	}
	return m.ExpectedSpend(x, meanSpend), nil
}

// CheckedLogLikelihood is LogLikelihood after validation.
func (m GammaGamma) CheckedLogLikelihood(x int, meanSpend float64) (float64, error) {
	if err := m.Validate(); err != nil {
		return 0, err
	}
	if err := validateSpend(x, meanSpend); err != nil {
		return 0, err
	}
	if x == 0 || meanSpend <= 0 {
		return 0, &DomainError{"m_x", meanSpend, "x >= 1 and a positive mean for a log-likelihood"}
	}
	return number(m.LogLikelihood(x, meanSpend))
}

func validateSpend(x int, meanSpend float64) error {
	if x < 0 || x > MaxRepeats {
		return &DomainError{"x", float64(x), "a whole number from 0 to 5000"}
	}
	if math.IsNaN(meanSpend) || math.Abs(meanSpend) > maxSpend {
		return &DomainError{"m_x", meanSpend, "an amount of at most 1e12"}
	}
	return nil
}

// MaxNu is the largest Nu of a GammaGamma.
const MaxNu = 1e9

// maxSpend bounds a mean spend, in units of the currency.
const maxSpend = 1e12
