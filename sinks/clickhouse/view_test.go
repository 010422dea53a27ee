package clickhouse

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox/conformance"
)

// TestAtRiskIsAsOfItsRow: every figure of v_customers_at_risk is the row's own, however
// long ago the row was made, and its day is that of as_of in the row's zone.
func TestAtRiskIsAsOfItsRow(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	old := time.Date(2021, 3, 4, 22, 30, 0, 0, time.UTC)
	r.models(rand.New(rand.NewPCG(1, 2)), 1) // there are parameters to make figures anew by
	r.customers(0, 0, 8, func(i int, row *signal.Row) {
		rowtest.SetAll(row, map[string]any{"customer_id": fmt.Sprintf("c%d", i), "param_version": "v0",
			"last_purchase_day": 18_000 + i, "recency_days": 100 + i, "p_alive": .5 + float64(i)/100,
			"p_alive_purchase": .25 + float64(i)/100, "p_alive_basis": uint8(signal.AliveByActivity), "p_return_30d": .1,
			"p_return_60d": .2, "p_return_90d": .3, "value_at_risk": float64(100 * i), "time_zone": zones[i%4],
			"as_of": instantOf(old), "watermark": instantOf(old.Add(-time.Hour))})
		if i == 7 {
			rowtest.Set(row, "lifecycle_state", uint8(signal.LifecycleClosed))
		}
	})
	r.Running(r.loader())
	r.AwaitLoaded()
	var got []string
	if err := r.conn.QueryRow(t.Context(), `SELECT groupArray(concat(customer_id, ' ', toString(risk_rank), ' ',
			toString(business_date), ' ', toString(recency_days), ' ', toString(round(assumeNotNull(p_alive), 2)), ' ',
			toString(round(assumeNotNull(p_alive_purchase), 2)), ' ', p_alive_basis, ' ', toString(p_return_30d), ' ',
			toString(p_return_60d), ' ', toString(p_return_90d), ' ', toString(as_of), ' ', toString(watermark)))
		FROM (SELECT * FROM v_customers_at_risk ORDER BY customer_id)`).Scan(&got); err != nil {
		t.Fatal(err)
	}
	days := []string{"2021-03-05", "2021-03-04", "2021-03-04", "2021-03-04"} // at 22:30 UTC
	var want []string
	for i := range 7 {
		want = append(want, fmt.Sprintf("c%d %d %s %d %v %v activity 0.1 0.2 0.3 2021-03-04 22:30:00.000 "+
			"2021-03-04 21:30:00.000",
			i, 7-i, days[i%4], 100+i, float64(50+i)/100, float64(25+i)/100))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestWorkIsTold: whom not to write to stands in the rows and in the views of who is
// at risk; what is recorded and not delivered is no work among the open alerts.
func TestWorkIsTold(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	reasons := []map[string]any{{}, {"opted_out": true}, {"do_not_retain": true}, {"holdout_arm": "holdout"},
		{"data_sufficiency": uint8(signal.NoFit)}, {"frequency_repeat": 0}, {"holdout_arm": ""}}
	r.customers(0, 0, len(reasons), func(i int, row *signal.Row) {
		rowtest.SetAll(row, map[string]any{"customer_id": fmt.Sprintf("c%d", i), "frequency_repeat": 3,
			"holdout_arm": "treat", "clock": "honest"})
		rowtest.SetAll(row, reasons[i])
	})
	block := signal.NewAlertBlock(conformance.Euros)
	for s := signal.NotSuppressed; s <= signal.SuppressedHoldout; s++ {
		alert := conformance.AlertRow(1, uint64(s)+1)
		alert.SuppressedReason = s
		block.Append(alert)
	}
	r.Produce(1, block.Encode(nil))
	r.Running(r.loader())
	r.AwaitLoaded()
	const standing = `SELECT arrayStringConcat(groupArray(concat(customer_id, ' ', toString(opted_out), toString(do_not_retain),
		' ', holdout_arm, ' ', data_sufficiency, ' ', toString(deliverable))), ', ') FROM (SELECT * FROM %s ORDER BY customer_id)`
	const want = "c0 00 treat ok 1, c1 10 treat ok 0, c2 01 treat ok 0, c3 00 holdout ok 0, c4 00 treat no_fit 0, " +
		"c5 00 treat ok 0, c6 00  ok 0"
	for _, view := range []string{"v_customers_at_risk", "v_customers_at_risk_now"} {
		var got string
		if err := r.conn.QueryRow(t.Context(), fmt.Sprintf(standing, view)).Scan(&got); err != nil || got != want {
			t.Errorf("%s:\n%s, want\n%s; %v", view, got, want, err)
		}
	}
	var open, work uint64
	var of string
	if err := r.conn.QueryRow(t.Context(), `SELECT count(), countIf(deliverable = 1), anyIf(suppressed_reason, deliverable = 1)
		FROM v_alerts_open`).Scan(&open, &work, &of); err != nil || open != 9 || work != 1 || of != "" {
		t.Errorf("%d open alerts, %d of them work (%q), want 9 and 1; %v", open, work, of, err)
	}
}

// TestEachViewSaysItsClock: who reads a figure has to know of which moment it is.
func TestEachViewSaysItsClock(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	var views, silent []string
	if err := r.conn.QueryRow(t.Context(), `SELECT groupArray(name), groupArrayIf(name, comment NOT LIKE '%Clock: %')
		FROM system.tables WHERE database = currentDatabase() AND engine = 'View'`).Scan(&views, &silent); err != nil {
		t.Fatal(err)
	}
	if len(views) < 8 || len(silent) > 0 {
		t.Errorf("of the views %q these do not say their clock: %q", views, silent)
	}
}

// TestViewOfCountingQuality: an analyst reads what waits for its order and how
// many customers are approximate, of each customer's latest row alone.
func TestViewOfCountingQuality(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	for round := range 2 { // the second rows stand
		r.customers(0, 0, 10, func(i int, row *signal.Row) {
			waiting := 0
			if i >= 6 && round == 1 {
				waiting = 100 * i // minor units
			}
			rowtest.SetAll(row, map[string]any{"customer_id": fmt.Sprintf("c%d", i), "monetary_net_life": 1000,
				"refunds_waiting_net": waiting, "approximate": i < 3, "is_deleted": i == 9})
		})
	}
	r.Running(r.loader())
	r.AwaitLoaded()
	var currency, waiting, life string
	var customers, approximate, with uint64
	if err := r.conn.QueryRow(t.Context(), `SELECT currency, customers, approximate_customers, refunds_waiting_customers,
			toString(refunds_waiting_net), toString(monetary_net_life) FROM v_counting_quality`).
		Scan(&currency, &customers, &approximate, &with, &waiting, &life); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(currency, customers, approximate, with, waiting, life)
	if want := fmt.Sprint("EUR", uint64(9), uint64(3), uint64(3), "21", "90"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
