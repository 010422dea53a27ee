package clickhouse

import (
	"flag"
	"fmt"
	"os"
	"slices"
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
		lines = append(lines, fmt.Sprintf("    %s %s COMMENT '%s'%s", c.Name, c.Type, strings.ReplaceAll(c.Doc, "'",
			"\\'"), codec))
	}
	return strings.Join(lines, ",\n") + "\n"
}

// altered gives the columns of a table as later migrations leave them.
func altered(t *testing.T, file, list string) string {
	t.Helper()
	_, name, _ := strings.Cut(strings.TrimSuffix(file, ".sql"), "_")
	lines := strings.Split(strings.TrimSuffix(list, "\n"), ",\n")
	place := func(column string) int {
		at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "    "+column+" ") })
		if at < 0 {
			t.Fatalf("%s has no column %s that a migration speaks of", name, column)
		}
		return at
	}
	for _, step := range Migrations() {
		_, alter, found := strings.Cut(step.SQL, "ALTER TABLE "+name+"\n")
		if !found {
			continue
		}
		alter, _, _ = strings.Cut(alter, ";\n")
		for _, change := range strings.Split(alter, ",\n") {
			change = strings.TrimSpace(change)
			if column, ok := strings.CutPrefix(change, "ADD COLUMN IF NOT EXISTS "); ok {
				column, after, _ := strings.Cut(column, " AFTER ")
				lines = slices.Insert(lines, place(after)+1, "    "+column)
			} else if comment, ok := strings.CutPrefix(change, "COMMENT COLUMN "); ok {
				column, comment, _ := strings.Cut(comment, " ")
				at := place(column)
				before, _, _ := strings.Cut(lines[at], " COMMENT '")
				_, codec, coded := strings.Cut(lines[at], " CODEC(")
				lines[at] = before + " COMMENT " + comment
				if coded {
					lines[at] += " CODEC(" + codec
				}
			} else {
				t.Fatalf("migration %d: a change that this test does not know: %s", step.Number, change)
			}
		}
	}
	return strings.Join(lines, ",\n") + "\n"
}

// TestTablesFollowTheRows holds the tables, with what later migrations change,
// equal to the tags of the row structs: names, types, comments, order. After a
// release a difference means a new migration, not a changed one; -rewrite is
// for tables that no later migration changes.
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
		if list = altered(t, c.file, list); *rewrite && list != want && strings.Contains(rest, list) {
			if err := os.WriteFile(c.file, []byte(before+" (\n"+want+")\nENGINE"+after), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if list != want {
			t.Errorf("%s with later migrations differs from the row struct; expected\n%s\ngot\n%s", c.file, want, list)
		}
	}
}

// TestViewsFollowTheRows holds the views that show a table without repetitions
// equal to the tags of its rows, with the epoch behind them.
func TestViewsFollowTheRows(t *testing.T) {
	for _, view := range []struct {
		name  string
		table signal.Table
		only  func(signal.ColumnSpec) bool
	}{
		{"v_alert_event", signal.TableAlert, all},
		{"v_score_history", signal.TableCustomer, func(c signal.ColumnSpec) bool { return c.History }},
	} {
		want := strings.ReplaceAll(strings.TrimSuffix(columnList(view.table, view.only, false), "\n"), `\'`, "''") +
			",\n    epoch UInt64 COMMENT 'life of the shard''s state: rises when it is begun anew'\n"
		got := ""
		for _, step := range Migrations() {
			if _, text, found := strings.Cut(step.SQL, "CREATE OR REPLACE VIEW "+view.name+" (\n"); found {
				got, _, _ = strings.Cut(text, ")\nAS")
			}
		}
		if got != want {
			t.Errorf("%s differs from the row struct; expected\n%s\ngot\n%s", view.name, want, got)
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
			if strings.HasPrefix(line, "CREATE ") && !strings.Contains(line, "IF NOT EXISTS") &&
				!strings.Contains(line, "OR REPLACE VIEW") {
				t.Errorf("migration %d cannot be run again: %s", step.Number, line)
			}
		}
	}
}
