package clickhouse

import (
	"errors"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/sinks/outbox/conformance"
)

func TestRowsArrive(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	for i := range 6 {
		r.customers(int32(i%conformance.Partitions), uint16(i%3), 50, nil)
		r.Alerts(int32(i%conformance.Partitions), uint16(i%3), 5)
	}
	stop := r.Running(r.loader())
	r.AwaitLoaded()
	r.checkAudit()
	if n := r.count("SELECT count() FROM customer_current FINAL"); n == 0 {
		t.Error("no customers")
	}
	stop()
	if n := r.count("SELECT count() FROM v_alerts_open"); n != 30 {
		t.Errorf("%d open alerts, want 30", n)
	}
	if r.Log.String() != "" {
		t.Errorf("normal operation is not silent:\n%s", r.Log)
	}
}

// TestWrongSchemaIsSaid: the loader waits and says in which way a table differs.
func TestWrongSchemaIsSaid(t *testing.T) {
	for name, c := range map[string]struct{ change, want string }{
		"missing table": {"DROP TABLE model_params", "table model_params is missing"},
		"missing column": {"ALTER TABLE alert_event DROP COLUMN arm",
			"table alert_event lacks column arm LowCardinality(String)"},
		"other type": {"ALTER TABLE score_history MODIFY COLUMN p_alive Nullable(Float32)",
			"column score_history.p_alive is Nullable(Float32), expected Nullable(Float64)"},
		"other engine": {"CREATE OR REPLACE TABLE model_params AS model_params ENGINE = MergeTree ORDER BY " +
			"(param_version, model, src_partition, seq)",
			`table model_params has engine "MergeTree", expected "ReplacingMergeTree"`},
		"other key": {"CREATE OR REPLACE TABLE model_params AS model_params ENGINE = ReplacingMergeTree(seq) ORDER BY " +
			"param_version",
			`table model_params has sorting key "param_version", expected "param_version, model, src_partition, seq"`},
		"no version": {"CREATE OR REPLACE TABLE model_params AS model_params ENGINE = ReplacingMergeTree ORDER BY " +
			"(param_version, model, src_partition, seq)",
			"expected the version (seq)"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, enginetest.Start(t))
			if err := r.conn.Exec(t.Context(), c.change); err != nil {
				t.Fatal(err)
			}
			l := r.loader()
			r.Running(l)
			r.Await("it says "+c.want, func() bool { return strings.Contains(l.Problems()[-2].Text, c.want) })
			var schema *SchemaError
			if err := CheckSchema(t.Context(), r.conn); !errors.As(err, &schema) || len(schema.Problems) == 0 ||
				!strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
