package clickhouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// SchemaError says in which ways the tables differ from what this version
// writes to. The loader waits until they do not.
type SchemaError struct {
	Problems []string // one sentence each
}

// problemsTold is how many problems an error lists: a table with none of our
// columns would fill the screen.
const problemsTold = 8

// Error lists the first problems and says what to do.
func (e *SchemaError) Error() string {
	told := e.Problems[:min(len(e.Problems), problemsTold)]
	more := ""
	if n := len(e.Problems) - len(told); n > 0 {
		more = fmt.Sprintf("; and %d more", n)
	}
	return "tables differ from what this version writes to: " + strings.Join(told, "; ") + more +
		"; run `holdfast migrate up`, and if that changes nothing compare the tables with schemas/clickhouse"
}

// CheckSchema compares every table that the loader writes to with what it
// expects: that it is there, its engine, sorting key, version column, partition
// key, and name and type of each column. Further columns are welcome. The error
// is a *SchemaError with all differences, or of the connection.
func CheckSchema(ctx context.Context, conn driver.Conn) error {
	var problems []string
	for _, outbox := range outboxTables {
		for _, t := range tablesOf(outbox) {
			found, err := checkTable(ctx, conn, t)
			if err != nil {
				return fmt.Errorf("check table %s: %w", t.name, err)
			}
			problems = append(problems, found...)
		}
	}
	if problems != nil {
		return &SchemaError{Problems: problems}
	}
	return nil
}

func checkTable(ctx context.Context, conn driver.Conn, t table) ([]string, error) {
	rows, err := conn.Query(ctx, `SELECT engine, engine_full, sorting_key, partition_key FROM system.tables
		WHERE database = currentDatabase() AND name = ?`, t.name)
	if err != nil {
		return nil, fmt.Errorf("read system.tables: %w", err)
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("read system.tables: %w", err)
		}
		// A server shows only tables that the user has rights on.
		return []string{"table " + t.name + " is missing, or this user has no right to it"}, nil
	}
	var engine, full, key, partition string
	if err := rows.Scan(&engine, &full, &key, &partition); err != nil {
		return nil, fmt.Errorf("scan system.tables: %w", err)
	}
	var problems []string
	differs := func(what, got, want string) {
		if got != want {
			problems = append(problems, fmt.Sprintf("table %s has %s %q, expected %q", t.name, what, got, want))
		}
	}
	// Replicated engines of the same kind keep the promise too.
	differs("engine", strings.TrimPrefix(strings.TrimPrefix(engine, "Replicated"), "Shared"), t.engine)
	differs("sorting key", key, t.sortingKey)
	differs("partition key", partition, t.partition)
	// Replicated engines have path and replica before the version.
	arguments, _, _ := strings.Cut(strings.TrimPrefix(full, engine), ")")
	if !strings.HasPrefix(arguments, "(") || !strings.HasSuffix(", "+arguments[1:], ", "+t.version) {
		problems = append(problems, fmt.Sprintf("table %s has engine %q, expected the version (%s)", t.name, clip(full),
			t.version))
	}
	columns, err := checkColumns(ctx, conn, t)
	return append(problems, columns...), err
}

func checkColumns(ctx context.Context, conn driver.Conn, t table) ([]string, error) {
	rows, err := conn.Query(ctx, `SELECT name, type FROM system.columns
		WHERE database = currentDatabase() AND table = ?`, t.name)
	if err != nil {
		return nil, fmt.Errorf("read system.columns: %w", err)
	}
	defer rows.Close()
	there := map[string]string{}
	for rows.Next() {
		var name, columnType string
		if err := rows.Scan(&name, &columnType); err != nil {
			return nil, fmt.Errorf("scan system.columns: %w", err)
		}
		there[name] = columnType
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read system.columns: %w", err)
	}
	var problems []string
	for _, c := range t.columns {
		switch got, ok := there[c.Name]; {
		case !ok:
			problems = append(problems, fmt.Sprintf("table %s lacks column %s %s", t.name, c.Name, typeOf(c)))
		case got != typeOf(c):
			problems = append(problems, fmt.Sprintf("column %s.%s is %s, expected %s", t.name, c.Name, got, typeOf(c)))
		}
	}
	return problems, nil
}
