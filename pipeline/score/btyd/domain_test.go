package btyd

import (
	"errors"
	"math"
	"testing"
)

func TestHistoriesOutsideTheDomain(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for field, histories := range map[string][]History{
		"":    {{0, 0, 0}, {1, 5, 5}, {MaxRepeats, 1, MaxWeeks}},
		"x":   {{-1, 0, 3}, {MaxRepeats + 1, 1, 3}},
		"T":   {{0, 0, -1}, {0, 0, MaxWeeks + 1}, {1, 1, nan}, {1, 1, inf}},
		"t_x": {{1, 6, 5}, {1, -1, 5}, {0, 1, 5}, {1, nan, 5}, {2, 0, 5}},
	} {
		for _, h := range histories {
			requireField(t, h.Validate(), field)
		}
	}
	for field, all := range map[string][]Opportunities{
		"":    {{0, 0, 0}, {2, 3, 6}},
		"x":   {{4, 3, 6}, {-1, 0, 6}, {0 + 1, 0, 6}},
		"t_x": {{1, 7, 6}, {0, 2, 6}},
		"n":   {{0, 0, -1}, {0, 0, MaxOpportunities + 1}},
	} {
		for _, o := range all {
			requireField(t, o.Validate(), field)
		}
	}
}

func requireField(t *testing.T, err error, field string) {
	t.Helper()
	if field == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	var domain *DomainError
	if !errors.As(err, &domain) || domain.Field != field || !errors.Is(err, ErrDomain) {
		t.Errorf("error %v, want one about %s", err, field)
	}
}

func TestParametersOutsideTheDomain(t *testing.T) {
	good := cdnow
	for _, v := range []float64{0, -1, 9e-4, 10001, math.NaN(), math.Inf(1)} {
		m := good
		m.R = v
		requireField(t, m.Validate(), "r")
		m = good
		m.Alpha = v
		requireField(t, m.Validate(), "alpha")
		requireField(t, BGNBD{1, 1, v, 1}.Validate(), "a")
		requireField(t, MBGCNBDK{1, 1, 1, v, 2}.Validate(), "b")
		requireField(t, ParetoNBD{1, 1, v, 1}.Validate(), "s")
		requireField(t, BGBB{1, 1, v, 1}.Validate(), "gamma")
		requireField(t, GammaGamma{1, v, 1}.Validate(), "q")
	}
	requireField(t, MBGCNBDK{1, 1, 1, 1, 0}.Validate(), "k")
	requireField(t, MBGCNBDK{1, 1, 1, 1, MaxRegularity + 1}.Validate(), "k")
	requireField(t, GammaGamma{1, 1, 1e10}.Validate(), "nu")
	requireField(t, GammaGamma{6, 1, 15}.ValidateMean(), "q")
	requireField(t, good.Validate(), "")
}

// The checked variants give an error and no number.
func TestCheckedRefuses(t *testing.T) {
	_, err := Checked(cdnow, History{2, 3, 1}, cdnow.PAlive)
	requireField(t, err, "t_x")
	_, err = Checked(MBGNBD{}, History{}, MBGNBD{}.PAlive)
	requireField(t, err, "r")
	_, err = CheckedHorizon(cdnow, History{}, -1, cdnow.PReturn)
	requireField(t, err, "t")
	_, err = CheckedHorizon(cdnow, History{}, math.NaN(), cdnow.ExpectedPurchases)
	requireField(t, err, "t")
	_, err = BGBB{1, 1, 1, 1}.CheckedHorizon(Opportunities{}, -1, BGBB{1, 1, 1, 1}.PReturn)
	requireField(t, err, "t")
	_, err = ParetoNBD{1, 1, 1, 1}.CheckedDERT(History{}, 0)
	requireField(t, err, "discount")
	_, err = GammaGamma{6, .9, 15}.CheckedExpectedSpend(0, 0)
	requireField(t, err, "q")
	_, err = GammaGamma{6, 3, 15}.CheckedLogLikelihood(0, 5)
	requireField(t, err, "m_x")
	_, err = NewDiscountNodes(52, -2)
	requireField(t, err, "annual rate")
	v, err := CheckedHorizon(cdnow, History{1, 4, 9}, 13, cdnow.PReturn)
	if err != nil || v != cdnow.PReturn(History{1, 4, 9}, 13) {
		t.Errorf("CheckedHorizon = %v, %v", v, err)
	}
}

