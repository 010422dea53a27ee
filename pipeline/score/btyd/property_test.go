package btyd

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// parameterGen draws a parameter of the domain, log-uniformly.
func parameterGen(t *rapid.T, name string) float64 {
	return math.Exp(rapid.Float64Range(math.Log(MinParameter), math.Log(MaxParameter)).Draw(t, name))
}

func historyGen(t *rapid.T) History {
	h := History{T: rapid.Float64Range(0.01, MaxWeeks).Draw(t, "T")}
	h.X = rapid.OneOf(rapid.Just(0), rapid.IntRange(1, 30), rapid.IntRange(1, MaxRepeats)).Draw(t, "x")
	if h.X > 0 {
		h.TX = h.T * rapid.Float64Range(1e-3, 1).Draw(t, "share")
	}
	return h
}

func regularGen(t *rapid.T) MBGCNBDK {
	return MBGCNBDK{parameterGen(t, "r"), parameterGen(t, "alpha"), parameterGen(t, "a"), parameterGen(t, "b"),
		rapid.IntRange(1, 8).Draw(t, "k")}
}

// modelGen draws a model in continuous time.
func modelGen(t *rapid.T) silent {
	k := regularGen(t)
	switch rapid.IntRange(0, 3).Draw(t, "model") {
	case 0:
		return BGNBD{k.R, k.Alpha, k.A, k.B}
	case 1:
		return MBGNBD{k.R, k.Alpha, k.A, k.B}
	case 2:
		return ParetoNBD{k.R, k.Alpha, k.A, k.B}
	}
	return k
}

// slack allows for the rounding of a value near v.
func slack(v float64) float64 { return 1e-11 * math.Max(1e-9, math.Abs(v)) }

func TestProbabilitiesAreProbabilities(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, h := modelGen(t), historyGen(t)
		horizon := rapid.Float64Range(0, MaxWeeks).Draw(t, "horizon")
		for what, p := range map[string]float64{
			"PAlive": m.PAlive(h), "PReturn": m.PReturn(h, horizon), "at purchase": m.PReturnAtPurchase(h, horizon),
			"Survival": m.Survival(h, horizon), "OverdueQuantile": m.OverdueQuantile(h),
		} {
			if !(p >= 0 && p <= 1) {
				t.Fatalf("%s = %v", what, p)
			}
		}
		if p := m.PReturn(h, horizon); p > m.PAlive(h) {
			t.Fatalf("PReturn = %v above PAlive", p)
		}
	})
}

func TestPAliveFallsInSilence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, h := modelGen(t), historyGen(t)
		later := h
		later.T += rapid.Float64Range(0, 200).Draw(t, "more")
		if m.PAlive(later) > m.PAlive(h)+slack(m.PAlive(h)) {
			t.Fatalf("PAlive rises from %v to %v", m.PAlive(h), m.PAlive(later))
		}
	})
}

func TestPReturnFallsInSilenceForSingleGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, h := modelGen(t), historyGen(t)
		if _, regular := m.(MBGCNBDK); regular {
			t.Skip("P(return) may rise for k > 1")
		}
		horizon := rapid.Float64Range(0.1, MaxWeeks).Draw(t, "horizon")
		later := h
		later.T += rapid.Float64Range(0, 200).Draw(t, "more")
		if before := m.PReturn(h, horizon); m.PReturn(later, horizon) > before+slack(before) {
			t.Fatalf("PReturn rises from %v to %v", before, m.PReturn(later, horizon))
		}
	})
}

func TestPReturnRisesInHorizon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, h := modelGen(t), historyGen(t)
		short := rapid.Float64Range(0, MaxWeeks).Draw(t, "short")
		long := rapid.Float64Range(short, MaxWeeks).Draw(t, "long")
		if p := m.PReturn(h, short); m.PReturn(h, long) < p-slack(p) {
			t.Fatalf("PReturn falls from %v to %v", p, m.PReturn(h, long))
		}
		if p := m.PReturn(h, 0); p != 0 {
			t.Fatalf("PReturn within 0 weeks = %v", p)
		}
	})
}

