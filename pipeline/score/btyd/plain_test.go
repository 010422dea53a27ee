package btyd

import (
	"math"
	"testing"
)

// TestModelsByPlainPowers: the published closed forms, written with powers alone.
func TestModelsByPlainPowers(t *testing.T) {
	const r, alpha, a, b = .7, 9.5, .8, 2.4
	for _, h := range []History{{0, 0, 0}, {0, 0, 30}, {1, 4, 4}, {1, 4, 60}, {7, 40.5, 52}, {7, 40.5, 40.5},
		{30, 100, 180}} {
		x := float64(h.X)
		lomax := func(g float64) float64 { return math.Pow((alpha+h.TX)/(alpha+h.TX+g), r+x) } // P(a gap exceeds g)
		g := h.T - h.TX
		waited := math.Pow((alpha+h.T)/(alpha+h.TX), r+x)
		alive := func(odds float64) float64 { return 1 / (1 + odds) }
		mbg := alive(a / (b + x) * waited)
		bg := 1.
		if h.X > 0 {
			bg = alive(a / (b + x - 1) * waited)
		}
		for name, m := range map[string]struct {
			model silent
			alive float64
		}{"MBG/NBD": {MBGNBD{r, alpha, a, b}, mbg}, "BG/NBD": {BGNBD{r, alpha, a, b}, bg},
			"MBG/CNBD-1": {MBGCNBDK{r, alpha, a, b, 1}, mbg}} {
			near(t, name+" P(alive)", m.model.PAlive(h), m.alive, 1e-12)
			near(t, name+" S", m.model.Survival(h, 13), lomax(13), 1e-12)
			near(t, name+" overdue quantile", m.model.OverdueQuantile(h), 1-lomax(g), 1e-12)
			near(t, name+" overdue ratio", m.model.OverdueRatio(h), g*(r+x)/(alpha+h.TX), 1e-12)
			returns := m.alive * (1 - lomax(g+13)/lomax(g))
			near(t, name+" P(return)", m.model.PReturn(h, 13), returns, 1e-12)
			fresh := m.model.PAlive(History{h.X, h.TX, h.TX}) * (1 - lomax(13))
			near(t, name+" P(return) at purchase", m.model.PReturnAtPurchase(h, 13), fresh, 1e-12)
			near(t, name+" relative drop", m.model.RelativeDrop(h, 13), 1-returns/fresh, 1e-12)
			if drop := m.model.RelativeDrop(h, 0); drop != 0 {
				t.Errorf("%s: over no time it drops by %g", name, drop)
			}
		}
	}
}

// TestParetoByIntegration: the integrals of the Pareto/NBD by the trapezoid rule
// over the time of leaving, which is all that is not closed.
func TestParetoByIntegration(t *testing.T) {
	m := ParetoNBD{R: .6, Alpha: 8, S: .9, Beta: 14}
	for _, h := range []History{{0, 0, 20}, {2, 9, 9}, {2, 9, 30}, {9, 60, 70}} {
		shape := m.R + float64(h.X)
		// The weight of having left at y, against staying to T: no purchase after
		// TX up to y, and leaving then.
		weight := func(y float64) float64 {
			return m.S / (m.Beta + y) * math.Pow((m.Beta+h.T)/(m.Beta+y), m.S) * math.Pow((m.Alpha+h.T)/(m.Alpha+y), shape)
		}
		odds := trapezoid(weight, h.TX, h.T)
		alive := 1 / (1 + odds)
		near(t, "P(alive)", m.PAlive(h), alive, 1e-7)
		near(t, "log-odds", math.Exp(m.LogOddsDead(h)), odds, 1e-7)
		near(t, "overdue ratio", m.OverdueRatio(h), (h.T-h.TX)*shape/(m.Alpha+h.TX), 1e-12)
		stays := func(y float64) float64 { return math.Pow((m.Beta+h.T)/(m.Beta+h.T+y), m.S) }
		near(t, "expected", m.ExpectedPurchases(h, 26), alive*shape/(m.Alpha+h.T)*trapezoid(stays, 0, 26), 1e-7)
		first := func(y float64) float64 {
			return shape / (m.Alpha + h.T + y) * math.Pow((m.Alpha+h.T)/(m.Alpha+h.T+y), shape) * stays(y)
		}
		returns := alive * trapezoid(first, 0, 26)
		near(t, "P(return)", m.PReturn(h, 26), returns, 1e-7)
		near(t, "relative drop", m.RelativeDrop(h, 26), 1-returns/m.PReturnAtPurchase(h, 26), 1e-7)
		near(t, "discounted", m.DiscountedExpectedPurchases(h, 26, .2), byWeeks(26, .2, func(week float64) float64 {
			return m.ExpectedPurchases(h, week)
		}), 1e-12)
	}
}