// Limits that have a closed form.
func TestLimits(t *testing.T) {
	h := History{X: 3, TX: 10, T: 20}
	near(t, "growth at 0", growth(0, -2), 2, 0)
	near(t, "growth near 0", growth(1e-12, -2), 2, 1e-11)
	for _, f := range []func(a float64) float64{
		func(a float64) float64 { return BGNBD{.5, 6, a, 2}.ExpectedPurchases(h, 39) },
		func(a float64) float64 { return MBGNBD{.5, 6, a, 2}.ExpectedPurchases(h, 39) },
		func(s float64) float64 { return ParetoNBD{.5, 6, s, 8}.ExpectedPurchases(h, 39) },
		func(s float64) float64 { return ParetoNBD{.5, 6, s, 8}.DERT(h, .0027) },
	} {
		near(t, "at a singular point", f(1), (f(1-1e-6)+f(1+1e-6))/2, 1e-10)
	}
	// right after a purchase the odds of death are those of a constant hazard
	three := 3.0
	moment := three + 1e-9 - three // as it is after rounding
	odds := ParetoNBD{.55, 10.6, .6, 11.7}.LogOddsDead(History{X: 2, TX: 3, T: 3 + 1e-9})
	near(t, "odds after a moment", odds, math.Log(.6*moment/(11.7+3)), 1e-9)
	if p := (ParetoNBD{1, 5, 1, 5}).PAlive(History{X: 2, TX: 3, T: 3}); p != 1 {
		t.Errorf("Pareto/NBD right after a purchase: P(alive) = %v", p)
	}
	if _, ok := (BGNBD{1, 1, 1, 1}).CrossingTime(History{T: 3}, .5); ok {
		t.Error("BG/NBD lets a one-time buyer cross")
	}
	if _, ok := (MBGNBD{1e-3, 1, 1e-3, 1e4}).CrossingTime(History{T: 3}, .5); ok {
		t.Error("a crossing beyond 1e300 came out as a number")
	}
	if _, ok := (MBGCNBDK{1, 1, 5, 1, 2}).CrossingTime(History{T: 3}, .5); ok {
		t.Error("k = 2: below the threshold from the start, yet it crosses")
	}
}

func TestScoringAllocatesNothing(t *testing.T) {
	h, sum := History{X: 5, TX: 13, T: 27}, 0.0
	k, p, o := MBGCNBDK{1.3, 2.8, .42, .79, 2}, ParetoNBD{.55, 1000, .6, .01}, Opportunities{2, 4, 6}
	bb := BGBB{1.2, .75, .66, 2.8}
	for what, f := range map[string]func(){
		"mbg-nbd": func() {
			sum += cdnow.PAlive(h) + cdnow.PReturn(h, 13) + cdnow.ExpectedPurchases(h, 39) + cdnow.LogLikelihood(h)
			at, _ := cdnow.CrossingTime(h, .5)
			sum += at + cdnow.future(h).quadrature(39) + cdnow.DiscountedExpectedPurchases(h, 52, .15)
		},
		"mbg-cnbd-k": func() {
			at, _ := k.CrossingTime(h, .5)
			sum += at + k.PReturn(h, 13) + k.GapQuantile(h, .9) + k.LogLikelihood(h, 2)
		},
		"pareto-nbd": func() {
			at, _ := p.CrossingTime(h, .5)
			sum += at + p.PReturn(h, 13) + p.ExpectedPurchases(h, 13) + p.DERT(h, .0027) + p.LogLikelihood(h)
		},
		"bg-bb": func() { sum += bb.PAlive(o) + bb.PReturn(o, 5) + bb.ExpectedPurchases(o, 5) + bb.LogLikelihood(o) },
	} {
		if n := testing.AllocsPerRun(20, f); n != 0 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
}
