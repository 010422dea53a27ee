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

const itemsMap = `
amounts: decimal
fields:
  customer_id: cust
  occurred_at: date
  kind: {constant: order}
  status: status
  order_id: invoice
  currency: {constant: EUR}
  amount_net: amount
  amount_discount: discount
`

const items = "cust,date,status,invoice,amount,discount\n" +
	"k-1,2026-03-01,,80001,12.00,1\n" +
	"k-1,2026-03-01,,80001,4.50,\n" +
	"k-2,2026-03-01,,80001,7,\n" + // another customer's
	"k-1,2026-03-01,,80001,33.50,0.50\n" +
	"k-1,2026-03-02,shipped,80001,50,\n" +
	"k-1,2026-03-03,,80002,50,\n"

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

// netsOf returns "customer order status: net discount" of each event.
func netsOf(t *testing.T, got prepared) []string {
	t.Helper()
	var nets []string
	for _, value := range got.values {
		var e struct {
			Customer string `json:"customer_id"`
			Order    string `json:"order_id"`
			Status   string `json:"status"`
			Net      int64  `json:"amount_net"`
			Discount int64  `json:"amount_discount"`
		}
		if err := json.Unmarshal([]byte(value), &e); err != nil {
			t.Fatal(err)
		}
		nets = append(nets, strings.Join(strings.Fields(fmt.Sprint(e.Customer, " ", e.Order, " ", e.Status, " ", e.Net, " ",
			e.Discount)), " "))
	}
	return nets
}

func TestLinesOfAnOrderAreSummed(t *testing.T) {
	want := []string{"k-1 80001 5000 150", "k-2 80001 700 0", "k-1 80001 shipped 5000 0", "k-1 80002 5000 0"}
	for size, bytes := range map[string]int64{"in memory": 1 << 20, "spilled": 30_000} {
		shipped := strings.Replace(items, "shipped,80001,50,\n",
			"shipped,80001,20,\nk-1,2026-03-02,shipped,80001,20,\nk-1,2026-03-02,shipped,80001,10,\n", 1)
		got := prepare(t, Options{Name: "items.csv", Format: CSV, Map: mapOf(t, "lines: sum"+itemsMap),
			MemoryBytes: bytes}, shipped)
		if diff := cmp.Diff(want, netsOf(t, got)); diff != "" || got.err != nil || got.plan.Events != 4 {
			t.Errorf("%s: %v %s", size, got.err, diff)
		}
	}
	first := prepare(t, Options{Name: "items.csv", Format: CSV, Map: mapOf(t, "lines: first"+itemsMap)}, items)
	want = []string{"k-1 80001 1200 100", "k-2 80001 700 0", "k-1 80001 shipped 5000 0", "k-1 80002 5000 0"}
	if diff := cmp.Diff(want, netsOf(t, first)); diff != "" || first.err != nil || first.plan.LeftOut != 2 ||
		first.plan.Events != 4 {
		t.Errorf("first: %+v %v %s", first.plan, first.err, diff)
	}
}

// A file that memory has no room for is summed moment by moment.
func TestLinesOfAnOrderAreSummedWhereTheFileIsStreamed(t *testing.T) {
	var text strings.Builder
	text.WriteString("cust,date,status,invoice,amount,discount\n")
	var want []string
	for day := 1; day <= 28; day++ {
		for line := range 6 {
			fmt.Fprintf(&text, "k-1,2026-03-%02d,,%d,%d,1\n", day, 100*day+line%2, day)
		}
		want = append(want, fmt.Sprintf("k-1 %d %d 300", 100*day, 300*day), fmt.Sprintf("k-1 %d %d 300", 100*day+1, 300*day))
	}
	options := Options{Name: "items.csv", Format: CSV, Map: mapOf(t, "lines: sum"+itemsMap), MemoryBytes: 5000}
	got := prepare(t, options, text.String())
	if diff := cmp.Diff(want, netsOf(t, got)); diff != "" || got.err != nil || !got.plan.Streamed ||
		got.plan.Events != 56 {
		t.Errorf("%+v: %v %s", got.plan, got.err, diff)
	}
	got = prepare(t, options, text.String()+"k-1,2026-03-29,,101,1,\n")
	if !errors.Is(got.err, ErrConflict) || !strings.Contains(got.err.Error(),
		"(lines 3 and 170) are parts of one order, but differ in occurred_at") {
		t.Errorf("a line of another day, far behind: %v", got.err)
	}
	if got = prepare(t, options, text.String()+"k-1,2026-03-01,,101,1,\n"); !errors.Is(got.err, ErrNotSorted) {
		t.Errorf("not in order: %v", got.err)
	}
	options.MemoryBytes = 600
	if got = prepare(t, options, text.String()); got.err == nil || !strings.Contains(got.err.Error(),
		"the orders of one moment, up to row") {
		t.Errorf("no room for the orders of a moment: %v", got.err)
	}
}

