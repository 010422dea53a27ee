package btyd

import (
	"math"
	"testing"
)

// How far the four nodes are from the 52 weekly terms, on CDNOW-like figures.
func TestApproximateDiscountIsClose(t *testing.T) {
	nodes, err := NewDiscountNodes(52, .15)
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for _, h := range []History{{0, 0, 0}, {0, 0, 1}, {0, 0, 39}, {1, 4, 35}, {3, 10, 11}, {10, 26, 26}, {29, 37, 38},
		{100, 200, 210}} {
		exact := cdnow.DiscountedExpectedPurchases(h, 52, .15)
		worst = math.Max(worst, math.Abs(cdnow.DiscountedExpectedPurchasesApproximate(h, nodes)/exact-1))
	}
	if worst > 1e-3 {
		t.Errorf("the approximation is off by %.2g", worst)
	}
	t.Logf("worst relative difference %.2g", worst)
}

// The sum by parts is the sum of the discounted weekly differences.
func TestDiscountedIsTheWeeklySum(t *testing.T) {
	h := History{X: 3, TX: 10, T: 20}
	sum, before := 0.0, 0.0
	for j := 1; j <= 52; j++ {
		now := cdnow.ExpectedPurchases(h, float64(j))
		sum += (now - before) * math.Exp(-weeklyDiscount(.15)*float64(j))
		before = now
	}
	near(t, "discounted", cdnow.DiscountedExpectedPurchases(h, 52, .15), sum, 1e-13)
	near(t, "at no discount", cdnow.DiscountedExpectedPurchases(h, 52, 0), cdnow.ExpectedPurchases(h, 52), 1e-14)
}
