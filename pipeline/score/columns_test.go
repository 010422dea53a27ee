package score

import (
	"math"
	"reflect"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// plainly makes the values of a row's counted columns from the statistics by the
// words of docs/columns.md, without the code that fills them.
func plainly(s *Statistics) map[string]any {
	null := func(defined bool, v any) any {
		if !defined {
			return undefined
		}
		return v
	}
	whole := func(n int64) uint64 { return uint64(n) }
	total := func(by [event.CategoryCount]uint32) (n uint64) {
		for _, of := range by {
			n += uint64(of)
		}
		return n
	}
	flag := map[bool]uint64{true: 1}
	days := int64(s.LastDay) - int64(s.FirstDay)
	return map[string]any{
		"first_purchase_day":       null(s.HasPurchase, int64(s.FirstDay)),
		"last_purchase_day":        null(s.HasPurchase, int64(s.LastDay)),
		"frequency_repeat":         uint64(s.X),
		"purchase_days_life":       uint64(s.PurchaseDaysLife),
		"purchase_days_365d":       uint64(s.PurchaseDays365),
		"recency_days":             null(s.HasPurchase, whole(max(0, int64(s.Today-s.LastDay)))),
		"tenure_days":              null(s.HasPurchase, whole(max(0, int64(s.Today-s.FirstDay)))),
		"inter_purchase_mean_days": null(s.HasPurchase && s.X > 0, float64(days)/float64(s.X)),
		"is_repeat":                flag[s.X > 0],
		"days_to_second_purchase":  null(s.DaysToSecond > 0, uint64(s.DaysToSecond)),
		"first_activity_day":       null(s.HasActivity, int64(s.FirstActivityDay)),
		"last_activity_day":        null(s.HasActivity, int64(s.LastActivityDay)),
		"activity_x":               uint64(s.ActivityX),
		"orders_life":              uint64(s.OrdersLife),
		"orders_30d":               uint64(s.Orders30),
		"orders_90d":               uint64(s.Orders90),
		"orders_365d":              uint64(s.Orders365),
		"monetary_net_life":        s.NetLife,
		"refunds_waiting_net":      s.RefundsWaiting,
		"monetary_net_30d":         s.Net30,
		"monetary_net_90d":         s.Net90,
		"monetary_net_365d":        s.Net365,
		"monetary_mean_repeat":     null(s.RepeatNetDays > 0, float64(s.RepeatNet)/float64(s.RepeatNetDays)),
		"aov_90d": null(s.Orders90 > s.OrdersForeign90,
			float64(s.Net90)/float64(s.Orders90-s.OrdersForeign90)),
		"orders_foreign_90d":         uint64(s.OrdersForeign90),
		"visits_7d":                  uint64(s.Visits7),
		"visits_30d":                 uint64(s.Visits30),
		"visits_90d":                 uint64(s.Visits90),
		"complaints_open":            uint64(s.ComplaintsOpen),
		"complaints_30d":             total(s.Complaints30),
		"complaints_90d":             total(s.Complaints90),
		"oldest_open_complaint_days": null(s.ComplaintsOpen > 0, whole(max(0, int64(s.Today-s.OldestOpenDay)))),
		"complaint_sla_breached":     flag[s.SLABreachedOpen],
		"rating_last":                null(s.RatingLast > 0, uint64(s.RatingLast)),
		"opted_out":                  flag[s.OptedOut],
		"do_not_retain":              flag[s.DoNotRetain],
	}
}

// TestCountedColumns: of nobody, of one purchase, of everything, and at limits.
func TestCountedColumns(t *testing.T) {
	p := cdnow(t)
	full := busy()
	most := full
	most.X, most.OrdersLife, most.Orders30, most.Visits7 = math.MaxUint32, math.MaxUint32, math.MaxUint32, math.MaxUint32
	most.NetLife, most.Net30, most.RefundsWaiting = 1e18, -1e18, 1e18
	ahead := buyer(1, 300, 300, 10) // a purchase after the day that is described
	ahead.Today -= 400
	early := buyer(0, 0, 0, 0)
	early.FirstDay, early.LastDay, early.Today = -100, -100, -90
	closed := full // nothing of it is open: its age is none
	closed.ComplaintsOpen = 0
	negative := full
	negative.RepeatNet, negative.Net90 = -5, -7
	for name, s := range map[string]Statistics{
		"nobody": {}, "one purchase": buyer(0, 0, 10, 0), "one repeat": buyer(1, 7, 7, 10), "everything": full,
		"limits": most, "ahead of the day": ahead, "before 1970": early, "none open": closed, "losses": negative,
	} {
		var sc Scores
		orderValues(&s, &sc)
		meanGap(&s.Facts, &sc)
		row := filled(t, p, &Input{Statistics: &s, Scores: &sc})
		for column, want := range plainly(&s) {
			if got := row[column]; !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s is %v, want %v", name, column, got, want)
			}
		}
	}
}

