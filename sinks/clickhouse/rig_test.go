package clickhouse

import (
	"fmt"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox"
	"github.com/holdfast/holdfast/sinks/outbox/conformance"
)

// rig is a broker, and an engine with our schema.
type rig struct {
	*conformance.Rig
	engine *enginetest.Engine
	conn   driver.Conn
}

func connect(t testing.TB, engine *enginetest.Engine) driver.Conn {
	t.Helper()
	return enginetest.Connect(t, engine.DSN(), "")
}

func newRig(t *testing.T, engine *enginetest.Engine) *rig {
	t.Helper()
	r := &rig{Rig: conformance.NewRig(t), engine: engine, conn: connect(t, engine)}
	if _, err := Migrate(t.Context(), r.conn, MigrateUp); err != nil {
		t.Fatal(err)
	}
	return r
}

// customers produces a block of n rows of one of a hundred customers of a shard,
// and spoil may change each.
func (r *rig) customers(partition int32, shard uint16, n int, spoil func(i int, row *signal.Row)) {
	r.T.Helper()
	r.Customers(partition, shard, n, func(i int, row *signal.Row) {
		rowtest.Set(row, "customer_id", fmt.Sprintf("c-%d-%d", shard, rowtest.Number(row, "seq")%100))
		if spoil != nil {
			spoil(i, row)
		}
	})
}

func (r *rig) loader() *outbox.Loader {
	r.T.Helper()
	return r.Loader(NewSink(r.conn), nil)
}

// checkAudit compares the tables with what was produced.
func (r *rig) checkAudit() {
	r.T.Helper()
	report, err := Audit(r.T.Context(), r.conn, r.Expected())
	if err != nil {
		r.T.Fatal(err)
	}
	if !report.OK() {
		r.T.Errorf("audit: %+v", report)
	}
	for _, s := range report.Shards {
		if s.Rows != s.Expected || s.Unasked || s.Beyond != 0 {
			r.T.Errorf("shard %+v", s)
		}
	}
}

func (r *rig) count(query string, args ...any) uint64 {
	r.T.Helper()
	var n uint64
	if err := r.conn.QueryRow(r.T.Context(), query, args...).Scan(&n); err != nil {
		r.T.Fatal(err)
	}
	return n
}

func (r *rig) exec(sql string) {
	r.T.Helper()
	if err := r.conn.Exec(r.T.Context(), sql); err != nil {
		r.T.Fatal(err)
	}
}
