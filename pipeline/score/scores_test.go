package score

import (
	"encoding/csv"
	"errors"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// cdnow are the parameters that the reference values were computed at.
func cdnow(t testing.TB) *Parameters {
	t.Helper()
	p := DefaultParameters()
	p.Purchase = btyd.MBGNBD{R: .525, Alpha: 6.183, A: .891, B: 1.614}
	p.Spend, p.HasSpend = btyd.GammaGamma{P: 6.25, Q: 3.74, Nu: 15.44}, true
	p.MarginRatio, p.HorizonDays = 1, 91
	p.DataSufficiency = signal.SufficiencyOK
	if err := p.Prepare(); err != nil {
		t.Fatal(err)
	}
	return &p
}

// buyer is a customer with x repeat days, the last after tx days, seen after age
// days; it has spent mean dollars on each repeat day.
func buyer(x uint32, tx, age int, mean float64) Statistics {
	const first = 20_000
	s := Statistics{
		Facts: Facts{HasPurchase: true, X: x, FirstDay: first, LastDay: first + event.Day(tx), Today: first + event.Day(age)},
	}
	s.OrdersLife, s.PurchaseDaysLife = x+1, x+1
	s.Now = event.Instant(s.Today) * event.Day24h
	s.LastDayStart = event.Instant(s.LastDay) * event.Day24h
	if x > 0 {
		s.RepeatNet, s.RepeatNetDays = int64(math.Round(mean*100*float64(x))), x
	}
	return s
}

func near(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
		t.Errorf("%s = %.12g, want %.12g within %g", name, got, want, tolerance)
	}
}

func TestReferenceCustomers(t *testing.T) {
	p := cdnow(t)
	for _, row := range reference(t) {
		t.Run("customer "+strconv.Itoa(int(row["cust"])), func(t *testing.T) {
			s := buyer(uint32(row["x"]), int(row["t_x_days"]), int(row["T_days"]), row["m_x_usd"])
			var sc Scores
			p.Scores(&s, &sc)
			near(t, "p_alive", sc.PAlive, row["mbg_palive"], 1e-9)
			near(t, "p_return", sc.PReturn, row["mbg_pactive13"], 1e-9)
			near(t, "gap q90", sc.GapQ90Days, row["mbg_gap_q90_days"], 1e-9)
			near(t, "expected spend", sc.ExpectedSpend/100, row["gg_mean"], 1e-9)
			near(t, "clv_365d", sc.CLV365/100, row["mbg_clv52"], 1e-6)
			near(t, "value_at_risk", sc.ValueAtRisk, (1-sc.PAlive)/sc.PAlive*sc.CLV365, 1e-9)
			h := history(&s.Facts, s.Today)
			near(t, "overdue quantile", sc.OverdueQuantile, 1-p.Purchase.Survival(h, float64(s.RecencyDays())/7), 1e-12)
			weeks, _ := p.Purchase.CrossingTime(h, .5)
			near(t, "crossing", weeks*7, row["mbg_T_at_palive_half_days"], 1e-9)
			near(t, "relative drop", sc.RelativeDrop, 1-sc.PReturn/sc.PReturnAtPurchase, 1e-12)
		})
	}
}