// The currency of the lines is one.
func TestLinesOfTwoCurrencies(t *testing.T) {
	m := mapOf(t, "lines: sum"+strings.Replace(itemsMap, "currency: {constant: EUR}", "currency: cur", 1))
	got := prepare(t, Options{Name: "x", Format: CSV, Map: m},
		"cust,date,status,invoice,amount,discount,cur\nk-1,2026-03-01,,1,1,,EUR\nk-1,2026-03-01,,1,1,,USD\n")
	if !errors.Is(got.err, ErrConflict) || !strings.Contains(got.err.Error(),
		"are parts of one order, but differ in currency (EUR, USD)") {
		t.Error(got.err)
	}
}

// Where lines are summed, an event that stands twice is one all the same.
func TestRepeatedEventsBesideLines(t *testing.T) {
	m := mapOf(t, "lines: sum\nfields: {customer_id: c, occurred_at: t, kind: k, event_id: e}\n")
	got := prepare(t, Options{Name: "x", Format: CSV, Map: m},
		"c,t,k,e\nk-1,2026-03-01,session,1\nk-1,2026-03-01,session,1\nk-1,2026-03-01,session,2\n")
	if got.err != nil || len(got.values) != 2 || got.plan.Repeated != 1 {
		t.Errorf("%v %v %+v", got.err, got.values, got.plan)
	}
}

