package clickhouse

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/pipeline/signal"
	schema "github.com/holdfast/holdfast/schemas/clickhouse"
)

// codecs of the append-only tables: what falls or rises evenly is stored as
// differences.
var codecs = map[string]string{
	"as_of": "DoubleDelta, ZSTD(1)", "computed_at": "DoubleDelta, ZSTD(1)", "raised_at": "DoubleDelta, ZSTD(1)",
	"seq": "Delta, ZSTD(1)",
}

// definition is how a column stands in a migration, after its name.
func definition(c signal.ColumnSpec, coded bool) string {
	text := typeOf(c) + " COMMENT '" + strings.ReplaceAll(c.Doc, "'", `\'`) + "'"
	if coded && codecs[c.Name] != "" {
		text += " CODEC(" + codecs[c.Name] + ")"
	}
	return text
}

// definitions are the columns of a table as migrations have left them, by name.
type definitions map[string]string

// replay reads the migrations as a server would run them, as far as columns go.
// A change that it does not know is an error: the columns could not be told.
func replay(steps []schema.Migration) (map[string]definitions, error) {
	tables := map[string]definitions{}
	for _, step := range steps {
		for _, statement := range strings.Split(step.SQL, ";\n") {
			for strings.HasPrefix(statement, "--") {
				_, statement, _ = strings.Cut(statement, "\n")
			}
			if err := run(tables, strings.TrimSuffix(strings.TrimSpace(statement), ";")); err != nil {
				return nil, fmt.Errorf("migration %d: %w", step.Number, err)
			}
		}
	}
	return tables, nil
}

func run(tables map[string]definitions, statement string) error {
	if rest, ok := strings.CutPrefix(statement, "CREATE TABLE IF NOT EXISTS "); ok {
		name, rest, _ := strings.Cut(rest, " (\n")
		list, _, closed := strings.Cut(rest, "\n)\nENGINE")
		if !closed || tables[name] != nil {
			return fmt.Errorf("table %s: no list of columns, or there already", name)
		}
		tables[name] = definitions{}
		for _, line := range strings.Split(list, ",\n") {
			column, text, _ := strings.Cut(strings.TrimSpace(line), " ")
			tables[name][column] = text
		}
		return nil
	}
	rest, ok := strings.CutPrefix(statement, "ALTER TABLE ")
	if !ok {
		return nil // a view
	}
	name, changes, isList := strings.Cut(rest, "\n")
	if !isList {
		if !strings.Contains(name, " MODIFY COMMENT ") {
			return fmt.Errorf("a change that this test does not know: %s", statement)
		}
		return nil
	}
	for _, change := range strings.Split(changes, ",\n") {
		if err := tables[name].change(strings.TrimSpace(change)); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
	return nil
}

func (d definitions) change(text string) error {
	if rest, ok := strings.CutPrefix(text, "ADD COLUMN IF NOT EXISTS "); ok {
		column, rest, _ := strings.Cut(rest, " ")
		if d == nil || d[column] != "" {
			return fmt.Errorf("column %s is there already", column)
		}
		d[column], _, _ = strings.Cut(rest, " AFTER ")
		return nil
	}
	if rest, ok := strings.CutPrefix(text, "COMMENT COLUMN "); ok {
		column, comment, _ := strings.Cut(rest, " ")
		before, old, found := strings.Cut(d[column], " COMMENT '")
		if !found {
			return fmt.Errorf("there is no column %s", column)
		}
		d[column] = before + " COMMENT " + comment
		if _, codec, coded := strings.Cut(old, "' CODEC("); coded {
			d[column] += " CODEC(" + codec
		}
		return nil
	}
	return fmt.Errorf("a change that this test does not know: %s", text)
}

// missing is the statement that brings a table to its columns, empty where
// nothing is missing. A column that has another type, or that rows do not have,
// is an error: a column never changes what it is, and never goes.
func missing(table string, there definitions, columns []signal.ColumnSpec, coded bool) (string, error) {
	var changes []string
	known := map[string]bool{}
	for _, c := range columns {
		known[c.Name] = true
		want := definition(c, coded)
		switch got := there[c.Name]; {
		case got == want:
		case got == "":
			changes = append(changes, "ADD COLUMN IF NOT EXISTS "+c.Name+" "+want)
		case strings.HasPrefix(got, typeOf(c)+" COMMENT "):
			changes = append(changes, "COMMENT COLUMN "+c.Name+" '"+strings.ReplaceAll(c.Doc, "'", `\'`)+"'")
		default:
			return "", fmt.Errorf("column %s.%s is %q, rows have %q: give what changed another name", table, c.Name, got, want)
		}
	}
	for name := range there {
		if !known[name] {
			return "", fmt.Errorf("column %s.%s is in the table and not in the rows: readers may rely on it", table, name)
		}
	}
	if changes == nil {
		return "", nil
	}
	return "ALTER TABLE " + table + "\n    " + strings.Join(changes, ",\n    ") + ";\n", nil
}

// rowTables says which table has which columns of which rows.
var rowTables = []struct {
	name  string
	of    signal.Table
	only  func(signal.ColumnSpec) bool
	coded bool
}{
	{"customer_current", signal.TableCustomer, all, false},
	{"score_history", signal.TableCustomer, inHistory, true},
	{"alert_event", signal.TableAlert, all, true},
	{"model_params", signal.TableModel, all, false},
	{"data_quality", signal.TableQuality, all, false},
}

func all(signal.ColumnSpec) bool         { return true }
func inHistory(c signal.ColumnSpec) bool { return c.History }

func columnsLike(of signal.Table, only func(signal.ColumnSpec) bool) (columns []signal.ColumnSpec) {
	for _, c := range columnsOf(of) {
		if only(c) {
			columns = append(columns, c)
		}
	}
	return columns
}

// TestMigrationsHaveTheColumns holds what all migrations together leave equal to
// the columns of the rows: names, types, comments. Where they differ it gives the
// statement for the next migration; one that exists is never changed.
func TestMigrationsHaveTheColumns(t *testing.T) {
	steps := schema.Migrations()
	tables, err := replay(steps)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range rowTables {
		statement, err := missing(c.name, tables[c.name], columnsLike(c.of, c.only), c.coded)
		if err != nil {
			t.Error(err)
		}
		if statement != "" {
			t.Errorf("put this into schemas/clickhouse/%04d_<name>.sql, and a line into its CHANGELOG.md:\n%s",
				len(steps)+1, statement)
		}
	}
}

// TestViewsFollowTheRows holds the views that show a table without repetitions
// equal to the columns of its rows, with the epoch behind them.
func TestViewsFollowTheRows(t *testing.T) {
	for _, view := range []struct {
		name string
		of   signal.Table
		only func(signal.ColumnSpec) bool
	}{
		{"v_alert_event", signal.TableAlert, all},
		{"v_score_history", signal.TableCustomer, inHistory},
	} {
		want := ""
		for _, c := range columnsLike(view.of, view.only) {
			want += fmt.Sprintf("    %s %s,\n", c.Name, strings.ReplaceAll(definition(c, false), `\'`, "''"))
		}
		want += "    epoch UInt64 COMMENT 'life of the shard''s state: rises when it is begun anew'\n"
		got := ""
		for _, step := range schema.Migrations() {
			if _, text, found := strings.Cut(step.SQL, "CREATE OR REPLACE VIEW "+view.name+" (\n"); found {
				got, _, _ = strings.Cut(text, ")\nAS")
			}
		}
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("create %s anew in migration %d; -rows +view:\n%s", view.name, len(schema.Migrations())+1, diff)
		}
	}
}