// reference reads testdata/cdnow_mbg.csv: a map of column to value for each row.
func reference(t *testing.T) []map[string]float64 {
	t.Helper()
	file, err := os.Open("testdata/cdnow_mbg.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := csv.NewReader(file)
	r.Comment = '#'
	lines, err := r.ReadAll()
	if err != nil || len(lines) < 10 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	var rows []map[string]float64
	for _, line := range lines[1:] {
		row := map[string]float64{}
		for i, cell := range line {
			if row[lines[0][i]], err = strconv.ParseFloat(cell, 64); err != nil {
				t.Fatal(err)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func TestWithoutPurchaseNothingOfTheModel(t *testing.T) {
	p := cdnow(t)
	s := Statistics{Facts: Facts{Now: 1e15, Today: 11574, Visits30: 2}}
	var sc Scores
	p.Scores(&s, &sc)
	row := filled(t, p, &Input{Statistics: &s, Scores: &sc})
	for _, column := range []string{"p_alive", "churn_risk", "next_purchase_q50_ts", "recency_days", "value_at_risk"} {
		if row[column] != undefined {
			t.Errorf("%s of a prospect is %v, want undefined", column, row[column])
		}
	}
	if sc.Ladder != signal.LadderProspect {
		t.Errorf("ladder %v, want prospect", sc.Ladder)
	}
}

// life is a customer with purchase days and their net, and what the repeat days
// with a positive one brought.
func life(days uint32, net, repeatNet int64, repeatDays uint32) (s Statistics) {
	s.PurchaseDaysLife, s.NetLife, s.RepeatNet, s.RepeatNetDays = days, net, repeatNet, repeatDays
	return s
}

func TestOwnMeanWithoutSpendModel(t *testing.T) {
	tests := []struct {
		name string
		s    Statistics
		want float64
	}{
		{"repeat days", life(1, 1, 9000, 3), 3000},
		{"one day", life(1, 4990, 0, 0), 4990},
		{"refunded beyond", life(1, -100, 0, 0), 0},
		{"nothing", Statistics{}, 0},
	}
	p := cdnow(t)
	p.HasSpend = false
	for _, test := range tests {
		if got := p.expectedSpend(&test.s); got != test.want {
			t.Errorf("%s: %g, want %g", test.name, got, test.want)
		}
	}
}

// TestWhoHasClosedIsWorthNothing: in rows and alerts alike, whatever the model says;
// what was, and what a purchase day is worth, stays.
func TestWhoHasClosedIsWorthNothing(t *testing.T) {
	p := cdnow(t)
	s := buyer(5, 91, 100, 20)
	before, _ := scored(p, s)
	s.Closed = true
	after, _ := scored(p, s)
	row := filled(t, p, &Input{Statistics: &s, Scores: &after})
	for _, column := range []string{"p_alive", "p_alive_purchase", "p_return_30d", "p_return_60d", "p_return_90d",
		"expected_purchases_90d", "clv_365d", "value_at_risk"} {
		if row[column] != 0. {
			t.Errorf("%s is %v once closed, want 0", column, row[column])
		}
	}
	var a signal.Alert
	p.FillAlert(&s, &after, &Lead{}, &a)
	if a.PAlive != signal.Some(0.) || a.PReturn != signal.Some(0.) || a.AtStake != signal.Some(0.) {
		t.Errorf("the alert says P(alive) %v, P(return) %v, at stake %v; want 0", a.PAlive, a.PReturn, a.AtStake)
	}
	want := before
	want.PAlive, want.PReturn30, want.PReturn60, want.PReturn90, want.PReturn, want.Expected90 = 0, 0, 0, 0, 0, 0
	want.PAlivePurchase, want.AliveBasis = 0, signal.AliveByClosure
	want.CLV365, want.ValueAtRisk, want.RelativeDrop, want.ChurnRisk = 0, 0, 1, 1
	if after != want || before.ValueAtRisk == 0 {
		t.Errorf("once closed\n%+v\nwant\n%+v", after, want)
	}
	never := Statistics{Facts: Facts{Closed: true, Today: 100}}
	sc, _ := scored(p, never)
	if row = filled(t, p, &Input{Statistics: &never, Scores: &sc}); sc.ChurnRisk != 0 || row["p_alive"] != undefined {
		t.Errorf("who has never bought: risk %g, P(alive) %v; want nothing", sc.ChurnRisk, row["p_alive"])
	}
}

func TestPrepareRefuses(t *testing.T) {
	tests := map[string]func(*Parameters){
		"r":          func(p *Parameters) { p.Purchase.R = 0 },
		"not a nu":   func(p *Parameters) { p.HasSpend, p.Spend = true, btyd.GammaGamma{P: 1, Q: 1, Nu: 1} },
		"exponent":   func(p *Parameters) { p.CurrencyExponent = 7 },
		"margin":     func(p *Parameters) { p.MarginRatio = math.NaN() },
		"horizon":    func(p *Parameters) { p.HorizonDays = 0 },
		"discount":   func(p *Parameters) { p.AnnualDiscount = -1 },
		"thresholds": func(p *Parameters) { p.Thresholds.Lost = .6 },
		"quantiles":  func(p *Parameters) { p.Thresholds.OverdueLost = 1 },
		"lost days":  func(p *Parameters) { p.Thresholds.LostDays = 0 },
		"onsets":     func(p *Parameters) { p.Thresholds.OnsetsAtRisk = math.NaN() },
		"weights":    func(p *Parameters) { p.Weights[Evidence(0)] = math.Inf(1) },
	}
	for name, spoil := range tests {
		p := DefaultParameters()
		spoil(&p)
		if err := p.Prepare(); !errors.Is(err, ErrParameter) {
			t.Errorf("%s: %v, want ErrParameter", name, err)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	p := cdnow(t)
	s := buyer(5, 91, 189, 20)
	s.SLABreachedOpen, s.ComplaintsOpen, s.SLACategory = true, 1, event.Logistics
	var sc Scores
	row, in := signal.NewRow(Layout()), &Input{Statistics: &s, Scores: &sc, CustomerID: []byte("c-1"), Segment: "all"}
	p.Scores(&s, &sc)
	p.FillRow(in, row)
	allocations := testing.AllocsPerRun(100, func() {
		p.Probabilities(&s.Facts)
		p.Crossings(&s.Facts)
		p.Scores(&s, &sc)
		p.FillRow(in, row)
	})
	if allocations != 0 {
		t.Errorf("%g allocations, want 0", allocations)
	}
}

func BenchmarkEvent(b *testing.B) {
	p, s := cdnow(b), buyer(5, 91, 189, 20)
	b.Run("Probabilities", func(b *testing.B) {
		for b.Loop() {
			p.Probabilities(&s.Facts)
		}
	})
	b.Run("Crossings", func(b *testing.B) {
		for b.Loop() {
			p.Crossings(&s.Facts)
		}
	})
	b.Run("Scores", func(b *testing.B) {
		var sc Scores
		for b.Loop() {
			p.Scores(&s, &sc)
		}
	})
}

func TestVersionIsThatOfTheParameters(t *testing.T) {
	p := cdnow(t)
	if got, want := VersionOf(p), "7de983d2dcb307be"; got != want {
		t.Errorf("version %s, want %s: versions of given parameters must not change", got, want)
	}
	q := *p
	q.MarginRatio, q.HasSpend = .1, false
	if r := *p; VersionOf(&q) == VersionOf(p) || VersionOf(&r) != VersionOf(p) {
		t.Error("want another version for other parameters and the same for the same")
	}
}
