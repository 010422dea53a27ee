package clickhouse

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox/conformance"
)

// TestViewOfActivity: where a row was scored by activity days its p_alive as of
// now is by them, and p_return by purchases all the same.
func TestViewOfActivity(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	purchase, activity := btyd.MBGNBD{R: .5, Alpha: 6, A: .9, B: 1.6}, btyd.MBGNBD{R: 1.2, Alpha: 3, A: .6, B: 6}
	parameters := signal.NewModelBlock(conformance.Euros)
	for name, m := range map[string]btyd.MBGNBD{"purchase": purchase, "activity": activity} {
		r.Expected()[0]++
		parameters.Append(&signal.ModelRow{ParamVersion: "v", Model: name, K: 1, R: signal.Some(m.R),
			Alpha: signal.Some(m.Alpha),
			A:     signal.Some(m.A), B: signal.Some(m.B), Seq: r.Expected()[0]})
	}
	r.Produce(0, parameters.Encode(nil))
	today := signal.Day(time.Now().Unix() / 86_400)
	r.customers(0, 0, 40, func(i int, row *signal.Row) {
		byPurchases := .25
		if i%2 == 1 { // scored by activity days
			byPurchases = .125
		}
		rowtest.SetAll(row, map[string]any{
			"customer_id": fmt.Sprintf("c%d", i), "first_purchase_day": today - 700,
			"last_purchase_day": today - 100 - signal.Day(i),
			"frequency_repeat":  3, "first_activity_day": today - 710, "last_activity_day": today - 1 - signal.Day(i),
			"activity_x": 20 + i, "param_version": "v", "value_at_risk": float64(i), "p_alive": .25,
			"p_alive_purchase": byPurchases,
		})
	})
	r.Running(r.loader())
	r.AwaitLoaded()
	rows, err := r.conn.Query(t.Context(), `SELECT v.customer_id, v.business_date, c.first_purchase_day, c.last_purchase_day,
			c.first_activity_day, c.last_activity_day, c.activity_x, v.p_alive, v.p_return_90d
		FROM v_customers_at_risk AS v JOIN customer_current AS c FINAL ON c.customer_id = v.customer_id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var id string
		var date, first, last, firstActive, lastActive time.Time
		var x uint32
		var alive, return90 *float64
		if err := rows.Scan(&id, &date, &first, &last, &firstActive, &lastActive, &x, &alive, &return90); err != nil {
			t.Fatal(err)
		}
		weeks := func(from, to time.Time) float64 { return to.Sub(from).Hours() / 24 / 7 }
		bought := btyd.History{X: 3, TX: weeks(first, last), T: weeks(first, date)}
		want := purchase.PAlive(bought)
		var number int
		if fmt.Sscanf(id, "c%d", &number); number%2 == 1 {
			want = activity.PAlive(btyd.History{X: int(x), TX: weeks(firstActive, lastActive), T: weeks(firstActive, date)})
		}
		if math.Abs(*alive-want) > 1e-9 || math.Abs(*return90-purchase.PReturn(bought, 90./7)) > 1e-9 {
			t.Errorf("%s: p_alive %v, want %v; p_return_90d %v", id, *alive, want, *return90)
		}
	}
	if n != 40 || rows.Err() != nil {
		t.Errorf("%d rows, %v", n, rows.Err())
	}
}
