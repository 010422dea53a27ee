package clickhouse

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	schemas "github.com/holdfast/holdfast/schemas/clickhouse"
)

func TestMigrateIsRepeatable(t *testing.T) {
	engine := enginetest.Start(t)
	conn := connect(t, engine)
	all := len(schemas.Migrations())
	for _, c := range []struct {
		mode MigrateMode
		want int
	}{{MigratePlan, all}, {MigrateUp, all}, {MigrateUp, 0}, {MigratePlan, 0}, {MigrateStatus, all}} {
		steps, err := Migrate(t.Context(), conn, c.mode)
		if err != nil || len(steps) != c.want {
			t.Fatalf("mode %d: %d steps, want %d: %v", c.mode, len(steps), c.want, err)
		}
		if c.mode == MigrateStatus && slices.ContainsFunc(steps, func(s Step) bool { return s.Applied.IsZero() }) {
			t.Errorf("status: %+v", steps)
		}
	}
	if err := CheckSchema(t.Context(), conn); err != nil {
		t.Error(err)
	}
	// As after a run that broke off before it was recorded.
	if err := conn.Exec(t.Context(), "TRUNCATE TABLE schema_migrations"); err != nil {
		t.Fatal(err)
	}
	if steps, err := Migrate(t.Context(), conn, MigrateUp); err != nil || len(steps) != all {
		t.Errorf("run again: %d steps, %v", len(steps), err)
	}
}

func TestMigrateRefuses(t *testing.T) {
	ours := []schemas.Migration{{Number: 1, Name: "one", SQL: "SELECT 1;", Checksum: "a"}}
	newer := append(slices.Clone(ours), schemas.Migration{Number: 2, Name: "two", SQL: "SELECT 2; SELECT ';'",
		Checksum: "b"})
	changed := []schemas.Migration{{Number: 1, Name: "one", SQL: "SELECT 3;", Checksum: "c"}}
	broken := []schemas.Migration{{Number: 1, Name: "one", SQL: "SELECT 1; CREATE NONSENSE", Checksum: "a"}}
	engine := enginetest.Start(t)
	conn := connect(t, engine)
	_, err := migrate(t.Context(), conn, MigrateUp, broken)
	if err == nil || !strings.Contains(err.Error(), "statement 2 of migration 1 one") {
		t.Fatalf("broken: %v", err)
	}
	if _, err := migrate(t.Context(), conn, MigrateUp, newer); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []MigrateMode{MigratePlan, MigrateUp, MigrateStatus} {
		if _, err := migrate(t.Context(), conn, mode, ours); !errors.Is(err, ErrNewerSchema) ||
			!strings.Contains(err.Error(), "2 two") {
			t.Errorf("older version, mode %d: %v", mode, err)
		}
		if _, err := migrate(t.Context(), conn, mode, changed); !errors.Is(err, ErrChangedMigration) {
			t.Errorf("changed text, mode %d: %v", mode, err)
		}
	}
}

// TestEverythingIsCommented: every table, view and column says what it is.
func TestEverythingIsCommented(t *testing.T) {
	engine := enginetest.Start(t)
	conn := connect(t, engine)
	if _, err := Migrate(t.Context(), conn, MigrateUp); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), `SELECT table || '.' || name FROM system.columns WHERE database = currentDatabase() AND comment = ''
		UNION ALL SELECT name FROM system.tables WHERE database = currentDatabase() AND comment = ''`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s has no comment", name)
	}
}
