package clickhouse

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestViewsHideRepetitions: an insert that is repeated after a kill shows in the
// tables until it is merged, and never in the views.
func TestViewsHideRepetitions(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	for _, table := range []string{"score_history", "alert_event", "customer_current", "model_params"} {
		r.exec("SYSTEM STOP MERGES " + table)
	}
	r.customers(0, 0, 20, nil)
	r.Alerts(0, 0, 5)
	r.Running(r.loader())
	r.AwaitLoaded()
	for _, table := range []string{"score_history", "alert_event"} {
		r.exec("INSERT INTO " + table + " SELECT * FROM " + table)
	}
	for what, want := range map[string]uint64{
		"score_history": 40, "v_score_history": 20, "alert_event": 10, "v_alert_event": 5, "v_alerts_open": 5,
	} {
		if n := r.count("SELECT count() FROM " + what); n != want {
			t.Errorf("%s shows %d rows, want %d", what, n, want)
		}
	}
	r.checkAudit()
}

// TestTablesSayHowToReadThem: each table names FINAL, or the view that has it.
func TestTablesSayHowToReadThem(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	for table, view := range map[string]string{
		"customer_current": "through the views", "score_history": "v_score_history", "alert_event": "v_alert_event",
		"model_params": "", "data_quality": "v_data_quality",
	} {
		var comment, column string
		err := r.conn.QueryRow(t.Context(), `SELECT t.comment, c.comment FROM system.tables AS t JOIN system.columns AS c
			ON c.database = t.database AND c.table = t.name
			WHERE t.database = currentDatabase() AND t.name = ? AND c.name = 'seq'`, table).Scan(&comment, &column)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(comment, "FINAL") || !strings.Contains(comment, view) {
			t.Errorf("%s says %q", table, comment)
		}
		if want := fmt.Sprintf("epoch << %d | ", signal.EpochShift); !strings.HasPrefix(column, want) {
			t.Errorf("%s.seq says %q, want %q first", table, column, want)
		}
	}
}

// alert inserts a transition of one alert of one customer.
func (r *rig) alert(epoch uint32, n uint64, id, customer, action string, alertSeq int) {
	r.T.Helper()
	r.exec(fmt.Sprintf(`INSERT INTO alert_event (alert_id, alert_seq, family, kind, action, customer_id, raised_at, seq)
		VALUES ('%s', %d, 'churn', 'churn_risk', '%s', '%s', '2026-01-01 00:00:00', %d)`, id, alertSeq, action, customer, signal.Seq(epoch, n)))
}

// TestOpenAlertsAreThoseOfTheNewestLife: what an older life left open is open
// only while no newer one counts the customer, or where that one raised it too.
func TestOpenAlertsAreThoseOfTheNewestLife(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	customer := func(epoch uint32, n uint64, id string) {
		r.exec(fmt.Sprintf("INSERT INTO customer_current (customer_id, seq) VALUES ('%s', %d)", id, signal.Seq(epoch, n)))
	}
	r.alert(1, 100, "both", "c1", "raised", 1)
	r.alert(1, 101, "both", "c1", "escalated", 2)
	r.alert(1, 102, "both", "c1", "updated", 3)
	r.alert(1, 103, "left", "c2", "raised", 1)
	r.alert(1, 104, "unknown", "c3", "raised", 1)
	r.alert(1, 105, "no-row", "c4", "raised", 1)
	r.alert(1, 106, "moved-on", "c5", "raised", 1)
	r.alert(1, 107, "moved-on", "c5", "resolved", 2)
	for i, id := range []string{"c1", "c2", "c3", "c5"} {
		customer(1, uint64(200+i), id)
	}
	open := func() string {
		t.Helper()
		var got string
		if err := r.conn.QueryRow(t.Context(),
			"SELECT arrayStringConcat(groupArray(alert_id || ' ' || toString(alert_seq)), ', ') FROM (SELECT * FROM "+
				"v_alerts_open ORDER BY alert_id)").Scan(&got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := open(); got != "both 3, left 1, no-row 1, unknown 1" {
		t.Errorf("in the first life: %s", got)
	}
	r.alert(2, 1, "both", "c1", "raised", 1)
	r.alert(2, 2, "moved-on", "c5", "raised", 1) // and not resolved yet
	for i, id := range []string{"c1", "c2", "c5"} {
		customer(2, uint64(10+i), id)
	}
	if got := open(); got != "both 1, moved-on 1, no-row 1, unknown 1" {
		t.Errorf("in the second life: %s", got)
	}
	r.alert(2, 3, "both", "c1", "resolved", 2)
	if got := open(); got != "moved-on 1, no-row 1, unknown 1" {
		t.Errorf("resolved in the second life: %s", got)
	}
}

// TestFreshnessIsOfTheNewestLife: the clock of an older life, which may be ahead,
// says nothing about how far the newest one is.
func TestFreshnessIsOfTheNewestLife(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	for _, c := range []struct {
		epoch     uint32
		shard     int
		n         uint64
		watermark string
	}{{1, 0, 900, "2026-05-05 00:00:00"}, {2, 0, 1, "2026-02-02 00:00:00"}, {2, 0, 2, "2026-03-03 00:00:00"},
		{1, 1, 7, "2026-04-04 00:00:00"}} {
		r.exec(fmt.Sprintf("INSERT INTO customer_current (customer_id, src_partition, as_of, watermark, seq) VALUES "+
			"('c%d', %d, '%s', '%s', %d)",
			c.n, c.shard, c.watermark, c.watermark, signal.Seq(c.epoch, c.n)))
	}
	var watermark, eventTime string
	if err := r.conn.QueryRow(t.Context(),
		"SELECT toString(watermark), toString(event_time) FROM v_data_freshness "+
			"WHERE table_name = 'customer_current'").Scan(&watermark, &eventTime); err != nil {
		t.Fatal(err)
	}
	if watermark != "2026-03-03 00:00:00.000" || eventTime != "2026-04-04 00:00:00.000" {
		t.Errorf("watermark %s, event time %s", watermark, eventTime)
	}
}
