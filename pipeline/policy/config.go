package policy

import (
	"errors"
	"fmt"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Border is where a level is entered and, apart from it, left: the hysteresis.
// P(alive), 0 to 1: entered below Enter, left above Leave.
type Border struct{ Enter, Leave float64 }

// Config is how alerts are judged. Entering is decided by the crossing instants
// in Facts, which the caller computes from the same Enter values.
type Config struct {
	Watch    Border
	AtRisk   Border
	Critical Border  // Enter: for class A, platinum and gold
	Lost     float64 // entered below, once at_risk has held its dwell; left by a purchase alone

	// The overdue quantiles that stand in where dropout is not identified, and
	// by how much the quantile must fall below them to leave.
	OverdueWatch      float64
	OverdueAtRisk     float64
	OverdueLost       float64
	OverdueHysteresis float64

	Dwell            event.Instant // how long a level must hold before it is alerted
	Cooldown         event.Instant // from the end of an alert to the next of its kind
	UpdateEvery      event.Instant // least time from any message to an `updated`
	Expiry           event.Instant // an alert open this long is closed as expired
	ReactivatedFor   event.Instant // how long the state `reactivated` lasts
	SilentAfter      event.Instant // without a complaint for this long, churn is silent
	ModelProtection  event.Instant // after new parameters: no firing or resolving on re-scoring alone
	MaxEventAge      event.Instant // older alerts are recorded, never delivered
	RepeatComplaints uint32        // complaints in 30 days that make complaint_repeat
	LadderUpFrom     signal.Ladder // lowest stage whose reaching is told as ladder_up

	HoldoutPercent float64
	HoldoutSalt    string
}

// Default is the shipped policy.
func Default() Config {
	return Config{
		// About 0.5 and 0.2 false onsets per active customer-year in simulation.
		Watch: Border{.50, .60}, AtRisk: Border{.30, .40}, Critical: Border{.30, .50}, Lost: .03,
		// Quantiles of the current gap with the same meaning; a twentieth of
		// hysteresis, because the quantile falls only when the model moves.
		OverdueWatch: .90, OverdueAtRisk: .95, OverdueLost: .99, OverdueHysteresis: .05,

		Dwell:            24 * event.Hour,     // covers sources that load nightly
		Cooldown:         14 * event.Day24h,   // a customer is not called twice in a fortnight
		UpdateEvery:      24 * event.Hour,     // a message a day is what a team reads
		Expiry:           90 * event.Day24h,   // what nobody resolved in a quarter is history
		ReactivatedFor:   30 * event.Day24h,   // then an ordinary active customer
		SilentAfter:      180 * event.Day24h,  // an older complaint does not explain leaving
		ModelProtection:  24 * event.Hour,     // a refit must not fire a storm
		MaxEventAge:      48 * event.Hour,     // two nights of a delayed feed
		RepeatComplaints: 2,                   // the second within 30 days
		LadderUpFrom:     signal.LadderRepeat, // a first purchase is not yet loyalty; see LadderUp
		HoldoutPercent:   5,                   // enough to measure precision, little enough to lose
		HoldoutSalt:      "1",                 // change it to draw the arm anew
	}
}

// ErrConfig says that a value of the policy makes no sense.
var ErrConfig = errors.New("policy value out of range")

// Validate returns all complaints, each wrapping ErrConfig.
func (c *Config) Validate() []error {
	var all []error
	complain := func(bad bool, format string, args ...any) {
		if bad {
			all = append(all, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
		}
	}
	for _, b := range []struct {
		name string
		Border
	}{{"watch", c.Watch}, {"at_risk", c.AtRisk}, {"critical", c.Critical}} {
		complain(!(b.Enter > 0 && b.Enter <= b.Leave && b.Leave <= 1),
			"levels.%s [%g, %g], want 0 < enter <= leave <= 1", b.name, b.Enter, b.Leave)
	}
	complain(!(c.Lost > 0 && c.Lost <= c.AtRisk.Enter && c.AtRisk.Enter <= c.Watch.Enter),
		"levels lost %g, at_risk %g, watch %g, want 0 < lost <= at_risk <= watch", c.Lost, c.AtRisk.Enter, c.Watch.Enter)
	complain(!(c.OverdueWatch > 0 && c.OverdueWatch <= c.OverdueAtRisk && c.OverdueAtRisk <= c.OverdueLost &&
		c.OverdueLost < 1),
		"overdue quantiles %g, %g, %g, want 0 < watch <= at_risk <= lost < 1", c.OverdueWatch, c.OverdueAtRisk, c.OverdueLost)
	complain(!(c.OverdueHysteresis >= 0 && c.OverdueHysteresis < c.OverdueWatch),
		"overdue hysteresis %g, want 0 to the lowest quantile", c.OverdueHysteresis)
	for _, d := range []struct {
		name         string
		value, least event.Instant
	}{
		{"dwell", c.Dwell, 0}, {"cooldown", c.Cooldown, event.Second}, {"update interval", c.UpdateEvery, event.Second},
		{"expiry", c.Expiry, event.Hour}, {"reactivated", c.ReactivatedFor, 0}, {"silent after", c.SilentAfter, 0},
		{"model protection", c.ModelProtection, 0}, {"max_event_age", c.MaxEventAge, 0},
	} {
		complain(d.value < d.least || d.value > 3660*event.Day24h,
			"%s %d us, want %d us to 10 years", d.name, d.value, d.least)
	}
	complain(c.RepeatComplaints < 2, "repeat complaints %d, want 2 or more", c.RepeatComplaints)
	complain(c.LadderUpFrom > signal.LadderAdvocate, "ladder_up from stage %d, want a stage", c.LadderUpFrom)
	complain(!(c.HoldoutPercent >= 0 && c.HoldoutPercent <= 100), "holdout_percent %g, want 0 to 100", c.HoldoutPercent)
	return all
}