// TestModelColumnsTakeTheirOwnScore: each column of a score takes that one.
func TestModelColumnsTakeTheirOwnScore(t *testing.T) {
	p := cdnow(t)
	s := buyer(2, 10, 20, 10)
	sc := Scores{PAlive: .01, PAlivePurchase: .015,
		PReturn30: .02, PReturn60: .03, PReturn90: .04, PReturn: .05, PReturnAtPurchase: .06,
		RelativeDrop: .07, OverdueRatio: .08, OverdueQuantile: .09, GapQ50Days: .5, GapQ90Days: 2, Expected90: .12,
		ExpectedSpend: 13, CLV365: 14, ValueAtRisk: 15, ChurnRisk: .16, AOVTrend: signal.Some(.17),
		Ladder: signal.LadderRepeat}
	row := filled(t, p, &Input{Statistics: &s, Scores: &sc, Level: signal.LevelWatch, Lifecycle: signal.LifecycleNew,
		AsOf: 21, Watermark: 22, ComputedAt: 23, Shard: 24, Seq: 25})
	for column, want := range map[string]any{
		"p_alive": .01, "p_alive_purchase": .015, "p_return_30d": .02, "p_return_60d": .03, "p_return_90d": .04,
		"p_return_at_last_purchase": .06, "relative_drop": .07, "overdue_ratio": .08, "overdue_quantile": .09,
		"expected_purchases_90d": .12, "expected_spend": 13., "clv_365d": 14., "value_at_risk": 15., "churn_risk": .16,
		"aov_trend": .17, "next_purchase_q50_ts": int64(s.LastDayStart + 12*event.Hour),
		"next_purchase_q90_ts": int64(s.LastDayStart + 48*event.Hour), "ladder_stage": "repeat", "level": "watch",
		"lifecycle_state": "new", "as_of": int64(21), "watermark": int64(22), "computed_at": int64(23),
		"src_partition": uint64(24), "seq": uint64(25), "model": "mbg-nbd", "dropout_identified": uint64(1),
		"data_sufficiency": "ok",
	} {
		if got := row[column]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", column, got, want)
		}
	}
	sc.GapQ50Days, sc.GapQ90Days = farthestNext, farthestNext+1e-6
	row = filled(t, p, &Input{Statistics: &s, Scores: &sc})
	if row["next_purchase_q50_ts"] != int64(s.LastDayStart+farthestNext*event.Day24h) ||
		row["next_purchase_q90_ts"] != undefined {
		t.Errorf("a gap of a century and one beyond it: %v, %v", row["next_purchase_q50_ts"], row["next_purchase_q90_ts"])
	}
}

// TestHorizonIsThatOfTheScores: p_return and what is made of it are over the
// horizon, the columns over their own days.
func TestHorizonIsThatOfTheScores(t *testing.T) {
	p := cdnow(t)
	s := buyer(4, 200, 300, 20)
	h := history(&s.Facts, s.Today)
	for _, days := range []int32{1, 30, 60, 90, 365} {
		q := *p
		q.HorizonDays = days
		sc, _ := scored(&q, s)
		weeks := float64(days) / 7
		near(t, "p_return", sc.PReturn, p.Purchase.PReturn(h, weeks), 1e-15)
		near(t, "right after the purchase", sc.PReturnAtPurchase,
			p.Purchase.PReturn(history(&s.Facts, s.LastDay), weeks), 1e-15)
		near(t, "relative_drop", sc.RelativeDrop, 1-sc.PReturn/sc.PReturnAtPurchase, 1e-12)
		near(t, "churn_risk", sc.ChurnRisk, 1-sc.PReturn, 1e-12)
		near(t, "p_return_30d", sc.PReturn30, p.Purchase.PReturn(h, 30./7), 1e-15)
		near(t, "p_return_60d", sc.PReturn60, p.Purchase.PReturn(h, 60./7), 1e-15)
		near(t, "p_return_90d", sc.PReturn90, p.Purchase.PReturn(h, 90./7), 1e-15)
	}
}

