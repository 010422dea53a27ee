package clickhouse

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

var rewrite = flag.Bool("rewrite", false, "write docs/columns.md anew")

const columnsPage = "../../docs/columns.md"

// TestColumnsPage holds docs/columns.md equal to the columns, and an id that it
// gives to a column to that column for good.
func TestColumnsPage(t *testing.T) {
	there, err := os.ReadFile(columnsPage)
	if err != nil && !*rewrite {
		t.Fatal(err)
	}
	if problems := reusedIDs(string(there), columnsOf(signal.TableCustomer)); problems != nil {
		t.Fatalf("an id is given once, and a column stays: %s", strings.Join(problems, "; "))
	}
	page := writeColumnsPage()
	if *rewrite {
		if err := os.WriteFile(columnsPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(string(there), "\n"), strings.Split(page, "\n")); diff != "" {
		t.Errorf("docs/columns.md differs from the columns: run with -rewrite; -page +columns:\n%s", diff)
	}
}

var pageRow = regexp.MustCompile("(?m)^\\| ([0-9]+) \\| `([a-z0-9_]+)` \\|")

// reusedIDs says which ids of a page have another column now, or none.
func reusedIDs(page string, columns []signal.ColumnSpec) (problems []string) {
	names := map[string]string{}
	for _, c := range columns {
		names[fmt.Sprint(c.ID)] = c.Name
	}
	for _, row := range pageRow.FindAllStringSubmatch(page, -1) {
		if id, name := row[1], row[2]; names[id] != name {
			problems = append(problems, fmt.Sprintf("%s belongs to %s, not to %q", id, name, names[id]))
		}
	}
	return problems
}

func TestReusedIDsAreFound(t *testing.T) {
	const page = "| 1 | `a` | text |\n| 2 | `b` | count |\n| 7 | `gone` | count |\n"
	columns := []signal.ColumnSpec{{ID: 1, Name: "a"}, {ID: 2, Name: "new"}, {ID: 3, Name: "b"}}
	if got := reusedIDs(page, columns); len(got) != 2 {
		t.Errorf("%q, want ids 2 and 7", got)
	}
}

const (
	pageHead = `# Columns

Written by ` + "`go test ./sinks/clickhouse -run TestColumnsPage -rewrite`" + ` from the columns in ` + "`pipeline/score`" + `
and ` + "`pipeline/signal`" + `; what they mean is told at length in [signals.md](signals.md). A column keeps its id, its name and
its type for good.

*Counted* says that the end-to-end tests hold the column against a second, independent count of the events; the other
columns have only the tests of their own package. *History* says that the column is in ` + "`score_history`" + `, too.

## customer_current

| id | column | type | unit | ClickHouse | counted | history | meaning |
|---|---|---|---|---|---|---|---|
`
	pageWindows = `
Silence alone changes what is counted in windows of days: on the day on which something leaves one, a row is written.

| happening | windows, in days |
|---|---|
`
	pageTable = "\n## %s\n\n| column | type | ClickHouse | meaning |\n|---|---|---|---|\n"
)

func writeColumnsPage() string {
	var b strings.Builder
	b.WriteString(pageHead)
	counted, columns := workload.CountedColumns(), columnsOf(signal.TableCustomer)
	first := firstIDs(columns)
	slices.SortStableFunc(columns, func(a, b signal.ColumnSpec) int { return int(first[a.Family]) - int(first[b.Family]) })
	family := ""
	for _, c := range columns {
		if c.Family != family {
			family = c.Family
			fmt.Fprintf(&b, "| | **%s** | | | | | | |\n", family)
		}
		fmt.Fprintf(&b, "| %d | `%s` | %s | %s | `%s` | %s | %s | %s |\n", c.ID, c.Name, c.Type, unitOf(c), typeOf(c),
			yes(slices.Contains(counted, c.Name)), yes(c.History), meaning(c))
	}
	b.WriteString(pageWindows)
	for of, name := range []string{
		score.Purchases: "purchases", score.Visits: "visits", score.VisitsSincePurchase: "visits since the latest purchase",
		score.Complaints: "complaints",
	} {
		days := strings.ReplaceAll(fmt.Sprint(score.Edges(score.Happening(of))), " ", ", ")
		fmt.Fprintf(&b, "| %s | %s |\n", name, strings.Trim(days, "[]"))
	}
	for _, table := range rowTables[2:] {
		fmt.Fprintf(&b, pageTable, table.name)
		for _, c := range columnsOf(table.of) {
			fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s |\n", c.Name, c.Type, typeOf(c), meaning(c))
		}
	}
	return b.String()
}

// meaning is what a column says, as a table's cell.
func meaning(c signal.ColumnSpec) string {
	return strings.NewReplacer("|", `\|`, "<", `\<`).Replace(c.Doc)
}

// firstIDs are the least ids of the families: they come in this order.
func firstIDs(columns []signal.ColumnSpec) map[string]signal.ColumnID {
	first := map[string]signal.ColumnID{}
	for _, c := range slices.Backward(columns) {
		first[c.Family] = c.ID
	}
	return first
}

func unitOf(c signal.ColumnSpec) string {
	if c.Type == signal.TypeMoney || c.Type == signal.TypeAmount {
		return "currency"
	}
	return c.Unit
}

func yes(holds bool) string {
	if holds {
		return "yes"
	}
	return ""
}
