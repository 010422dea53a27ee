package backfill

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sizes are those in which the names of rows fit into memory, are spilled, and
// are spilled while the events are streamed.
var sizes = map[string]int64{"in memory": 1 << 20, "spilled": 30_000, "streamed": 600}

// TestRowsOfOneNameThatDiffer: what the processor would take for one event must
// say one thing.
func TestRowsOfOneNameThatDiffer(t *testing.T) {
	purchase := func(id, order, rest string) string {
		return `{"event_type":"purchase","event_id":"` + id + `","customer_id":"k","occurred_at":"2026-03-01T10:00:00Z","kind":"order","order_id":"` + order + `","currency":"EUR",` + rest + "}\n"
	}
	visit := func(id, customer string) string {
		return `{"event_type":"visit","event_id":"` + id + `","customer_id":"` + customer +
			`","occurred_at":"2026-03-01T10:00:00Z","kind":"session"}` + "\n"
	}
	many := func(n int) string {
		var text strings.Builder
		for i := range n {
			text.WriteString(purchase(fmt.Sprint("e", i), fmt.Sprint("o", i), `"amount_net":1`))
		}
		return text.String()
	}
	for name, test := range map[string]struct {
		options Options
		text    string
		want    string // "" for no error
	}{
		"items": {Options{Format: CSV, Map: mapOf(t, itemsMap)}, items,
			"(lines 2 and 3) are one order in one status, but differ in amount_net (1200, 450), amount_discount (100, none); " +
				"rows 1 and 4 (lines 2 and 5) are one order in one status, but differ in amount_net (1200, 3350), " +
				"amount_discount (100, 50) → where a row is one line"},
		"time": {Options{Format: CSV, Map: mapOf(t, itemsMap)},
			"cust,date,status,invoice,amount,discount\nk-1,2026-03-01,,1,1,\n\nk-1,2026-03-02,paid,1,1,\n",
			"(lines 2 and 4) are one order in one status, but differ in occurred_at (2026-03-01T12:00:00Z, " +
				"2026-03-02T12:00:00Z)"},
		"event id": {Options{Format: CSV, Map: mapOf(t, itemsMap+"  event_id: {template: \"sale-{invoice}\"}\n")},
			"cust,date,status,invoice,amount,discount\nk-1,2026-03-01,placed,1,1,\nk-1,2026-03-01,paid,1,1,\n",
			"(lines 2 and 3) have one event id, but differ in status (placed, paid)"},
		"lines": {Options{Format: NDJSON}, purchase("1", "o", `"amount_net":1`) + many(50) +
			purchase("2", "o", `"amount_net":2,"store_id":"x"`),
			"(lines 1 and 52) are one order in one status, but differ in amount_net (1, 2), store_id → an order is one event"},
		"of two customers": {Options{Format: NDJSON}, purchase("1", "o", `"amount_net":1`) +
			strings.Replace(purchase("1", "o", `"amount_net":1`), `"k"`, `"l"`, 1),
			"have one event id, but differ in customer_id →"},
		"of two types": {Options{Format: NDJSON}, purchase("1", "o", `"amount_net":1`) +
			visit("1", "l"), ""},
		"of two types and one customer": {Options{Format: NDJSON}, purchase("1", "o", `"amount_net":1`) + visit("1", "k"),
			"have one event id, but differ in event_type, "},
		"lines of one id": {Options{Format: NDJSON}, purchase("1", "o", `"amount_net":1`) +
			purchase("1", "p", `"amount_net":1`), "(lines 1 and 2) have one event id, but differ in order_id →"},
		"a paid one is one": {Options{Format: NDJSON}, purchase("1", "o", `"amount_net":1`) +
			purchase("2", "o", `"status":"paid","amount_net":1,"margin":3`), "differ in"},
		"nested": {Options{Format: NDJSON}, purchase("1", "o", `"amount_net":1,"lines":[{"qty":1}]`) +
			purchase("1", "o", `"amount_net":1,"lines":[{"qty":2}]`), "differ in lines"},
		"many": {Options{Format: NDJSON}, many(10) + strings.ReplaceAll(many(10), `net":1`,
			`net":2`), "; and 7 more"},
		"alike": {Options{Format: NDJSON}, many(10) + many(10), ""},
		"written otherwise": {Options{Format: NDJSON}, purchase("1", "o", `"amount_net":1,"lines":[{"qty":1}]`) +
			purchase("1", "\\u006f", ` "lines" : [ {"qty": 1} ], "amount_net": 1,"margin":null,"loaded":7`), ""},
		"on its way": {Options{Format: NDJSON}, purchase("1", "o", `"amount_net":1`) +
			purchase("1", "o", `"amount_net":1,"ingested_at":"2026-03-02T00:00:00Z","trace_id":"t"`), ""},
		"another status": {Options{Format: NDJSON}, purchase("1", "o", `"amount_net":1`) +
			purchase("2", "o", `"status":"placed","amount_net":2`), ""},
		"two partial refunds": {Options{Format: NDJSON},
			strings.ReplaceAll(purchase("1", "o", `"amount_net":1`)+purchase("2", "o", `"amount_net":2`), `"order","order_id"`,
				`"refund","ref_order_id"`), ""},
	} {
		for size, bytes := range sizes {
			test.options.Name, test.options.MemoryBytes = "x", bytes
			got := prepare(t, test.options, test.text)
			switch {
			case test.want == "" && got.err != nil, test.want != "" && !errors.Is(got.err, ErrConflict):
				t.Errorf("%s, %s: %v, want %q", name, size, got.err, test.want)
			case test.want != "" && !strings.Contains(got.err.Error(), test.want):
				t.Errorf("%s, %s: %v\nwant %q", name, size, got.err, test.want)
			}
		}
	}
}

