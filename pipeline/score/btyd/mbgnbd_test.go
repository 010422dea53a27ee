package btyd

import (
	"math"
	"testing"
)

// cdnow are the parameters of the reference tables.
var cdnow = MBGNBD{R: .525, Alpha: 6.183, A: .891, B: 1.614}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Max(1, math.Abs(want))) {
		t.Errorf("%s = %.17g, want %.17g", what, got, want)
	}
}

// Customer 1 of the CDNOW sample (cdnow_sample_reference.csv, 40 digits).
func TestMBGNBDFirstCustomer(t *testing.T) {
	h := History{X: 2, TX: 213.0 / 7, T: 272.0 / 7}
	near(t, "p_alive", cdnow.PAlive(h), 0.7062150554622, 1e-12)
	near(t, "e13", cdnow.ExpectedPurchases(h, 13), 0.4769673841049, 1e-12)
	near(t, "e39", cdnow.ExpectedPurchases(h, 39), 1.263050263342, 1e-12)
	near(t, "log-likelihood", cdnow.LogLikelihood(h), -9.485409256321, 1e-12)
	near(t, "p_return", cdnow.PReturn(h, 13), 0.3339416856411, 1e-12)
	near(t, "gap q90", cdnow.GapQuantile(h, .9)*7, 381.6240112421, 1e-12)
	near(t, "discounted", cdnow.DiscountedExpectedPurchases(h, 52, .15), 1.496985704024, 1e-12)
	at, ok := cdnow.CrossingTime(h, .5)
	near(t, "crossing", at*7, 402.94228535, 1e-11)
	if !ok {
		t.Error("a crossing within a year came out as never")
	}
	nodes, err := NewDiscountNodes(52, .15)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "approximate", cdnow.DiscountedExpectedPurchasesApproximate(h, nodes), 1.496985704024, 1e-3)
	f := cdnow.future(h)
	near(t, "quadrature", f.quadrature(39)*cdnow.PAlive(h), 1.263050263342, 1e-12)
}