// P(return) is 1 − L(T+H)/L(T): the definition that all forms follow.
func TestPReturnIsTheLikelihoodRatio(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, h := modelGen(t), historyGen(t)
		horizon := rapid.Float64Range(0.1, MaxWeeks).Draw(t, "horizon")
		later := h
		later.T += horizon
		likelihood := func(h History) float64 {
			switch m := m.(type) {
			case BGNBD:
				return m.LogLikelihood(h)
			case MBGNBD:
				return m.LogLikelihood(h)
			case ParetoNBD:
				return m.LogLikelihood(h)
			}
			return m.(MBGCNBDK).LogLikelihood(h, 0)
		}
		want := -math.Expm1(likelihood(later) - likelihood(h))
		if got := m.PReturn(h, horizon); math.Abs(got-want) > 1e-9 {
			t.Fatalf("PReturn = %v, the ratio says %v", got, want)
		}
	})
}

func TestCrossingInvertsPAlive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, h := modelGen(t), historyGen(t)
		theta := rapid.Float64Range(0.01, 0.99).Draw(t, "theta")
		at, ok := m.CrossingTime(h, theta)
		if !ok || at < h.TX {
			return
		}
		if got := m.PAlive(History{X: h.X, TX: h.TX, T: at}); math.Abs(got-theta) > 1e-9 {
			t.Fatalf("PAlive at the crossing %v = %v, want %v", at, got, theta)
		}
	})
}

func TestGapQuantileInvertsSurvival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, h := modelGen(t), historyGen(t)
		if s := m.Survival(h, 0); s != 1 {
			t.Fatalf("S(0) = %v", s)
		}
		q := rapid.Float64Range(0.01, 0.99).Draw(t, "q")
		gap := m.GapQuantile(h, q)
		if math.IsInf(gap, 1) {
			return
		}
		if got := 1 - m.Survival(h, gap); math.Abs(got-q) > 1e-9 {
			t.Fatalf("the quantile of %v is %v, where 1 − S = %v", q, gap, got)
		}
	})
}

func TestRegularityOneIsMBGNBD(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := regularGen(t)
		k.K = 1
		m, h := MBGNBD{k.R, k.Alpha, k.A, k.B}, historyGen(t)
		horizon := rapid.Float64Range(0, MaxWeeks).Draw(t, "horizon")
		crossK, _ := k.CrossingTime(h, .5)
		cross, _ := m.CrossingTime(h, .5)
		for what, pair := range map[string][2]float64{
			"PAlive": {k.PAlive(h), m.PAlive(h)}, "PReturn": {k.PReturn(h, horizon), m.PReturn(h, horizon)},
			"LogLikelihood":     {k.LogLikelihood(h, 3), m.LogLikelihood(h)},
			"ExpectedPurchases": {k.ExpectedPurchasesApproximate(h, horizon), m.ExpectedPurchases(h, horizon)},
			"GapQuantile":       {k.GapQuantile(h, .9), m.GapQuantile(h, .9)},
			"OverdueRatio":      {k.OverdueRatio(h), m.OverdueRatio(h)},
			"CrossingTime":      {crossK, cross},
		} {
			if pair[0] != pair[1] && !(math.Abs(pair[0]-pair[1]) <= 1e-13*math.Abs(pair[1])) {
				t.Fatalf("%s = %v, MBG/NBD says %v", what, pair[0], pair[1])
			}
		}
	})
}

// The series and the quadrature are two ways to one number.
func TestSeriesAgreesWithQuadrature(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, h := regularGen(t), historyGen(t)
		horizon := rapid.Float64Range(0.01, MaxWeeks).Draw(t, "horizon")
		for _, f := range []future{MBGNBD{m.R, m.Alpha, m.A, m.B}.future(h), BGNBD{m.R, m.Alpha, m.A, m.B}.future(h)} {
			v, ok := f.series(horizon)
			if w := f.quadrature(horizon); ok && math.Abs(v-w) > 1e-10*w {
				t.Fatalf("series %v, quadrature %v", v, w)
			}
		}
	})
}

func TestRaceSeriesAgreesWithQuadrature(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := race{parameterGen(t, "p"), parameterGen(t, "A"), parameterGen(t, "q"), parameterGen(t, "B")}
		h := rapid.Float64Range(0.01, MaxWeeks).Draw(t, "h")
		v, ok := r.series(h)
		w := r.quadrature(h)
		if ok && math.Abs(v-w) > 1e-10*w {
			t.Fatalf("series %v, quadrature %v", v, w)
		}
		other := race{r.q, r.scaleQ, r.p, r.scaleP}.won(h)
		if total := w + other + math.Exp(r.logBoth(h)); math.Abs(total-1) > 1e-10 {
			t.Fatalf("the three outcomes add up to %v", total)
		}
	})
}