func TestLinesThatCannotBeSummed(t *testing.T) {
	const header = "cust,date,status,invoice,amount,discount\n"
	for name, test := range map[string]struct {
		text, err string
		nets      []string
		rejects   []string
	}{
		"another time": {header + "k-1,2026-03-01,,1,1,\nk-1,2026-03-02,,1,2,\n",
			"(lines 2 and 3) are parts of one order, but differ in occurred_at (2026-03-01T12:00:00Z, 2026-03-02T12:00:00Z) " +
				"→ lines of one order have one time", nil, nil},
		"another status": {header + "k-1,2026-03-01,paid,1,1,\nk-1,2026-03-01,shipped,1,2,\n",
			"rows 1 and 2 (lines 2 and 3) are parts of one order, but differ in status (paid, shipped) →", nil, nil},
		"a line was shipped": {header + "k-1,2026-03-01,,1,1,\nk-1,2026-03-01,,1,2,\nk-1,2026-03-02,shipped,1,2,\n",
			"rows 1 and 3 (lines 2 and 4) are parts of one order, but differ in occurred_at (2026-03-01T12:00:00Z, " +
				"2026-03-02T12:00:00Z), status (none, shipped) →", nil, nil},
		"charged back": {header + "k-1,2026-03-01,,1,1,\nk-1,2026-03-01,,1,2,\nk-1,2026-03-02,chargeback,1,3,\n", "",
			[]string{"k-1 1 300 0", "k-1 1 chargeback 300 0"}, nil},
		"a bad line": {header + "k-1,2026-03-01,,1,1,\nk-1,2026-03-01,,1,x,\nk-2,2026-03-01,,2,1,\n", "",
			[]string{"k-2 2 100 0"},
			[]string{"2 bad_amount amount_net", "1 bad_value"}},
		"a bad line first": {header + "k-1,2026-03-01,,1,x,\nk-1,2026-03-01,,1,1,\nk-2,2026-03-01,,2,1,\n", "",
			[]string{"k-2 2 100 0"},
			[]string{"1 bad_amount amount_net", "2 bad_value"}},
		"a discount as a line": {header + "k-1,2026-03-01,,1,10,\nk-1,2026-03-01,,1,-2.50,\n", "",
			[]string{"k-1 1 750 0"}, nil},
		"a sum below nothing": {header + "k-1,2026-03-01,,1,10,\nk-1,2026-03-01,,1,-12,\n", "", nil,
			[]string{"1 bad_amount amount_net"}},
		"a sum beyond numbers": {header + "k-1,2026-03-01,,1,90000000000000000,\nk-1,2026-03-01,,1,90000000000000000,\n",
			"", nil, []string{"1 bad_value"}},
		"no order": {header + "k-1,2026-03-01,,,10,\nk-1,2026-03-01,,,10,\n", "",
			[]string{"k-1 x:1:# 1000 0", "k-1 x:2:# 1000 0"}, nil},
		"two alike are two": {header + "k-1,2026-03-01,,1,10,\nk-1,2026-03-01,,1,10,\n", "",
			[]string{"k-1 1 2000 0"}, nil},
		"other order in the middle": {header + "k-1,2026-03-01,,1,10,\nk-1,2026-03-01,,2,1,\nk-1,2026-03-01,,1,10,\n", "",
			[]string{"k-1 1 2000 0", "k-1 2 100 0"}, nil},
	} {
		got := prepare(t, Options{Name: "x", Format: CSV, Map: mapOf(t, "lines: sum"+itemsMap)}, test.text)
		if test.err != "" {
			if !errors.Is(got.err, ErrConflict) || !strings.Contains(got.err.Error(), test.err) {
				t.Errorf("%s: %v, want %s", name, got.err, test.err)
			}
			continue
		}
		nets := netsOf(t, got)
		for i := range nets {
			nets[i] = rowHash.ReplaceAllString(strings.ReplaceAll(nets[i], " ", "\" "), `$1:#"`)
			nets[i] = strings.ReplaceAll(nets[i], "\"", "")
		}
		if diff := cmp.Diff(test.nets, nets); diff != "" || got.err != nil {
			t.Errorf("%s: %v %s", name, got.err, diff)
		}
		if diff := cmp.Diff(test.rejects, got.rejects); diff != "" {
			t.Errorf("%s: %s", name, diff)
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

// A long name and the largest of rows still make an id within its limit.
func TestIdsThatAreMadeStayWithinTheirLimit(t *testing.T) {
	name := strings.Repeat("n", 32)
	r := renderer{file: fileStem(name), hash: strings.Repeat("f", 16), number: 99_999_999_999_999}
	r.names = schemaFields()
	r.texts = make([]string, len(r.names))
	r.complete()
	if id := r.text("event_id"); len(id) > 64 || !strings.HasPrefix(id, name) {
		t.Errorf("%d bytes: %s", len(id), id)
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

// The example of a file with a row a line, as it lies in the documentation.
func TestTheExampleOfLines(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile("../../docs/examples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	got := prepare(t, Options{Name: "items.csv", Format: CSV, Map: mapOf(t, read("items.map.yml"))}, read("items.csv"))
	want := []string{"k-1 80001 5000 50", "k-1 80002 5000 200", "k-2 80003 2400 0"}
	if diff := cmp.Diff(want, netsOf(t, got)); diff != "" || got.err != nil || got.rejects != nil {
		t.Error(got.err, got.rejects, diff)
	}
	if !strings.Contains(got.values[0], `"occurred_at":"2026-03-01T12:00:00Z"`) {
		t.Error(got.values[0])
	}
}

// FuzzCSV feeds any text as rows, under each reading of lines: nothing panics,
// every event is JSON, and what is streamed or spilled is what memory makes.
func FuzzCSV(f *testing.F) {
	for _, text := range []string{items,
		"cust,date,status,invoice,amount,discount\nk,2026-03-01,,1,\"1,\nk,2026-03-01,,1,2,\"\n",
		"cust,date,status,invoice,amount,discount\r\nk,2026-03-01,,,1,\r\nk,2026-03-01,paid,,-1,9\r\n", "\ufeffcust;date\n",
		"sep=;\ncust;date"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, lines := range []string{"", "lines: sum", "lines: first"} {
			options := Options{Name: "f", Format: CSV, Map: mapOf(t, lines+itemsMap), MemoryBytes: 1 << 20}
			whole := prepare(t, options, text)
			for _, value := range whole.values {
				if !json.Valid([]byte(value)) {
					t.Fatalf("%s is no JSON", value)
				}
			}
			options.MemoryBytes = 3000
			small := prepare(t, options, text)
			if small.err == nil && whole.err == nil {
				if diff := cmp.Diff(whole.values, small.values); diff != "" {
					t.Error(lines, diff)
				}
			} else if errors.Is(whole.err, ErrConflict) && small.err == nil {
				t.Error(lines, whole.err)
			}
		}
	})
}
