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
