package score

import (
	"errors"
	"fmt"
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Thresholds are the borders at which silence starts to mean something. Of each
// pair the first is for P(alive), the second stands in for it where the model
// cannot identify dropout: the quantile of the current gap.
type Thresholds struct {
	Watch         float64 // P(alive) below which a customer is on watch
	AtRisk        float64
	Critical      float64 // of customers of rank
	Lost          float64
	OverdueWatch  float64 // overdue quantile above which
	OverdueAtRisk float64
	OverdueLost   float64

	// How often a year an active customer may pass the quantile of watch and of
	// at risk. Who buys often has many gaps a year, so a share of them is more; for
	// such a customer the quantile lies as much higher as keeps this.
	OnsetsWatch  float64
	OnsetsAtRisk float64

	// Silence of more days than this is lost beside the quantile OverdueLost, and for
	// a one-time buyer alone.
	LostDays int32
}

// Values are all borders as numbers, in the order of their fields.
func (t *Thresholds) Values() []float64 {
	return []float64{t.Watch, t.AtRisk, t.Critical, t.Lost, t.OverdueWatch, t.OverdueAtRisk, t.OverdueLost,
		t.OnsetsWatch, t.OnsetsAtRisk, float64(t.LostDays)}
}

// DefaultThresholds are the shipped borders: .5 and .3 correspond to about 0.5
// and 0.2 false onsets per active customer-year in simulation, and so may the
// quantiles (docs/signals.md, "Levels", has the measurement).
func DefaultThresholds() Thresholds {
	return Thresholds{
		Watch: .5, AtRisk: .3, Critical: .3, Lost: .03,
		OverdueWatch: .90, OverdueAtRisk: .95, OverdueLost: .99,
		OnsetsWatch: .5, OnsetsAtRisk: .2,
		LostDays: 365,
	}
}

// Parameters is the model in force with everything else that a score depends
// on. Prepare must have succeeded before any other method is called; after it
// the value is read only and may be shared.
type Parameters struct {
	Purchase    btyd.MBGNBD     // of the purchase days, time in weeks
	K           int             // order of the gaps between purchase days: 1 without memory, more where regular; 0 is 1
	Activity    btyd.MBGNBD     // of the activity days, time in weeks
	HasActivity bool            // without it P(alive) is that of the purchase days
	Spend       btyd.GammaGamma // of the value of a purchase day, major units of the currency
	HasSpend    bool            // without it a customer's own mean is its E[M]

	CurrencyExponent uint8   // minor units are 10^-exponent of the currency
	MarginRatio      float64 // margin over net, 0 to 1
	HorizonDays      int32   // of p_return and of churn_risk
	AnnualDiscount   float64 // rate per year, 0.15 = 15 %

	Weights    Weights
	Thresholds Thresholds

	Fitted            bool // fitted, or given by configuration
	DataSufficiency   signal.DataSufficiency
	DropoutIdentified bool
	Version           string // param_version

	// Of a fit to the customers: how many there were, how well it explains them, and
	// when it was made. 0 where the parameters were given.
	Customers     uint64
	LogLikelihood float64
	FittedAt      event.Instant

	Segments []SegmentModel // of segments with a model of their own, by name

	segments []Parameters     // of those
	values   *btyd.ValueTable // of 90 days, and of 52 weeks at AnnualDiscount
	minor    float64          // minor units per unit of the currency
	highest  float64          // P(alive) at which a repeat buyer may be at risk

	highestActivity float64 // the same by activity days
}

// timing is the model of when purchases come.
func (p *Parameters) timing() btyd.MBG { return btyd.MBG{MBGNBD: p.Purchase, K: p.K} }

// Unfitted is the version of DefaultParameters.
const Unfitted = "0"

// DefaultParameters is version 0, in force until a model is fitted or given.
func DefaultParameters() Parameters {
	return Parameters{
		Purchase:         btyd.MBGNBD{R: 1, Alpha: 5, A: 1, B: 2},
		CurrencyExponent: 2,
		MarginRatio:      .3,
		HorizonDays:      90,
		AnnualDiscount:   .15,
		Weights:          DefaultWeights(),
		Thresholds:       DefaultThresholds(),
		DataSufficiency:  signal.NoFit, DropoutIdentified: true,
		Version: Unfitted,
	}
}

// ErrParameter says that a parameter lies outside its domain.
var ErrParameter = errors.New("parameter outside its domain")

// Prepare checks the parameters and precomputes what the scores need. Its error
// wraps ErrParameter and names the parameter.
func (p *Parameters) Prepare() error {
	if err := p.check(); err != nil {
		return err
	}
	values, err := p.timing().NewValueTable(90./daysPerWeek, weeksPerYear, p.AnnualDiscount)
	if err != nil {
		return fmt.Errorf("%w: value of a customer: %w", ErrParameter, err)
	}
	p.values = values
	p.prepareBorders()
	p.minor = math.Pow10(int(p.CurrencyExponent))
	return p.prepareSegments()
}

func (p *Parameters) check() error {
	if err := p.timing().Validate(); err != nil {
		return fmt.Errorf("%w: purchase model: %w", ErrParameter, err)
	}
	if p.HasActivity {
		if err := p.Activity.Validate(); err != nil {
			return fmt.Errorf("%w: activity model: %w", ErrParameter, err)
		}
	}
	if p.HasSpend {
		if err := p.Spend.ValidateMean(); err != nil {
			return fmt.Errorf("%w: spend model: %w", ErrParameter, err)
		}
	}
	switch {
	case p.CurrencyExponent > 6:
		return fmt.Errorf("%w: currency exponent %d, want 0 to 6", ErrParameter, p.CurrencyExponent)
	case !(p.MarginRatio >= 0 && p.MarginRatio <= 1):
		return fmt.Errorf("%w: margin ratio %g, want 0 to 1", ErrParameter, p.MarginRatio)
	case p.HorizonDays < 1 || p.HorizonDays > 3650:
		return fmt.Errorf("%w: horizon %d days, want 1 to 3650", ErrParameter, p.HorizonDays)
	case !(p.AnnualDiscount >= 0 && p.AnnualDiscount <= 10):
		return fmt.Errorf("%w: annual discount %g, want 0 to 10", ErrParameter, p.AnnualDiscount)
	}
	if err := p.Thresholds.check(); err != nil {
		return err
	}
	return p.Weights.check()
}

func (t *Thresholds) check() error {
	if !(t.Watch < 1 && t.Watch >= t.AtRisk && t.AtRisk >= t.Lost && t.Lost > 0 && t.Critical > 0 && t.Critical < 1) {
		return fmt.Errorf("%w: thresholds of P(alive) %g, %g, %g, %g, want 1 > watch >= at risk >= lost > 0 and critical "+
			"in between 0 and 1",
			ErrParameter, t.Watch, t.AtRisk, t.Lost, t.Critical)
	}
	if !(t.OverdueWatch > 0 && t.OverdueWatch <= t.OverdueAtRisk && t.OverdueAtRisk <= t.OverdueLost &&
		t.OverdueLost < 1) {
		return fmt.Errorf("%w: overdue quantiles %g, %g, %g, want 0 < watch <= at risk <= lost < 1",
			ErrParameter, t.OverdueWatch, t.OverdueAtRisk, t.OverdueLost)
	}
	if !(t.OnsetsAtRisk > 0 && t.OnsetsAtRisk <= t.OnsetsWatch && t.OnsetsWatch <= 366) {
		return fmt.Errorf("%w: onsets a year %g, %g, want 366 >= watch >= at risk > 0", ErrParameter, t.OnsetsWatch,
			t.OnsetsAtRisk)
	}
	if t.LostDays < 1 || t.LostDays > farthestDays {
		return fmt.Errorf("%w: lost after %d days of silence, want 1 to %d", ErrParameter, t.LostDays, farthestDays)
	}
	return nil
}
