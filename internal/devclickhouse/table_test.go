package devclickhouse_test

import (
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
)

func TestReplacingTableAndView(t *testing.T) {
	conn := dial(t, enginetest.Start(t))
	execute(t, conn, `CREATE TABLE IF NOT EXISTS current (
		customer_id String COMMENT 'the customer''s id; never a name', risk Float64, seq UInt64, is_deleted UInt8 DEFAULT 0
	) ENGINE = ReplacingMergeTree(seq, is_deleted) ORDER BY customer_id COMMENT 'newest row of a customer'`)
	execute(t, conn, "CREATE OR REPLACE VIEW v_current AS SELECT customer_id, risk FROM current FINAL")
	const insert = "INSERT INTO current (customer_id, risk, seq, is_deleted)"
	row := func(id string, risk float64, seq uint64, deleted uint8) []any { return []any{id, risk, seq, deleted} }
	for _, rows := range [][][]any{
		{row("a", 0.1, 1, 0), row("b", 0.2, 2, 0), row("c", 0.3, 3, 0)},
		{row("a", 0.9, 5, 0), row("c", 0, 6, 1)},
		{row("a", 0.5, 4, 0)}, // older than what is there
		{row("a", 0.9, 5, 0)}, // once more
	} {
		if err := send(t.Context(), conn, insert, rows...); err != nil {
			t.Fatal(err)
		}
	}
	if got := one[uint64](t, conn, "SELECT count() FROM current"); got != 7 {
		t.Errorf("the table holds %d rows before merges, want 7", got)
	}
	got := one[string](t, conn,
		"SELECT toString(groupArray((customer_id, risk))) FROM (SELECT * FROM v_current ORDER BY customer_id)")
	if got != "[('a',0.9),('b',0.2)]" {
		t.Errorf("the view shows %s", got)
	}
	if got := one[string](t, conn, "SELECT comment FROM system.columns WHERE table = 'current' AND name = "+
		"'customer_id' AND database = currentDatabase()"); got != "the customer's id; never a name" {
		t.Errorf("the column's comment is %q", got)
	}
}

func TestRefreshableView(t *testing.T) {
	conn := dial(t, enginetest.Start(t))
	execute(t, conn, "CREATE TABLE source (n UInt32) ENGINE = MergeTree ORDER BY n")
	execute(t, conn, "CREATE TABLE target (total UInt64, at DateTime64(3, 'UTC') DEFAULT now64(3)) ENGINE = MergeTree "+
		"ORDER BY at")
	execute(t, conn, "INSERT INTO source SELECT number FROM numbers(10)")
	execute(t, conn, "CREATE MATERIALIZED VIEW refresher REFRESH EVERY 1 HOUR APPEND TO target AS SELECT sum(n) AS "+
		"total FROM source")
	execute(t, conn, "SYSTEM REFRESH VIEW refresher")
	execute(t, conn, "SYSTEM WAIT VIEW refresher")
	if got := one[uint64](t, conn, "SELECT max(total) FROM target"); got != 45 {
		t.Errorf("the refreshed view holds %d, want 45", got)
	}
}

// What is created is there after an orderly stop and a start, too.
func TestDataStays(t *testing.T) {
	engine := enginetest.StartAlone(t)
	conn := dial(t, engine)
	execute(t, conn, "CREATE TABLE default.stays (at DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY at TTL at + "+
		"INTERVAL 400 DAY")
	at := time.Now().UTC().Truncate(time.Millisecond)
	if err := send(t.Context(), conn, "INSERT INTO default.stays", []any{at}); err != nil {
		t.Fatal(err)
	}
	engine.Kill()
	engine.Restart()
	if got := one[time.Time](t, conn, "SELECT at FROM default.stays"); !got.Equal(at) {
		t.Errorf("got %s, want %s", got, at)
	}
}