func trapezoid(f func(float64) float64, from, to float64) float64 {
	const n = 20_000
	if from == to {
		return 0
	}
	step, sum := (to-from)/n, (f(from)+f(to))/2
	for i := 1; i < n; i++ {
		sum += f(from + float64(i)*step)
	}
	return sum * step
}

// byWeeks is the discounted sum of what each week brings.
func byWeeks(weeks int, rate float64, upTo func(float64) float64) (sum float64) {
	before := 0.
	for week := 1; week <= weeks; week++ {
		now := upTo(float64(week))
		sum += (now - before) * math.Pow(1+rate, -float64(week)/52)
		before = now
	}
	return sum
}

func TestDiscountedSumsByWeeks(t *testing.T) {
	h := History{X: 3, TX: 20, T: 33}
	nodes, err := NewDiscountNodes(52, .15)
	if err != nil {
		t.Fatal(err)
	}
	bg, k := BGNBD{.5, 6, .9, 1.6}, MBGCNBDK{.8, 3, .9, 1.6, 2}
	exact := byWeeks(52, .15, func(w float64) float64 { return bg.ExpectedPurchases(h, w) })
	near(t, "BG/NBD", bg.DiscountedExpectedPurchases(h, 52, .15), exact, 1e-12)
	near(t, "BG/NBD by nodes", bg.DiscountedExpectedPurchasesApproximate(h, nodes), exact, 1e-3)
	near(t, "MBG/CNBD-k", k.DiscountedExpectedPurchasesApproximate(h, 52, .15),
		byWeeks(52, .15, func(w float64) float64 { return k.ExpectedPurchasesApproximate(h, w) }), 1e-12)
	near(t, "without a discount", bg.DiscountedExpectedPurchases(h, 52, 0), bg.ExpectedPurchases(h, 52), 1e-12)
}

// TestCalendarByEnumeration: the BG/BB over every sequence of purchases and every
// time of leaving.
func TestCalendarByEnumeration(t *testing.T) {
	m := BGBB{Alpha: 1.2, Beta: .8, Gamma: .7, Delta: 2.5}
	beta := func(a, b float64) float64 { return math.Exp(lgamma(a) + lgamma(b) - lgamma(a+b)) }
	// Of one sequence with x purchases of n chances taken, dead after `lived`.
	seen := func(x, lived int) float64 {
		return beta(m.Alpha+float64(x), m.Beta+float64(lived-x)) / beta(m.Alpha, m.Beta)
	}
	leaves := func(lived int) float64 { return beta(m.Gamma+1, m.Delta+float64(lived)) / beta(m.Gamma, m.Delta) }
	stays := func(n int) float64 { return beta(m.Gamma, m.Delta+float64(n)) / beta(m.Gamma, m.Delta) }
	const horizon = 4
	for n := range 7 {
		total := 0.
		for sequence := range 1 << n {
			o := Opportunities{N: n}
			for at := range n {
				if sequence>>at&1 != 0 {
					o.X, o.TX = o.X+1, at+1
				}
			}
			alive := seen(o.X, n) * stays(n)
			all := alive
			for lived := o.TX; lived < n; lived++ {
				all += seen(o.X, lived) * leaves(lived)
			}
			total += all
			near(t, "log-likelihood", m.LogLikelihood(o), math.Log(all), 1e-10)
			near(t, "P(alive)", m.PAlive(o), seen(o.X, n)*stays(n+1)/all, 1e-10)
			near(t, "log-odds", m.LogOddsDead(o), math.Log(1/m.PAlive(o)-1), 1e-9)
			none, expected := 0., 0. // of the next chances: none taken, and how many
			for lived := n; lived < n+horizon; lived++ {
				none += seen(o.X, lived) * leaves(lived)
				expected += seen(o.X+1, n+1) * stays(lived+1) // whichever of them it is
			}
			none += seen(o.X, n+horizon) * stays(n+horizon)
			returns := (alive - none) / all
			near(t, "P(return)", m.PReturn(o, horizon), returns, 1e-9)
			near(t, "expected", m.ExpectedPurchases(o, horizon), expected/all, 1e-9)
			fresh := Opportunities{o.X, o.TX, o.TX}
			near(t, "at purchase", m.PReturnAtPurchase(o, horizon), m.PReturn(fresh, horizon), 0)
			near(t, "relative drop", m.RelativeDrop(o, horizon), 1-returns/m.PReturn(fresh, horizon), 1e-9)
		}
		near(t, "all sequences together", total, 1, 1e-12)
	}
}

