package clickhouse

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/pipeline/signal"
)

var rewrite = flag.Bool("rewrite", false, "write the column lists of unreleased tables anew")

// codecs of the append-only tables: what falls or rises evenly is stored as
// differences.
var codecs = map[string]string{
	"as_of": "DoubleDelta, ZSTD(1)", "computed_at": "DoubleDelta, ZSTD(1)", "raised_at": "DoubleDelta, ZSTD(1)",
	"seq": "Delta, ZSTD(1)",
}

// tables says which file creates which table from which rows.
var tables = []struct {
	file  string
	table signal.Table
	only  func(signal.ColumnSpec) bool
	coded bool
}{
	{"0001_customer_current.sql", signal.TableCustomer, all, false},
	{"0002_score_history.sql", signal.TableCustomer, func(c signal.ColumnSpec) bool { return c.History }, true},
	{"0003_alert_event.sql", signal.TableAlert, all, true},
	{"0004_model_params.sql", signal.TableModel, all, false},
}

func all(signal.ColumnSpec) bool { return true }

func columnList(table signal.Table, only func(signal.ColumnSpec) bool, coded bool) string {
	var lines []string
	for _, c := range signal.ColumnsOf(table) {
		if !only(c) {
			continue
		}
		codec := ""
		if coded && codecs[c.Name] != "" {
			codec = " CODEC(" + codecs[c.Name] + ")"
		}
		lines = append(lines, fmt.Sprintf("    %s %s COMMENT '%s'%s", c.Name, c.Type, strings.ReplaceAll(c.Doc, "'", "\\'"), codec))
	}
	return strings.Join(lines, ",\n") + "\n"
}

// TestTablesFollowTheRows holds the tables equal to the tags of the row
// structs: names, types, comments, order. After a release a difference means a
// new migration, not a changed one.
func TestTablesFollowTheRows(t *testing.T) {
	for _, c := range tables {
		text, err := os.ReadFile(c.file)
		if err != nil {
			t.Fatal(err)
		}
		before, rest, opened := strings.Cut(string(text), " (\n")
		list, after, closed := strings.Cut(rest, ")\nENGINE")
		if !opened || !closed {
			t.Fatalf("%s: no column list", c.file)
		}
		want := columnList(c.table, c.only, c.coded)
		if *rewrite {
			if err := os.WriteFile(c.file, []byte(before+" (\n"+want+")\nENGINE"+after), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if list != want {
			t.Errorf("%s differs from the row struct; expected\n%s", c.file, want)
		}
	}
}

func TestMigrationsAreNumberedAndRepeatable(t *testing.T) {
	steps := Migrations()
	if len(steps) < 5 {
		t.Fatalf("%d migrations", len(steps))
	}
	for i, step := range steps {
		if step.Number != uint32(i+1) || step.Name == "" || len(step.Checksum) != 64 {
			t.Errorf("migration %d: %+v", i+1, step)
		}
		for _, line := range strings.Split(step.SQL, "\n") {
			if strings.HasPrefix(line, "CREATE ") && !strings.Contains(line, "IF NOT EXISTS") && !strings.Contains(line, "OR REPLACE VIEW") {
				t.Errorf("migration %d cannot be run again: %s", step.Number, line)
			}
		}
	}
}
