package clickhouse

import (
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/sinks/outbox"
	"github.com/holdfast/holdfast/sinks/outbox/conformance"
)

// store is a database of the engine behind a front, for the conformance suite.
type store struct {
	front *front
	sink  *Sink
	admin driver.Conn // past the front
}

// states are those of the suite. The engine without ReplacingMergeTree takes our
// rows, and keeps them twice.
var states = map[conformance.State]string{
	conformance.Away: "away", conformance.Empty: "empty", conformance.WrongShape: "another engine",
}

func (s *store) Sink() outbox.Sink { return s.sink }

func (s *store) Enter(t testing.TB, state conformance.State) {
	t.Helper()
	for _, bad := range badStates {
		if bad.name == states[state] {
			s.front.enter(t, bad)
			return
		}
	}
	s.front.enter(t, fitting)
}

func (s *store) Refuse(t testing.TB, all bool) {
	t.Helper()
	check := "frequency_repeat < 1000000"
	if all {
		check = "frequency_repeat > 1000000000"
	}
	s.exec(t, "ALTER TABLE score_history ADD CONSTRAINT sane CHECK "+check)
}

func (s *store) Accept(t testing.TB) {
	t.Helper()
	s.exec(t, "ALTER TABLE score_history DROP CONSTRAINT sane")
}

func (s *store) exec(t testing.TB, sql string) {
	t.Helper()
	if err := s.admin.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func (s *store) Rows(t testing.TB, table string) map[conformance.RowID]int {
	t.Helper()
	rows, err := s.admin.Query(t.Context(),
		"SELECT src_partition, seq, count() FROM "+table+" FINAL GROUP BY src_partition, seq")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	seen := map[conformance.RowID]int{}
	for rows.Next() {
		var id conformance.RowID
		var n uint64
		if err := rows.Scan(&id.Shard, &id.Seq, &n); err != nil {
			t.Fatal(err)
		}
		seen[id] = int(n)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return seen
}

func TestConformance(t *testing.T) {
	conformance.Run(t, func(t *testing.T) conformance.Store {
		engine := enginetest.Start(t)
		s := &store{front: newFront(t, engine), admin: connect(t, engine)}
		s.sink = NewSink(enginetest.Connect(t, s.front.server.URL, engine.Database()))
		s.front.enter(t, fitting)
		return s
	})
}
