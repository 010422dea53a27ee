package btyd

import (
	"testing"
)

func TestCDNOWCommitted(t *testing.T) { testCDNOW(t, committed(t, "cdnow_sample.csv")) }
func TestCDNOWFull(t *testing.T)      { testCDNOW(t, shared(t, "cdnow_sample_reference.csv")) }

// Every model column of the CDNOW sample, to 1e-9.
func testCDNOW(t *testing.T, r rows) {
	bg := BGNBD{.243, 4.414, .793, 2.426}
	pareto := ParetoNBD{.553, 10.578, .606, 11.669}
	spend := GammaGamma{6.25, 3.74, 15.44}
	for _, line := range r.lines {
		h := History{X: int(r.number(line, "x")), TX: r.number(line, "t_x_days") / 7, T: r.number(line, "T_days") / 7}
		r.close(line, "bg_palive", bg.PAlive(h))
		r.close(line, "bg_e13", bg.ExpectedPurchases(h, 13))
		r.close(line, "bg_e39", bg.ExpectedPurchases(h, 39))
		r.close(line, "bg_ll", bg.LogLikelihood(h))
		r.close(line, "bg_pactive13", bg.PReturn(h, 13))
		r.close(line, "mbg_palive", cdnow.PAlive(h))
		r.close(line, "mbg_e13", cdnow.ExpectedPurchases(h, 13))
		r.close(line, "mbg_e39", cdnow.ExpectedPurchases(h, 39))
		r.close(line, "mbg_e52", cdnow.ExpectedPurchases(h, 52))
		r.close(line, "mbg_ll", cdnow.LogLikelihood(h))
		r.close(line, "mbg_pactive13", cdnow.PReturn(h, 13))
		crossing, _ := cdnow.CrossingTime(h, .5)
		r.close(line, "mbg_T_at_palive_half_days", crossing*7)
		r.close(line, "mbg_gap_q90_days", cdnow.GapQuantile(h, .9)*7)
		discounted := cdnow.DiscountedExpectedPurchases(h, 52, .15)
		r.close(line, "mbg_det52", discounted)
		r.close(line, "pn_palive", pareto.PAlive(h))
		r.close(line, "pn_e13", pareto.ExpectedPurchases(h, 13))
		r.close(line, "pn_e39", pareto.ExpectedPurchases(h, 39))
		r.close(line, "pn_ll", pareto.LogLikelihood(h))
		r.close(line, "pn_dert_0_0027", pareto.DERT(h, .0027))
		mean := spend.ExpectedSpend(h.X, r.number(line, "m_x_usd"))
		r.close(line, "gg_mean", mean)
		r.close(line, "mbg_clv52", mean*discounted)
		r.close(line, "pn_clv_inf", mean*pareto.DERT(h, .0027))
	}
}

func TestEdgeGridCommitted(t *testing.T) {
	testPoints(t, committed(t, "edge_bgnbd_mbgnbd.csv"))
	testPoints(t, committed(t, "edge_paretonbd.csv"))
}
func TestEdgeGridFull(t *testing.T)       { testPoints(t, shared(t, "edge_grid_bgnbd_mbgnbd.csv")) }
func TestEdgeGridParetoFull(t *testing.T) { testPoints(t, shared(t, "edge_grid_paretonbd.csv")) }
func TestRandomPoints(t *testing.T)       { testPoints(t, committed(t, "points.csv")) }

