package clickhouse

import (
	"fmt"
	"slices"
	"testing"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// TestAuditBites: holes, doubles, stale customers and rows out of range are
// seen; the view agrees.
func TestAuditBites(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	r.customers(0, 0, 50, nil)
	r.Alerts(0, 0, 5)
	r.customers(1, 2, 50, nil)
	r.Running(r.loader())
	r.AwaitLoaded()
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
	expect("another epoch", map[uint16]uint64{0: signal.Seq(1, 7), 2: 50}, 7, 0, 0)
	report := expect("fewer expected", map[uint16]uint64{0: 50}, 0, 0, 0)
	if report.Shards[0].Beyond != 5 || !report.Shards[1].Unasked || report.Shards[1].Beyond != 50 {
		t.Errorf("beyond: %+v", report)
	}
	r.exec("ALTER TABLE score_history DELETE WHERE seq IN (7, 8) AND src_partition = 0 SETTINGS mutations_sync = 2")
	expect("a hole", r.Expected(), 2, 0, 0)
	if n := r.count("SELECT missing FROM v_audit_seq WHERE src_partition = 0"); n != 2 {
		t.Errorf("the view sees %d holes, want 2", n)
	}
	r.exec("INSERT INTO alert_event (alert_id, seq, src_partition) VALUES ('again', 51, 0)")
	expect("a double", r.Expected(), 2, 1, 0)
	if n := r.count("SELECT repeated FROM v_audit_seq WHERE src_partition = 0"); n != 1 {
		t.Errorf("the view sees %d doubles, want 1", n)
	}
	gauges, err := NewAuditMetrics(r.Registry)
	if err != nil {
		t.Fatal(err)
	}
	gauges.Set(expect("shown", r.Expected(), 2, 1, 0))
	if missing, repeated := r.Metric("holdfast_audit_missing_rows", "partition", "0"),
		r.Metric("holdfast_audit_repeated_rows", "partition", "0"); missing != 2 || repeated != 1 {
		t.Errorf("gauges show %v missing, %v repeated", missing, repeated)
	}
	families, err := r.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if problems, err := promlint.NewWithMetricFamilies(families).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("metrics: %v, %v", problems, err)
	}
	r.exec("ALTER TABLE customer_current DELETE WHERE customer_id = 'c-2-9' SETTINGS mutations_sync = 2")
	expect("a stale customer", r.Expected(), 2, 1, 1)
}

// TestAuditKnowsTheTimeToLive: what score_history has dropped by age is no hole.
func TestAuditKnowsTheTimeToLive(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	// Number 1 is a model's row of 500 days ago, 2 to 4 were rows of then, which
	// are gone; 5 and 7 are of today.
	r.exec("INSERT INTO model_params (param_version, seq, computed_at) SELECT 'v', 1, now() - INTERVAL 500 DAY")
	r.exec("INSERT INTO score_history (customer_id, as_of, seq, computed_at) SELECT 'c', now(), number, now() FROM " +
		"system.numbers WHERE number IN (5, 7) LIMIT 2")
	report, err := Audit(t.Context(), r.conn, map[uint16]uint64{0: 7})
	if err != nil || report.Missing() != 1 || report.Shards[0].First != 5 {
		t.Errorf("%+v, %v", report, err)
	}
}

// numbered inserts rows of score_history with the numbers of one life.
func (r *rig) numbered(shard uint16, epoch uint32, numbers ...uint64) {
	r.T.Helper()
	for _, n := range numbers {
		r.exec(fmt.Sprintf("INSERT INTO score_history (customer_id, as_of, src_partition, seq, computed_at) SELECT 'c%d', "+
			"now(), %d, %d, now()",
			n, shard, signal.Seq(epoch, n)))
		r.exec(fmt.Sprintf("INSERT INTO customer_current (customer_id, src_partition, seq) VALUES ('c%d', %d, %d)", n, shard,
			signal.Seq(epoch, n)))
	}
}

// parameters inserts rows of model_params.
func (r *rig) parameters(shard uint16, epoch uint32, numbers ...uint64) {
	r.T.Helper()
	for _, n := range numbers {
		r.exec(fmt.Sprintf("INSERT INTO model_params (param_version, src_partition, seq, computed_at) SELECT 'v', %d, %d, "+
			"now()",
			shard, signal.Seq(epoch, n)))
	}
}