func lgamma(v float64) float64 { l, _ := math.Lgamma(v); return l }

// TestCheckedGivesTheSame: where nothing is wrong, the checked variants give what
// the others give; a sum that is no number is refused.
func TestCheckedGivesTheSame(t *testing.T) {
	spend, pareto := GammaGamma{6, 3.7, 15}, ParetoNBD{.6, 8, .9, 14}
	calendar, o := BGBB{1.2, .8, .7, 2.5}, Opportunities{2, 4, 6}
	h := History{2, 9, 30}
	for name, pair := range map[string]struct {
		checked func() (float64, error)
		want    float64
	}{
		"spend": {func() (float64, error) { return spend.CheckedExpectedSpend(3, 20) },
			spend.ExpectedSpend(3, 20)},
		"spend of nobody": {func() (float64, error) { return spend.CheckedExpectedSpend(0, -5) }, 6 * 15 / 2.7},
		"spend likelihood": {func() (float64, error) { return spend.CheckedLogLikelihood(3, 20) },
			spend.LogLikelihood(3, 20)},
		"all to come": {func() (float64, error) { return pareto.CheckedDERT(h, .0027) }, pareto.DERT(h, .0027)},
		"calendar":    {func() (float64, error) { return calendar.Checked(o, calendar.PAlive) }, calendar.PAlive(o)},
		"calendar horizon": {func() (float64, error) { return calendar.CheckedHorizon(o, 5, calendar.PReturn) },
			calendar.PReturn(o, 5)},
	} {
		if got, err := pair.checked(); err != nil || math.Abs(got-pair.want) > 1e-12*math.Abs(pair.want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, pair.want)
		}
	}
	_, err := Checked(cdnow, h, func(History) float64 { return math.NaN() })
	requireField(t, err, "result")
	_, err = calendar.Checked(Opportunities{N: -1}, calendar.PAlive)
	requireField(t, err, "n")
	_, err = BGBB{}.Checked(o, calendar.PAlive)
	requireField(t, err, "alpha")
	_, err = calendar.CheckedHorizon(o, MaxOpportunities+1, calendar.PReturn)
	requireField(t, err, "t")
	_, err = pareto.CheckedDERT(h, MaxDiscount+1)
	requireField(t, err, "discount")
	for _, x := range []int{-1, MaxRepeats + 1} {
		_, err = spend.CheckedExpectedSpend(x, 1)
		requireField(t, err, "x")
	}
	for _, mean := range []float64{math.NaN(), 1.1e12, -1.1e12} {
		_, err = spend.CheckedExpectedSpend(1, mean)
		requireField(t, err, "m_x")
	}
	_, err = spend.CheckedLogLikelihood(1, 0)
	requireField(t, err, "m_x")
	_, err = GammaGamma{}.CheckedLogLikelihood(1, 5)
	requireField(t, err, "nu")
}
