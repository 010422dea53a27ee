package score

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestParametersAtTheirLimits: what is allowed to the last value, and the first
// that is not, by the words of the error.
func TestParametersAtTheirLimits(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct {
		name   string
		change func(p *Parameters)
		want   string // in the error; "" allowed
	}{
		{"as shipped", func(*Parameters) {}, ""},
		{"six decimals", func(p *Parameters) { p.CurrencyExponent = 6 }, ""},
		{"seven", func(p *Parameters) { p.CurrencyExponent = 7 }, "currency exponent 7"},
		{"no margin", func(p *Parameters) { p.MarginRatio = 0 }, ""},
		{"all margin", func(p *Parameters) { p.MarginRatio = 1 }, ""},
		{"more than all", func(p *Parameters) { p.MarginRatio = 1.000001 }, "margin ratio"},
		{"less than none", func(p *Parameters) { p.MarginRatio = -1e-9 }, "margin ratio"},
		{"one day", func(p *Parameters) { p.HorizonDays = 1 }, ""},
		{"no day", func(p *Parameters) { p.HorizonDays = 0 }, "horizon 0"},
		{"ten years", func(p *Parameters) { p.HorizonDays = 3650 }, ""},
		{"a day more", func(p *Parameters) { p.HorizonDays = 3651 }, "horizon 3651"},
		{"no discount", func(p *Parameters) { p.AnnualDiscount = 0 }, ""},
		{"tenfold", func(p *Parameters) { p.AnnualDiscount = 10 }, ""},
		{"beyond", func(p *Parameters) { p.AnnualDiscount = 10.1 }, "annual discount"},
		{"no number", func(p *Parameters) { p.AnnualDiscount = nan }, "annual discount"},
		{"equal thresholds", func(p *Parameters) {
			p.Thresholds.Watch, p.Thresholds.AtRisk, p.Thresholds.Lost = .3, .3, .3
		}, ""},
		{"watch below at risk", func(p *Parameters) { p.Thresholds.Watch = .29 }, "thresholds of P(alive)"},
		{"at risk below lost", func(p *Parameters) { p.Thresholds.AtRisk = .02 }, "thresholds of P(alive)"},
		{"watch at one", func(p *Parameters) { p.Thresholds.Watch = 1 }, "thresholds of P(alive)"},
		{"lost at none", func(p *Parameters) { p.Thresholds.Lost = 0 }, "thresholds of P(alive)"},
		{"critical at none", func(p *Parameters) { p.Thresholds.Critical = 0 }, "thresholds of P(alive)"},
		{"critical at one", func(p *Parameters) { p.Thresholds.Critical = 1 }, "thresholds of P(alive)"},
		{"critical above watch", func(p *Parameters) { p.Thresholds.Critical = .9 }, ""},
		{"equal quantiles", func(p *Parameters) { p.Thresholds.OverdueWatch, p.Thresholds.OverdueAtRisk = .99, .99 }, ""},
		{"watch above at risk", func(p *Parameters) { p.Thresholds.OverdueWatch = .96 }, "overdue quantiles"},
		{"at risk above lost", func(p *Parameters) { p.Thresholds.OverdueAtRisk = .995 }, "overdue quantiles"},
		{"no quantile", func(p *Parameters) { p.Thresholds.OverdueWatch = 0 }, "overdue quantiles"},
		{"all of them", func(p *Parameters) { p.Thresholds.OverdueLost = 1 }, "overdue quantiles"},
		{"lost after a day", func(p *Parameters) { p.Thresholds.LostDays = 1 }, ""},
		{"lost at once", func(p *Parameters) { p.Thresholds.LostDays = 0 }, "lost after 0 days"},
		{"a century", func(p *Parameters) { p.Thresholds.LostDays = 36500 }, ""},
		{"more than a century", func(p *Parameters) { p.Thresholds.LostDays = 36501 }, "lost after 36501 days"},
		{"equal onsets", func(p *Parameters) { p.Thresholds.OnsetsWatch = .2 }, ""},
		{"fewer on watch", func(p *Parameters) { p.Thresholds.OnsetsWatch = .19 }, "onsets a year"},
		{"none at risk", func(p *Parameters) { p.Thresholds.OnsetsAtRisk = 0 }, "onsets a year"},
		{"one a day", func(p *Parameters) { p.Thresholds.OnsetsWatch = 366 }, ""},
		{"more than one a day", func(p *Parameters) { p.Thresholds.OnsetsWatch = 367 }, "onsets a year"},
		{"weights of twenty", func(p *Parameters) { p.Weights[RatingDrop], p.Weights[MultiChannel] = 20, -20 }, ""},
		{"beyond twenty", func(p *Parameters) { p.Weights[RatingDrop] = 20.1 }, "weight of TOP_BOX_LOST"},
		{"beyond minus twenty", func(p *Parameters) { p.Weights[MultiChannel] = -20.1 }, "weight of MULTI_CHANNEL"},
		{"a weight that is no number", func(p *Parameters) { p.Weights[0] = nan }, "weight of OPEN_COMPLAINT"},
		{"a spend model that is off", func(p *Parameters) { p.Spend.Q = .5 }, ""},
		{"a spend model without a mean", func(p *Parameters) {
			p.HasSpend, p.Spend.P, p.Spend.Q, p.Spend.Nu = true, 1, 1, 1
		}, "spend model"},
		{"no purchase model", func(p *Parameters) { p.Purchase.B = 0 }, "purchase model"},
	} {
		p := DefaultParameters()
		test.change(&p)
		switch err := p.check(); {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v, want none", test.name, err)
		case test.want != "" && (!errors.Is(err, ErrParameter) || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: %v, want ErrParameter about %s", test.name, err, test.want)
		}
	}
}

// TestWhatIsAtRiskFollowsTheTestInForce: P(alive) below its threshold, or the
// quantile above its own where dropout is not identified or the buyer is slow. An
// advocate is none then.
func TestWhatIsAtRiskFollowsTheTestInForce(t *testing.T) {
	// With r, α, a, b = 1, 5, .1, 2: 2 purchases in 21 weeks are 5.0 a year, where .2
	// onsets a year are a quantile of .960; 2 in 31 weeks are 3.4.
	fast := Facts{HasPurchase: true, X: 1, LastDay: 16 * 7, RatedFiveWithReview: true}
	slow := Facts{HasPurchase: true, X: 1, LastDay: 26 * 7, RatedFiveWithReview: true}
	for _, test := range []struct {
		advocate       *Facts
		identified     bool
		alive, overdue int32
		want           signal.Ladder
	}{
		{&fast, true, 300_000, 999_999, signal.LadderAdvocate}, {&fast, true, 299_999, 0, signal.LadderRepeat},
		{&slow, true, 300_000, 950_000, signal.LadderAdvocate}, {&slow, true, 299_999, 0, signal.LadderRepeat},
		{&slow, true, 300_000, 950_001, signal.LadderRepeat},
		{&slow, false, 0, 950_000, signal.LadderAdvocate}, {&slow, false, 1_000_000, 950_001, signal.LadderRepeat},
		{&fast, false, 0, 959_700, signal.LadderAdvocate}, {&fast, false, 1_000_000, 959_800, signal.LadderRepeat},
	} {
		p := DefaultParameters()
		p.Purchase.A = .1
		p.prepareBorders()
		p.DropoutIdentified = test.identified
		pr := Probabilities{PAliveMillionths: test.alive, OverdueMillionths: test.overdue}
		if got := p.LadderStage(test.advocate, &pr); got != test.want {
			t.Errorf("identified %v, x in %d days, P(alive) %d, quantile %d: %v, want %v", test.identified,
				test.advocate.LastDay, test.alive, test.overdue, got, test.want)
		}
	}
}

// TestMillionths: half up, and equal for what differs in the last bit.
func TestMillionths(t *testing.T) {
	for p, want := range map[float64]int32{
		0: 0, 1: 1_000_000, .3: 300_000, math.Nextafter(.3, 0): 300_000, .29999949: 299_999,
		.0000005: 1, .00000049: 0, -.0000004: 0, -.0000006: -1,
	} {
		if got := Millionths(p); got != want {
			t.Errorf("%g: %d, want %d", p, got, want)
		}
	}
}

// TestConfidenceNeedsAModel: whatever the customer has done.
func TestConfidenceNeedsAModel(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Parameters, *Facts)
		want   signal.Confidence
	}{
		{"all there", func(*Parameters, *Facts) {}, signal.ConfidenceHigh},
		{"four repeat days", func(_ *Parameters, f *Facts) { f.X = 4 }, signal.ConfidenceMedium},
		{"one repeat day", func(_ *Parameters, f *Facts) { f.X = 1 }, signal.ConfidenceLow},
		{"dropout is not identified", func(p *Parameters, _ *Facts) { p.DropoutIdentified = false }, signal.ConfidenceLow},
		{"few customers", func(p *Parameters, _ *Facts) { p.DataSufficiency = signal.FewCustomers }, signal.ConfidenceLow},
		{"something missing", func(_ *Parameters, f *Facts) { f.Approximate = true }, signal.ConfidenceMedium},
	} {
		p, f := DefaultParameters(), Facts{X: 5}
		p.DataSufficiency = signal.SufficiencyOK
		test.change(&p, &f)
		if got := p.Confidence(&f); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// TestAlertTakesItsNumbers: of a customer who has bought; of others null. The
// words of an alert that is resolved are none.
func TestAlertTakesItsNumbers(t *testing.T) {
	p := cdnow(t)
	p.Version, p.CurrencyExponent = "v7", 3
	for _, action := range []signal.Action{signal.Raised, signal.Escalated, signal.Updated, signal.Resolved,
		signal.Expired} {
		s := buyer(4, 200, 300, 20)
		sc, _ := scored(p, s)
		a := signal.Alert{Action: action, BasisPurchases: 99, ReasonCount: 3}
		p.FillAlert(&s, &sc, &Lead{}, &a)
		reasons := 1
		if action == signal.Resolved {
			reasons = 0
		}
		if a.PAlive != signal.Some(sc.PAlive) || a.PReturn != signal.Some(sc.PReturn) || a.HorizonDays != 91 ||
			a.Score != signal.Some(sc.ChurnRisk) || a.AtStake != signal.Some(sc.ValueAtRisk) || a.BasisPurchases != 5 ||
			a.Model != Model || a.ParamVersion != "v7" || a.CurrencyExponent != 3 || a.ReasonCount != reasons ||
			a.Confidence != signal.ConfidenceMedium {
			t.Errorf("%v: %+v", action, a)
		}
		nobody := Statistics{}
		sc, _ = scored(p, nobody)
		p.FillAlert(&nobody, &sc, &Lead{}, &a)
		if a.PAlive.Valid || a.PReturn.Valid || a.Score.Valid || a.AtStake.Valid || a.BasisPurchases != 0 {
			t.Errorf("%v of one who has never bought: %+v", action, a)
		}
	}
}

// TestEveryBorderIsAmongTheValues: each field of the thresholds is one of them.
func TestEveryBorderIsAmongTheValues(t *testing.T) {
	var borders Thresholds
	fields := reflect.ValueOf(&borders).Elem()
	for i := range fields.NumField() {
		if f := fields.Field(i); f.CanFloat() {
			f.SetFloat(float64(i + 1))
		} else {
			f.SetInt(int64(i + 1))
		}
	}
	values := borders.Values()
	if len(values) != fields.NumField() {
		t.Fatalf("%d values of %d fields", len(values), fields.NumField())
	}
	for i, v := range values {
		if v != float64(i+1) {
			t.Errorf("value %d is %g, want that of %s", i, v, fields.Type().Field(i).Name)
		}
	}
}