// TestAuditTellsLivesApart: a state that was begun anew numbers its rows from 1,
// in an epoch of its own.
func TestAuditTellsLivesApart(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	r.parameters(0, 3, 1)
	r.numbered(0, 3, 2, 3, 5) // a life with a hole, which is over
	r.parameters(0, 7, 1)
	r.numbered(0, 7, 2, 3)
	r.numbered(1, 3, 1, 2) // a shard that has written nothing since
	for name, c := range map[string]struct {
		expected map[uint16]uint64
		want     ShardReport // of shard 0
		lives    []LifeReport
		ok       bool
	}{
		"the latest life": {map[uint16]uint64{0: signal.Seq(7, 3), 1: signal.Seq(7, 0)},
			ShardReport{Expected: 3, Epoch: 7, First: 1, Least: 2, Rows: 3},
			[]LifeReport{{0, 3, 4, 1, 5, false}, {1, 3, 2, 1, 2, false}}, true},
		"some of it on its way": {map[uint16]uint64{0: signal.Seq(7, 2), 1: signal.Seq(7, 0)},
			ShardReport{Expected: 2, Epoch: 7, First: 1, Least: 2, Rows: 2, Beyond: 1},
			[]LifeReport{{0, 3, 4, 1, 5, false}, {1, 3, 2, 1, 2, false}}, true},
		"a hole in it": {map[uint16]uint64{0: signal.Seq(7, 4), 1: signal.Seq(3, 2)},
			ShardReport{Expected: 4, Epoch: 7, First: 1, Least: 2, Rows: 3, Missing: 1},
			[]LifeReport{{0, 3, 4, 1, 5, false}}, false},
		"an older life than the tables'": {map[uint16]uint64{0: signal.Seq(3, 3), 1: signal.Seq(3, 2)},
			ShardReport{Expected: 3, Epoch: 3, First: 1, Least: 2, Rows: 3, Beyond: 1},
			[]LifeReport{{0, 7, 3, 1, 3, true}}, false},
		"a life without rows": {map[uint16]uint64{0: signal.Seq(8, 0), 1: signal.Seq(8, 0)},
			ShardReport{Epoch: 8, First: 1},
			[]LifeReport{{0, 3, 4, 1, 5, false}, {0, 7, 3, 1, 3, false}, {1, 3, 2, 1, 2, false}}, true},
		"a greatest epoch": {map[uint16]uint64{0: signal.Seq(1<<28-1, 1), 1: signal.Seq(3, 2)},
			ShardReport{Expected: 1, Epoch: 1<<28 - 1, First: 1, Missing: 1, Before: 1},
			[]LifeReport{{0, 3, 4, 1, 5, false}, {0, 7, 3, 1, 3, false}}, false},
		"a shard of which nothing is known": {map[uint16]uint64{0: signal.Seq(7, 3)},
			ShardReport{Expected: 3, Epoch: 7, First: 1, Least: 2, Rows: 3},
			[]LifeReport{{0, 3, 4, 1, 5, false}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := Audit(t.Context(), r.conn, c.expected)
			if err != nil {
				t.Fatal(err)
			}
			if report.Shards[0] != c.want {
				t.Errorf("shard 0: %+v, want %+v", report.Shards[0], c.want)
			}
			if !slices.Equal(report.Lives, c.lives) {
				t.Errorf("lives: %+v, want %+v", report.Lives, c.lives)
			}
			if report.OK() != c.ok {
				t.Errorf("OK is %v: %+v", report.OK(), report)
			}
		})
	}
	if report, err := Audit(t.Context(), r.conn, nil); err != nil || report.OK() || report.Unasked() != 9 {
		t.Errorf("nothing expected: %+v, %v", report, err)
	}
	if n := r.count("SELECT count() FROM v_audit_seq WHERE src_partition = 0 AND epoch IN (3, 7)"); n != 2 {
		t.Errorf("the view tells %d lives of shard 0, want 2", n)
	}
	if n := r.count("SELECT missing FROM v_audit_seq WHERE src_partition = 0 AND epoch = 3"); n != 1 {
		t.Errorf("the view sees %d holes in the first life, want 1", n)
	}
}

