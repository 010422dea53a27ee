package clickhouse

import (
	"testing"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// TestAuditBites: holes, doubles, stale customers and rows out of range are
// seen; the view agrees.
func TestAuditBites(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	r.customers(0, 0, 50, nil)
	r.alerts(0, 0, 5)
	r.customers(1, 2, 50, nil)
	r.running(r.loader())
	r.awaitLoaded()
	r.checkAudit()
	expect := func(what string, expected map[uint16]uint64, missing, repeated, stale uint64) Report {
		t.Helper()
		report, err := Audit(t.Context(), r.conn, expected)
		if err != nil {
			t.Fatal(err)
		}
		if report.Missing() != missing || report.Repeated() != repeated || report.StaleCustomers != stale {
			t.Errorf("%s: %+v", what, report)
		}
		return report
	}
	expect("one more expected", map[uint16]uint64{0: 56, 2: 50}, 1, 0, 0)
	expect("a shard without rows", map[uint16]uint64{0: 55, 2: 50, 4: 3, 5: 0}, 3, 0, 0)
	expect("another epoch", map[uint16]uint64{0: 1<<48 | 7, 2: 50}, 7, 0, 0)
	report := expect("fewer expected", map[uint16]uint64{0: 50}, 0, 0, 0)
	if report.Shards[0].Beyond != 5 || !report.Shards[1].Unasked || report.Shards[1].Beyond != 50 {
		t.Errorf("beyond: %+v", report)
	}
	r.exec("ALTER TABLE score_history DELETE WHERE seq IN (7, 8) AND src_partition = 0 SETTINGS mutations_sync = 2")
	expect("a hole", r.expected, 2, 0, 0)
	if n := r.count("SELECT missing FROM v_audit_seq WHERE src_partition = 0"); n != 2 {
		t.Errorf("the view sees %d holes, want 2", n)
	}
	r.exec("INSERT INTO alert_event (alert_id, seq, src_partition) VALUES ('again', 51, 0)")
	expect("a double", r.expected, 2, 1, 0)
	if n := r.count("SELECT repeated FROM v_audit_seq WHERE src_partition = 0"); n != 1 {
		t.Errorf("the view sees %d doubles, want 1", n)
	}
	gauges, err := NewAuditMetrics(r.registry)
	if err != nil {
		t.Fatal(err)
	}
	gauges.Set(expect("shown", r.expected, 2, 1, 0))
	if missing, repeated := r.metric("holdfast_audit_missing_rows", "partition", "0"), r.metric("holdfast_audit_repeated_rows", "partition", "0"); missing != 2 || repeated != 1 {
		t.Errorf("gauges show %v missing, %v repeated", missing, repeated)
	}
	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if problems, err := promlint.NewWithMetricFamilies(families).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("metrics: %v, %v", problems, err)
	}
	r.exec("ALTER TABLE customer_current DELETE WHERE customer_id = 'c-2-9' SETTINGS mutations_sync = 2")
	expect("a stale customer", r.expected, 2, 1, 1)
}

// TestAuditKnowsTheTimeToLive: what score_history has dropped by age is no hole.
func TestAuditKnowsTheTimeToLive(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	// Number 1 is a model's row of 500 days ago, 2 to 4 were rows of then, which
	// are gone; 5 and 7 are of today.
	r.exec("INSERT INTO model_params (param_version, seq, computed_at) SELECT 'v', 1, now() - INTERVAL 500 DAY")
	r.exec("INSERT INTO score_history (customer_id, as_of, seq, computed_at) SELECT 'c', now(), number, now() FROM system.numbers WHERE number IN (5, 7) LIMIT 2")
	report, err := Audit(t.Context(), r.conn, map[uint16]uint64{0: 7})
	if err != nil || report.Missing() != 1 || report.Shards[0].First != 5 {
		t.Errorf("%+v, %v", report, err)
	}
}
