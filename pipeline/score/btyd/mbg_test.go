package btyd

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestMBGIsOneOfTwo: by its order it is the model without memory or the regular one.
func TestMBGIsOneOfTwo(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	draw := func() float64 { return math.Exp(r.Float64()*5 - 2) }
	for range 300 {
		plain := MBGNBD{R: draw(), Alpha: draw(), A: draw(), B: draw()}
		h := History{X: r.IntN(30), T: r.Float64() * 200}
		if h.X > 0 {
			h.TX = h.T * r.Float64()
		}
		k := r.IntN(7)
		m, regular := MBG{MBGNBD: plain, K: k}, MBGCNBDK{R: plain.R, Alpha: plain.Alpha, A: plain.A, B: plain.B, K: max(k, 1)}
		crossing, ok := m.CrossingTime(h, .3)
		wantCrossing, wantOK := regular.CrossingTime(h, .3)
		table, err := m.NewValueTable(90./7, 52, .15)
		if err != nil || ok != wantOK {
			t.Fatalf("%+v: crossing %v, want %v; %v", m, ok, wantOK, err)
		}
		short, discounted := table.Living(h)
		alive := regular.PAlive(h)
		for name, c := range map[string][2]float64{
			"p_alive": {m.PAlive(h), alive}, "odds": {m.LogOddsDead(h), regular.LogOddsDead(h)},
			"return": {m.PReturn(h, 13), regular.PReturn(h, 13)}, "crossing": {crossing, wantCrossing},
			"return at purchase": {m.PReturnAtPurchase(h, 13), regular.PReturnAtPurchase(h, 13)},
			"drop":               {m.RelativeDrop(h, 13), regular.RelativeDrop(h, 13)},
			"survival":           {m.Survival(h, 4), regular.Survival(h, 4)},
			"overdue":            {m.OverdueRatio(h), regular.OverdueRatio(h)},
			"quantile":           {m.OverdueQuantile(h), regular.OverdueQuantile(h)},
			"gap":                {m.GapQuantile(h, .9), regular.GapQuantile(h, .9)},
			"expected":           {m.ExpectedPurchases(h, 13), regular.ExpectedPurchasesApproximate(h, 13)},
			"likelihood":         {m.LogLikelihood(h, 2.5), regular.LogLikelihood(h, 2.5)},
			"value in 90 days":   {alive * short, regular.ExpectedPurchasesApproximate(h, 90./7)},
			"discounted":         {alive * discounted, regular.DiscountedExpectedPurchasesApproximate(h, 52, .15)},
		} {
			if math.Abs(c[0]-c[1]) > 1e-6*math.Max(1, math.Abs(c[1])) {
				t.Errorf("order %d: %s is %g, want %g (%+v, %+v)", k, name, c[0], c[1], plain, h)
			}
		}
	}
	if err := (MBG{MBGNBD: MBGNBD{1, 5, 1, 2}, K: MaxRegularity + 1}).Validate(); err == nil {
		t.Error("an order beyond the largest is taken")
	}
}