// TestValueByPlainArithmetic: clv_365d is margin times spend times the weekly
// discounted purchases of a year, counted one by one.
func TestValueByPlainArithmetic(t *testing.T) {
	p := cdnow(t)
	p.MarginRatio = .4
	for _, s := range []Statistics{buyer(0, 0, 30, 0), buyer(1, 20, 40, 25), buyer(9, 200, 230, 60)} {
		sc, _ := scored(p, s)
		h, sum, before := history(&s.Facts, s.Today), 0., 0.
		for week := 1; week <= 52; week++ {
			expected := p.Purchase.ExpectedPurchases(h, float64(week))
			sum += (expected - before) * math.Pow(1.15, -float64(week)/52)
			before = expected
		}
		near(t, "clv_365d", sc.CLV365, .4*sc.ExpectedSpend*sum, 1e-5)
		near(t, "value_at_risk", sc.ValueAtRisk, (1-sc.PAlive)*sc.CLV365/sc.PAlive, 1e-12)
		near(t, "expected_purchases_90d", sc.Expected90, p.Purchase.ExpectedPurchases(h, 90./7), 1e-5)
	}
	gone := buyer(2000, 2000, 3600, 60) // no chance to the last bit
	if sc, _ := scored(p, gone); sc.PAlive != 0 || sc.ValueAtRisk != 0 || sc.CLV365 != 0 {
		t.Errorf("P(alive) %g, at risk %g, value %g; want nothing", sc.PAlive, sc.ValueAtRisk, sc.CLV365)
	}
}

// TestStandingOfTheRow: in which arm the customer is, what p_alive rests on, and
// what the clock follows.
func TestStandingOfTheRow(t *testing.T) {
	purchases, both := cdnow(t), cdnow(t)
	both.Activity, both.HasActivity = both.Purchase, true
	if err := both.Prepare(); err != nil {
		t.Fatal(err)
	}
	bought := buyer(2, 10, 20, 10)
	visited := bought
	visited.HasActivity, visited.ActivityX, visited.FirstActivityDay, visited.LastActivityDay = true, 3,
		visited.FirstDay, visited.LastDay+5
	held, closed := visited, visited
	held.ActivityHeld, closed.Closed = true, true
	for _, test := range []struct {
		name  string
		p     *Parameters
		s     Statistics
		in    Input
		basis string
		arm   string
		clock string
	}{
		{"nobody", both, Statistics{}, Input{}, "", "treat", "honest"},
		{"closed without a purchase", both, Statistics{Facts: Facts{Closed: true}}, Input{}, "", "treat", "honest"},
		{"no activity parameters", purchases, visited, Input{}, "purchase", "treat", "honest"},
		{"never seen without a purchase", both, bought, Input{Holdout: true}, "purchase", "holdout", "honest"},
		{"seen", both, visited, Input{Clock: signal.EventsClock}, "activity", "treat", "events"},
		{"visits of nobody arrive", both, held, Input{}, "purchase", "treat", "honest"},
		{"closed", both, closed, Input{Holdout: true}, "closure", "holdout", "honest"},
	} {
		var sc Scores
		test.p.Scores(&test.s, &sc)
		test.in.Statistics, test.in.Scores = &test.s, &sc
		row := filled(t, test.p, &test.in)
		for column, want := range map[string]any{"p_alive_basis": test.basis, "holdout_arm": test.arm, "clock": test.clock} {
			if row[column] != want {
				t.Errorf("%s: %s is %v, want %v", test.name, column, row[column], want)
			}
		}
	}
}