// A repetition is left out, however far it lies from what it repeats.
func TestRepeatedRowsAreOneEvent(t *testing.T) {
	line := func(i int) string {
		return fmt.Sprintf(`{"event_type":"visit","event_id":"%d","customer_id":"k","occurred_at":"2026-03-01T10:00:00Z","kind":"session"}`+"\n", i)
	}
	var text strings.Builder
	for i := range 300 {
		text.WriteString(line(i % 100))
	}
	for size, bytes := range sizes {
		got := prepare(t, Options{Name: "v.ndjson", Format: NDJSON, MemoryBytes: bytes}, text.String())
		if got.err != nil || len(got.events) != 100 || got.plan.Events != 100 || got.plan.Repeated != 200 {
			t.Errorf("%s: %d events, %+v, %v", size, len(got.events), got.plan, got.err)
		}
		for i, value := range got.values {
			if value+"\n" != line(i) {
				t.Fatalf("%s: event %d is %s", size, i, value)
			}
		}
	}
}

// Two files of one name have rows of one number; they are not one row.
func TestIdsThatAreMadeTellFilesOfOneNameApart(t *testing.T) {
	const header = "customer_id,occurred_at,kind,currency,amount_net\n"
	made := func(name, rows string) []string {
		return prepare(t, Options{Name: name, Format: CSV}, header+rows).values
	}
	a := made("2025/o.csv", "z-1,2025-03-01,order,EUR,10\nz-1,2025-03-02,order,EUR,13\n")
	b := made("2026/o.csv", "z-1,2026-03-01,order,EUR,20\nz-1,2026-03-02,order,EUR,23\n")
	again := made("elsewhere/o.csv.gz", "z-1,2025-03-01,order,EUR,10\nz-1,2025-03-02,order,EUR,13\n")
	ids := func(value string) [2]string {
		var e struct{ Event, Order string }
		if err := json.Unmarshal([]byte(strings.NewReplacer("event_id", "event", "order_id", "order").Replace(value)),
			&e); err != nil {
			t.Fatal(err)
		}
		return [2]string{e.Event, e.Order}
	}
	for i := range a {
		one, other := ids(a[i]), ids(b[i])
		if one[0] == other[0] || one[1] == other[1] {
			t.Errorf("row %d of two files: %v, %v", i+1, one, other)
		}
	}
	if diff := cmp.Diff(a, again); diff != "" {
		t.Error("the same file again:", diff)
	}
	if one, other := ids(made("x", "ab,2025-03-01,order,EUR,1\n")[0]),
		ids(made("x", "a,2025-03-01,order,EUR,1\n")[0]); one == other {
		t.Errorf("cells that join to one text: %v, %v", one, other)
	}
}

func TestTheFilesOfTheLedgerAreRemoved(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	for _, text := range []string{items, items[:len(items)-40]} {
		prepare(t, Options{Name: "x", Format: CSV, Map: mapOf(t, itemsMap), MemoryBytes: 600}, text)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}

// Names of fields that differ by case are other fields, as on a topic.
func TestFieldsThatDifferByCase(t *testing.T) {
	got := prepare(t, Options{Name: "c.ndjson", Format: NDJSON},
		`{"event_id":"1","event_type":"visit","occurred_at":"2026-03-02T09:58:02Z","customer_id":"k-1","Customer_ID":"CRM-77","kind":"session"}`+"\n"+
			`{"EVENT_TYPE":"x","event_id":"2","event_type":"visit","occurred_at":"2026-03-02T09:58:03Z","customer_id":"k-1","kind":"session","Event_Type":7}`+"\n"+
			`{"event_id":"3","Event_Type":"visit","event_type":"visit","occurred_at":"2026-03-02T09:58:04Z","anonymous_id":"a","Anonymous_ID":"b","kind":"session"}`+"\n")
	var keys []string
	for _, e := range got.events {
		keys = append(keys, strings.Join(strings.Fields(e)[:2], " "))
	}
	if diff := cmp.Diff([]string{"visit k-1", "visit k-1", "visit a"}, keys); diff != "" || got.err != nil ||
		got.rejects != nil {
		t.Error(got.err, got.rejects, diff)
	}
}
