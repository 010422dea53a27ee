package btyd

import (
	"errors"
	"fmt"
	"math"
)

// The stated domain. Inside it every quantity holds the error bound that its
// method names; outside it Validate and the checked variants give a
// *DomainError.
const (
	// MaxRepeats is the largest number of repeat purchase days.
	MaxRepeats = 5000
	// MaxWeeks is the longest age, and the longest horizon: ten years.
	MaxWeeks = 522
	// MinParameter and MaxParameter bound every model parameter.
	MinParameter = 1e-3
	MaxParameter = 1e4
	// NoInfinity stands for minus infinity where a number is printed or summed.
	NoInfinity = -1e308
)

// ErrDomain is what every *DomainError unwraps to.
var ErrDomain = errors.New("input outside the stated domain")

// DomainError names the input that lies outside the stated domain.
type DomainError struct {
	Field string  // name of the input as the documentation spells it
	Value float64 // what was given
	Want  string  // what is accepted, in words
}

// Error says which input, its value and what is accepted.
func (e *DomainError) Error() string {
	return fmt.Sprintf("%s = %v: want %s", e.Field, e.Value, e.Want)
}

// Unwrap gives ErrDomain.
func (e *DomainError) Unwrap() error { return ErrDomain }

// History is what one customer's purchases come to.
type History struct {
	// X is the number of repeat purchase days, the first excluded.
	X int
	// TX is the time from the first to the last purchase, in weeks.
	TX float64
	// T is the time from the first purchase to now, in weeks.
	T float64
}

// Validate gives a *DomainError unless 0 ≤ X ≤ MaxRepeats,
// 0 ≤ TX ≤ T ≤ MaxWeeks, and TX is positive exactly when X is.
func (h History) Validate() error {
	switch {
	case h.X < 0 || h.X > MaxRepeats:
		return &DomainError{"x", float64(h.X), fmt.Sprintf("a whole number from 0 to %d", MaxRepeats)}
	case !(h.T >= 0 && h.T <= MaxWeeks):
		return &DomainError{"T", h.T, fmt.Sprintf("weeks from 0 to %d", MaxWeeks)}
	case !(h.TX >= 0 && h.TX <= h.T):
		return &DomainError{"t_x", h.TX, "0 <= t_x <= T, in weeks"}
	case h.X == 0 && h.TX > 0:
		return &DomainError{"t_x", h.TX, "0 where x = 0: without a repeat the last purchase is the first"}
	case h.X > 0 && h.TX == 0:
		return &DomainError{"t_x", h.TX, "above 0 where x > 0: a repeat lies after the first purchase"}
	}
	return nil
}

// silence is the current gap g = T − TX in weeks.
func (h History) silence() float64 { return h.T - h.TX }

// atPurchase is the history as it stood right after the last purchase.
func (h History) atPurchase() History { return History{X: h.X, TX: h.TX, T: h.TX} }

// ValidateHorizon gives a *DomainError unless 0 ≤ weeks ≤ MaxWeeks.
func ValidateHorizon(weeks float64) error {
	if !(weeks >= 0 && weeks <= MaxWeeks) {
		return &DomainError{"t", weeks, fmt.Sprintf("weeks from 0 to %d", MaxWeeks)}
	}
	return nil
}

// Model is what the checked variants need of a purchase model.
type Model interface{ Validate() error }

// Checked is quantity(h) after m and h have been validated: the variant for
// untrusted input. A result that is no number is a *DomainError too.
func Checked(m Model, h History, quantity func(History) float64) (float64, error) {
	if err := m.Validate(); err != nil {
		return 0, err
	}
	if err := h.Validate(); err != nil {
		return 0, err
	}
	return number(quantity(h))
}

// CheckedHorizon is quantity(h, weeks) after m, h and the horizon have been
// validated.
func CheckedHorizon(m Model, h History, weeks float64,
	quantity func(History, float64) float64) (float64, error) {
	if err := ValidateHorizon(weeks); err != nil {
		return 0, err
	}
	return Checked(m, h, func(h History) float64 { return quantity(h, weeks) })
}

func number(v float64) (float64, error) {
	if math.IsNaN(v) {
		return 0, &DomainError{"result", v, "a number"}
	}
	return v, nil
}

// parameter is one named parameter and its value.
type parameter struct {
	name  string
	value float64
}

func validateParameters(parameters ...parameter) error {
	for _, p := range parameters {
		if !(p.value >= MinParameter && p.value <= MaxParameter) {
			return &DomainError{p.name, p.value, "a number from 0.001 to 10000"}
		}
	}
	return nil
}