// TestMissingColumns: what the statement for the next migration says.
func TestMissingColumns(t *testing.T) {
	const before = "-- a comment; with a semicolon\nCREATE TABLE IF NOT EXISTS t (\n    a UInt32 COMMENT 'first',\n" +
		"    seq UInt64 COMMENT 'the row\\'s' CODEC(Delta, ZSTD(1))\n)\nENGINE = MergeTree\nORDER BY a;\n"
	const later = "ALTER TABLE t\n    ADD COLUMN IF NOT EXISTS b Nullable(Date32) COMMENT 'second' AFTER a,\n" +
		"    COMMENT COLUMN seq 'number';\nALTER TABLE t MODIFY COMMENT 'a table';\n"
	a := signal.ColumnSpec{Name: "a", Type: signal.TypeCount, Doc: "first"}
	b := signal.ColumnSpec{Name: "b", Type: signal.TypeDay, Null: true, Doc: "second"}
	seq := signal.ColumnSpec{Name: "seq", Type: signal.TypeUint64, Doc: "number"}
	for _, c := range []struct {
		name    string
		steps   []string
		columns []signal.ColumnSpec
		want    string
		refused bool
	}{
		{"nothing", []string{before, later}, []signal.ColumnSpec{a, b, seq}, "", false},
		{"a column and a comment", []string{before}, []signal.ColumnSpec{a, b, seq}, "ALTER TABLE t\n" +
			"    ADD COLUMN IF NOT EXISTS b Nullable(Date32) COMMENT 'second',\n    COMMENT COLUMN seq 'number';\n", false},
		{"another type", []string{before, later},
			[]signal.ColumnSpec{{Name: "a", Type: signal.TypeFloat, Doc: "first"}, b, seq}, "", true},
		{"a column that went", []string{before, later}, []signal.ColumnSpec{a, seq}, "", true},
	} {
		var steps []schema.Migration
		for i, text := range c.steps {
			steps = append(steps, schema.Migration{Number: uint32(i + 1), SQL: text})
		}
		tables, err := replay(steps)
		if err != nil {
			t.Fatal(err)
		}
		got, err := missing("t", tables["t"], c.columns, true)
		if got != c.want || (err != nil) != c.refused {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
	for _, unknown := range []string{"ALTER TABLE t\n    DROP COLUMN a;\n", "ALTER TABLE t DELETE WHERE a = 1;\n",
		"ALTER TABLE t\n    COMMENT COLUMN z 'none';\n",
		"ALTER TABLE t\n    ADD COLUMN IF NOT EXISTS a UInt8 COMMENT 'again';\n"} {
		if _, err := replay([]schema.Migration{{Number: 1, SQL: before}, {Number: 2, SQL: unknown}}); err == nil {
			t.Errorf("taken: %s", unknown)
		}
	}
}