// Every column of a table of mixed models, to 1e-8 of its size.
func testPoints(t *testing.T, r rows) {
	for _, line := range r.lines {
		v := func(column string) float64 { return r.number(line, column) }
		switch line[r.index["model"]] {
		case "bgnbd":
			r.all(line, BGNBD{v("r"), v("alpha"), v("a"), v("b")})
		case "mbgnbd":
			r.all(line, MBGNBD{v("r"), v("alpha"), v("a"), v("b")})
		case "pnbd":
			m := ParetoNBD{v("r"), v("alpha"), v("s"), v("beta")}
			r.all(line, m)
			r.relative(line, "dert", m.DERT(r.history(line), v("delta")), 1e-8)
		case "cnbd":
			m := MBGCNBDK{v("r"), v("alpha"), v("a"), v("b"), int(v("k"))}
			r.shape(line, m)
			r.relative(line, "ll", m.LogLikelihood(r.history(line), v("litt")), 1e-8)
		case "bgbb":
			r.calendar(line, BGBB{v("alpha"), v("beta"), v("gamma"), v("delta")})
		case "gg":
			m := GammaGamma{v("p"), v("q"), v("nu")}
			r.relative(line, "ll", m.LogLikelihood(int(v("x")), v("m_x")), 1e-8)
			r.relative(line, "spend", m.ExpectedSpend(int(v("x")), v("m_x")), 1e-8)
		default:
			t.Fatalf("no such model: %v", line)
		}
	}
}

// silent is what all models in continuous time have.
type silent interface {
	Model
	PAlive(History) float64
	LogOddsDead(History) float64
	PReturn(History, float64) float64
	PReturnAtPurchase(History, float64) float64
	RelativeDrop(History, float64) float64
	CrossingTime(History, float64) (float64, bool)
	Survival(History, float64) float64
	OverdueRatio(History) float64
	OverdueQuantile(History) float64
	GapQuantile(History, float64) float64
}

func (r rows) shape(line []string, m silent) {
	r.t.Helper()
	h := r.history(line)
	if err := m.Validate(); err != nil {
		r.t.Fatalf("%v at %v", err, line)
	}
	r.relative(line, "p_alive", m.PAlive(h), 1e-8)
	r.relative(line, "logodds_dead", m.LogOddsDead(h), 1e-8)
	r.relative(line, "p_active", m.PReturn(h, r.number(line, "t")), 1e-8)
	if _, there := r.index["crossing"]; there {
		if at, ok := m.CrossingTime(h, .5); ok {
			r.relative(line, "crossing", at, 1e-8)
		}
		r.relative(line, "gap", m.GapQuantile(h, .9), 1e-8)
	}
}

func (r rows) all(line []string, m interface {
	silent
	ExpectedPurchases(History, float64) float64
	LogLikelihood(History) float64
}) {
	r.t.Helper()
	h := r.history(line)
	r.shape(line, m)
	r.relative(line, "exp_purchases", m.ExpectedPurchases(h, r.number(line, "t")), 1e-8)
	r.relative(line, "ll", m.LogLikelihood(h), 1e-8)
}

func (r rows) calendar(line []string, m BGBB) {
	r.t.Helper()
	o := Opportunities{int(r.number(line, "x")), int(r.number(line, "t_x")), int(r.number(line, "n"))}
	horizon := int(r.number(line, "t"))
	r.relative(line, "p_alive", m.PAlive(o), 1e-8)
	r.relative(line, "logodds_dead", m.LogOddsDead(o), 1e-8)
	r.relative(line, "p_active", m.PReturn(o, horizon), 1e-8)
	r.relative(line, "exp_purchases", m.ExpectedPurchases(o, horizon), 1e-8)
	r.relative(line, "ll", m.LogLikelihood(o), 1e-8)
}

// The donor cohort: every column to 1e-9, and the total log-likelihood.
func TestDonations(t *testing.T) {
	r := committed(t, "donations_bgbb.csv")
	m := BGBB{1.204, .750, .657, 2.783}
	total := 0.0
	for _, line := range r.lines {
		o := Opportunities{int(r.number(line, "x")), int(r.number(line, "t_x")), int(r.number(line, "n"))}
		ll, err := m.Checked(o, m.LogLikelihood)
		if err != nil {
			t.Fatal(err)
		}
		r.close(line, "loglik", ll)
		r.close(line, "p_alive_np1", m.PAlive(o))
		r.close(line, "exp_trans_5", m.ExpectedPurchases(o, 5))
		r.close(line, "exp_trans_10", m.ExpectedPurchases(o, 10))
		total += ll * r.number(line, "custs")
	}
	near(t, "total log-likelihood", total, -33225.58175, 1e-9)
}
