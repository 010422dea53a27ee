package clickhouse

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sync/semaphore"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
)

func TestRowsArrive(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	for i := range 6 {
		r.customers(int32(i%outboxPartition), uint16(i%3), 50, nil)
		r.alerts(int32(i%outboxPartition), uint16(i%3), 5)
	}
	stop := r.running(r.loader())
	r.awaitLoaded()
	r.checkAudit()
	if n := r.count("SELECT count() FROM customer_current FINAL"); n == 0 {
		t.Error("no customers")
	}
	stop()
	if n := r.count("SELECT count() FROM v_alerts_open"); n != 30 {
		t.Errorf("%d open alerts, want 30", n)
	}
	if r.log.String() != "" {
		t.Errorf("normal operation is not silent:\n%s", r.log)
	}
}

// TestRowsArriveThroughLittleRoom: workers that have to wait for each other's room
// load what they have, all of it arrives, and the room is free again.
func TestRowsArriveThroughLittleRoom(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	for i := range 24 {
		r.customers(int32(i%outboxPartition), uint16(i%3), 50, nil)
	}
	l := r.loader()
	l.config.PendingBytes = 200 << 10 // less than two blocks
	l.room = semaphore.NewWeighted(l.config.PendingBytes)
	stop := r.running(l)
	r.awaitLoaded()
	r.checkAudit()
	stop()
	if !l.room.TryAcquire(l.config.PendingBytes) {
		t.Error("room is lost")
	}
}

// TestWrongSchemaIsSaid: the loader waits and says in which way a table differs.
func TestWrongSchemaIsSaid(t *testing.T) {
	for name, c := range map[string]struct{ change, want string }{
		"missing table":  {"DROP TABLE model_params", "table model_params is missing"},
		"missing column": {"ALTER TABLE alert_event DROP COLUMN arm", "table alert_event lacks column arm LowCardinality(String)"},
		"other type":     {"ALTER TABLE score_history MODIFY COLUMN p_alive Nullable(Float32)", "column score_history.p_alive is Nullable(Float32), expected Nullable(Float64)"},
		"other engine": {"CREATE OR REPLACE TABLE model_params AS model_params ENGINE = MergeTree ORDER BY (param_version, model, src_partition, seq)",
			`table model_params has engine "MergeTree", expected "ReplacingMergeTree"`},
		"other key": {"CREATE OR REPLACE TABLE model_params AS model_params ENGINE = ReplacingMergeTree(seq) ORDER BY param_version",
			`table model_params has sorting key "param_version", expected "param_version, model, src_partition, seq"`},
		"no version": {"CREATE OR REPLACE TABLE model_params AS model_params ENGINE = ReplacingMergeTree ORDER BY (param_version, model, src_partition, seq)",
			"expected the version (seq)"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, enginetest.Start(t))
			if err := r.conn.Exec(t.Context(), c.change); err != nil {
				t.Fatal(err)
			}
			l := r.loader()
			r.running(l)
			r.await("it says "+c.want, func() bool { return strings.Contains(l.Problems()[storeProblem].Text, c.want) })
			var schema *SchemaError
			if err := CheckSchema(t.Context(), r.conn); !errors.As(err, &schema) || len(schema.Problems) == 0 || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestIncompleteConfiguration(t *testing.T) {
	if _, err := New(Config{Group: "g", OutboxTopic: "o"}, Deps{}); !errors.Is(err, ErrConfig) {
		t.Errorf("got %v", err)
	}
	if _, err := New(Config{Group: "g", OutboxTopic: "o", DeadLetterTopic: "d"}, Deps{}); !errors.Is(err, ErrConfig) {
		t.Errorf("got %v", err)
	}
}
