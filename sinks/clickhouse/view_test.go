package clickhouse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox/conformance"
)

// TestViewEqualsModel holds the SQL of v_customers_at_risk equal to the models'
// Go, over the parameters' domain.
func TestViewEqualsModel(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	rnd := rand.New(rand.NewPCG(5, 6))
	models := make([]btyd.MBGNBD, 12)
	parameters := signal.NewModelBlock(conformance.Euros)
	for i := range models {
		draw := func() float64 { return math.Exp(rnd.Float64()*8 - 4) }
		models[i] = btyd.MBGNBD{R: draw(), Alpha: draw(), A: draw(), B: draw()}
		m := models[i]
		for shard := range uint16(2) { // every shard writes the same
			r.Expected()[shard]++
			parameters.Append(&signal.ModelRow{ParamVersion: fmt.Sprint("v", i), Model: "purchase", K: 1, R: signal.Some(m.R),
				Alpha: signal.Some(m.Alpha), A: signal.Some(m.A), B: signal.Some(m.B), SrcPartition: shard,
				Seq: r.Expected()[shard]})
		}
	}
	r.Produce(0, parameters.Encode(nil))
	today := signal.Day(time.Now().Unix() / 86_400)
	r.customers(0, 0, 600, func(i int, row *signal.Row) {
		first := today - signal.Day(rnd.IntN(2000)) - 1
		last, repeat := first, rnd.IntN(3)
		if repeat > 0 {
			repeat = 1 + rnd.IntN(100)
			last = first + signal.Day(rnd.IntN(int(today-first)))
		}
		rowtest.SetAll(row, map[string]any{
			"customer_id": fmt.Sprintf("c%d", i), "first_purchase_day": first,
			"last_purchase_day": last, "frequency_repeat": repeat,
			"param_version": fmt.Sprint("v", i%13), // v12 is unknown
			"time_zone":     []string{"Pacific/Kiritimati", "Pacific/Pago_Pago", ""}[i%3],
			"value_at_risk": float64(i), "p_alive": 0.25, "p_return_90d": 0.125,
		})
	})
	r.Running(r.loader())
	r.AwaitLoaded()
	rows, err := r.conn.Query(t.Context(), `SELECT v.risk_rank, v.customer_id, v.param_version, v.business_date, v.time_zone,
			c.first_purchase_day, c.last_purchase_day, c.frequency_repeat, v.p_alive, v.p_return_30d, v.p_return_90d, v.recency_days
		FROM v_customers_at_risk AS v JOIN customer_current AS c FINAL ON c.customer_id = v.customer_id ORDER BY v.risk_rank`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var rank uint64
		var id, version, zone string
		var date, first, last time.Time
		var x uint32
		var alive, return30, return90 *float64
		var recency *uint32
		err := rows.Scan(&rank, &id, &version, &date, &zone, &first, &last, &x, &alive, &return30, &return90, &recency)
		if err != nil {
			t.Fatal(err)
		}
		n++
		if want := fmt.Sprint("c", 600-rank); id != want {
			t.Errorf("rank %d is %s, want %s", rank, id, want)
		}
		if version == "v12" {
			if alive == nil || return90 == nil || *alive != 0.25 || *return90 != 0.125 {
				t.Errorf("%s does not have its row's own probabilities while its parameters are not there", id)
			}
			continue
		}
		checkDate(t, date, zone)
		var place int
		fmt.Sscanf(version, "v%d", &place)
		weeks := func(from, to time.Time) float64 { return to.Sub(from).Hours() / 24 / 7 }
		if date.Before(last) { // the customer bought on what is tomorrow in the row's zone
			date = last
		}
		h := btyd.History{X: int(x), TX: weeks(first, last), T: weeks(first, date)}
		m := models[place]
		for name, c := range map[string]struct{ got, want float64 }{
			"p_alive":  {*alive, m.PAlive(h)},
			"return30": {*return30, m.PReturn(h, 30./7)},
			"return90": {*return90, m.PReturn(h, 90./7)},
			"recency":  {float64(*recency), date.Sub(last).Hours() / 24},
		} {
			if !(math.Abs(c.got-c.want) <= 1e-9) {
				t.Errorf("%s %s %+v %+v: %v, Go says %v", id, name, m, h, c.got, c.want)
			}
		}
	}
	if n != 600 || rows.Err() != nil {
		t.Errorf("%d rows, %v", n, rows.Err())
	}
}

// checkDate wants the day that it is now in the zone; the query may have run
// the minute before.
func checkDate(t *testing.T, got time.Time, zone string) {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().In(location)
	if day := got.Format(time.DateOnly); day != now.Format(time.DateOnly) &&
		day != now.Add(-time.Minute).Format(time.DateOnly) {
		t.Errorf("business date %s in %q, want %s", day, zone, now.Format(time.DateOnly))
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