// TestAuditOfEmptiedTables: what is missing below the first row of the history
// is told apart from holes, also after all rows were written anew.
func TestAuditOfEmptiedTables(t *testing.T) {
	for name, c := range map[string]struct {
		parameters, history []uint64
		expected            uint64
		missing, before     uint64
		ok, okEmptied       bool
	}{
		"as it should be":                   {[]uint64{1}, []uint64{2, 3, 4}, 4, 0, 0, true, true},
		"emptied, nothing since":            {nil, nil, 4, 4, 4, false, false},
		"emptied, and written anew":         {nil, []uint64{5, 6, 7}, 7, 4, 4, false, true},
		"the history alone was emptied":     {[]uint64{1, 3}, []uint64{5, 6}, 6, 2, 2, false, true},
		"the history is gone":               {[]uint64{1}, nil, 4, 3, 0, false, false},
		"emptied, a shard of no customers":  {[]uint64{2}, nil, 2, 1, 1, false, true},
		"a hole since":                      {nil, []uint64{5, 7}, 7, 5, 4, false, false},
		"the last is missing":               {nil, []uint64{5, 6}, 7, 5, 4, false, false},
		"the parameters alone were emptied": {nil, []uint64{2, 3, 4}, 4, 1, 1, false, true},
		"all is beyond":                     {nil, []uint64{8}, 7, 7, 7, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, enginetest.Start(t))
			r.parameters(0, 2, c.parameters...)
			r.numbered(0, 2, c.history...)
			report, err := Audit(t.Context(), r.conn, map[uint16]uint64{0: signal.Seq(2, c.expected)})
			if err != nil {
				t.Fatal(err)
			}
			if report.Missing() != c.missing || report.Before() != c.before || report.OK() != c.ok {
				t.Errorf("%d missing, %d of them before, OK %v, want %+v", report.Missing(), report.Before(), report.OK(), c)
			}
			if report.Emptied = true; report.OK() != c.okEmptied || c.okEmptied && report.Missing() != 0 {
				t.Errorf("known to be emptied: OK %v, want %v", report.OK(), c.okEmptied)
			}
		})
	}
}

// TestAuditOfRowsWrittenAnew: every customer's row once more, with the next
// number, is neither hole nor double, and is the row that the views show.
func TestAuditOfRowsWrittenAnew(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	r.customers(0, 0, 100, nil)
	r.Alerts(0, 0, 5)
	r.Running(r.loader())
	r.AwaitLoaded()
	for _, table := range []string{"customer_current", "score_history"} {
		r.exec("TRUNCATE TABLE " + table)
	}
	again := func(n int) {
		r.customers(0, 0, n, func(i int, row *signal.Row) {
			rowtest.SetAll(row, map[string]any{"customer_id": fmt.Sprintf("c-0-%d", i), "frequency_repeat": 77})
		})
		r.AwaitLoaded()
	}
	again(100)
	report, err := Audit(t.Context(), r.conn, r.Expected())
	if err != nil || report.Missing() != 100 || report.Before() != 100 || report.Repeated() != 0 ||
		report.StaleCustomers != 0 {
		t.Errorf("after the first time: %+v, %v", report, err)
	}
	again(100)
	if report, err = Audit(t.Context(), r.conn, r.Expected()); err != nil || report.Missing() != 100 ||
		report.Repeated() != 0 || report.StaleCustomers != 0 {
		t.Errorf("after the second time: %+v, %v", report, err)
	}
	if n := r.count("SELECT count() FROM customer_current FINAL WHERE frequency_repeat = 77"); n != 100 {
		t.Errorf("%d customers have the newer row, want 100", n)
	}
	if n := r.count("SELECT count() FROM v_customers_at_risk"); n != 100 {
		t.Errorf("%d customers at risk, want 100", n)
	}
	if n := r.count("SELECT count() FROM v_alerts_open"); n != 5 {
		t.Errorf("%d open alerts, want 5", n)
	}
}
