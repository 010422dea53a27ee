package workload

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// history is a customer's life in short lines: day of 2026, id, type and
// further fields.
func history(t *testing.T, lines ...string) []event.Event {
	t.Helper()
	j := newJudge(t)
	var events []event.Event
	for _, line := range lines {
		parts := strings.SplitN(line, " ", 4)
		day, err := time.Parse("2006-01-02T15", "2026-"+parts[0])
		if err != nil {
			t.Fatal(err)
		}
		kind := map[string]event.Type{"purchase": event.Purchase, "visit": event.Visit,
			"complaint": event.Complaint}[parts[2]]
		value := begin(nil, kind, parts[1], InstantOf(day), "c-1")
		value = append(append(append(value, ','), parts[3]...), '}')
		item := Item{Topic: kind, Key: []byte("c-1"), Value: value, At: InstantOf(day)}
		if reject := j.decode(item); reject.Reason != decode.None {
			t.Fatalf("%s: %+v", value, reject)
		}
		e := j.event
		e.CustomerID, e.EventID = slices.Clone(e.CustomerID), slices.Clone(e.EventID)
		events = append(events, e)
	}
	return events
}

func placed(id string, amount string) string {
	return `"kind":"order","order_id":"` + id + `","currency":"EUR","amount_net":` + amount
}

func lines(categories ...string) string {
	return `,"lines":[{"category":"` + strings.Join(categories, `"},{"category":"`) + `"}]`
}

func back(kind, id, amount string) string {
	return `"kind":"` + kind + `","ref_order_id":"` + id + `","currency":"EUR","amount_net":` + amount
}

func day(text string) event.Day {
	at, err := time.Parse(time.DateOnly, "2026-"+text)
	if err != nil {
		panic(err)
	}
	return dayOf(InstantOf(at))
}

// TestOracleByHand holds the oracle to figures counted by hand, whatever the
// order in which the events are added, and though some come twice.
func TestOracleByHand(t *testing.T) {
	events := history(t,
		"01-10T09 e1 purchase "+placed("o1", "1000"),
		"01-10T20 e2 purchase "+placed("o2", "500")+lines("far", "shoes"), // the same day
		// counts from here
		"02-01T10 e3 purchase "+placed("o3", "2000")+`,"status":"placed"`+lines("shoes", "shoes"),
		"02-03T10 e4 purchase "+placed("o3", "1900")+`,"status":"shipped"`, // with this amount
		"02-02T10 e5 purchase "+placed("o3", "1950")+`,"status":"paid"`,    //
		"02-05T10 e6 purchase "+placed("o3", "9999")+`,"status":"shipped"`, // this status again: not counted
		"02-10T10 e7 purchase "+placed("o4", "3000")+lines("bags"),         // refunded in full
		"02-12T10 e8 purchase "+back("refund", "o4", "1000"),               //
		"02-13T10 e9 purchase "+back("refund", "o4", "2000"),               //
		"03-01T10 f1 purchase "+placed("o5", "700")+lines("home"),          // cancelled
		"03-02T10 f2 purchase "+`"kind":"cancel","ref_order_id":"o5"`,      //
		"03-05T10 f3 purchase "+placed("o6", "800")+`,"status":"paid"`,     // charged back
		"03-06T10 f4 purchase "+placed("o6", "800")+`,"status":"chargeback"`,
		"03-07T10 f5 purchase "+placed("o7", "600")+`,"status":"payment_failed"`, // nothing
		"03-10T10 f6 purchase "+placed("o8", "900")+lines("care"),                // lowered, and refunded in part
		"03-11T10 f7 purchase "+back("refund", "o8", "300"),
		"03-12T10 f8 purchase "+back("adjustment", "o8", "100"),
		"03-12T11 f9 purchase "+back("refund", "unknown", "50"),
		"03-13T10 g1 purchase "+`"kind":"order","order_id":"o9","currency":"USD","amount_net":77`, // its day only
		"03-20T10 g2 purchase "+placed("o10", "0"),
		"03-20T11 e1 purchase "+placed("o11", "4444"), // an event id again
		"03-21T10 h1 visit "+`"kind":"session"`,
		"03-15T10 h2 visit "+`"kind":"cart"`,
		"03-14T23 h3 visit "+`"kind":"session"`,
		"03-16T10 h4 visit "+`"kind":"contact_out"`,
		"01-01T10 k1 complaint "+`"kind":"complaint","complaint_id":"k1","status":"opened","category":"quality"`,
		"03-01T10 k2 complaint "+`"kind":"dispute","complaint_id":"k2","status":"opened"`,
		"03-02T10 k3 complaint "+`"kind":"dispute","complaint_id":"k2","status":"acknowledged","category":"billing"`,
		"03-03T10 k4 complaint "+`"kind":"dispute","complaint_id":"k2","status":"opened","category":"price"`,
		"03-05T10 k5 complaint "+`"kind":"return_request","complaint_id":"k3","status":"resolved"`,
		"03-06T10 k6 complaint "+`"kind":"rating","rating":5`,
		"03-07T10 k7 complaint "+`"kind":"rating","rating":2,"consent":{"marketing":false}`,
		"03-06T10 k8 complaint "+`"kind":"rating","rating":3,"consent":{"marketing":true}`, // before
		"04-30T10 z1 visit "+`"kind":"session"`,                                            // after now
	)
	days := []event.Day{day("01-10"), day("02-01"), day("03-10"), day("03-13"), day("03-20")}
	want := &Customer{
		PurchaseDays: days, ActivityDays: []event.Day{days[0], days[1], days[2], days[3], day("03-14"), day("03-15"), days[4],
			day("03-21")}, Repeat: 4, FirstPurchase: days[0], LastPurchase: days[4],
		Orders:     map[int]int{0: 6, 30: 3, 90: 6, 365: 6},
		Net:        map[int]int64{0: 3900, 30: 500, 90: 3900, 365: 3900},
		OrdersLife: 6, NetLife: 3900, CategoryBreadth: 3, OrdersForeign90: 1,
		RefundsWaiting: 50, MeanRepeat: (1900.0 + 500) / 2,
		Visits: map[int]int{7: 2, 30: 3, 90: 3},
		Complaints: map[int]map[event.Category]int{30: {event.Billing: 1, event.CategoryOther: 1},
			90: {event.Quality: 1, event.Billing: 1, event.CategoryOther: 1}},
		OpenComplaints: 2, OldestOpen: event.Instant(day("01-01"))*event.Day24h + 10*event.Hour,
		LastRating: 2, OptedOut: true, DoNotRetain: true,
		Events: 32, LastEvent: event.Instant(day("03-21"))*event.Day24h + 10*event.Hour,
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		o := NewOracle("EUR")
		random.Shuffle(len(events), func(a, b int) { events[a], events[b] = events[b], events[a] })
		for i := range events {
			o.Add(&events[i])
			if i%3 == 0 {
				o.Add(&events[i])
			}
		}
		got := o.At(InstantOf(time.Date(2026, 3, 21, 12, 0, 0, 0, time.UTC)))
		if diff := cmp.Diff(map[string]*Customer{"c-1": want}, got); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
	}
}

// TestRowDifferences compares a row counted by hand: equal, then with a fault
// in each column.
func TestRowDifferences(t *testing.T) {
	events := history(t,
		"01-10T09 e1 purchase "+placed("o1", "1000"),
		"02-01T10 e3 purchase "+placed("o3", "2000")+lines("shoes", "bags"),
		"02-02T10 h1 visit "+`"kind":"session"`,
		"02-03T10 k1 complaint "+`"kind":"complaint","complaint_id":"k1","status":"opened","category":"quality","rating":4,`+
			`"consent":{"marketing":false}`,
		"02-04T10 h2 visit "+`"kind":"closure","closure_reason":"fraud"`,
	)
	o := NewOracle("EUR")
	for i := range events {
		o.Add(&events[i])
	}
	asOf := event.Instant(day("02-10"))*event.Day24h + 12*event.Hour
	row := map[string]string{
		"first_purchase_day": "2026-01-10", "last_purchase_day": "2026-02-01", "frequency_repeat": "1", "is_repeat": "1",
		"purchase_days_life": "2", "purchase_days_365d": "2", "cohort_month": "2026-01-01",
		"recency_days": "9", "tenure_days": "31",
		"days_to_second_purchase": "22",
		"first_activity_day":      "2026-01-10", "last_activity_day": "2026-02-02", "activity_x": "2",
		"orders_life": "2", "orders_30d": "1", "orders_90d": "2", "orders_365d": "2",
		"monetary_net_life": "3000", "monetary_net_30d": "2000", "monetary_net_90d": "3000", "monetary_net_365d": "3000",
		"monetary_mean_repeat": "2000.004", "category_breadth": "2", "orders_foreign_90d": "0", "refunds_waiting_net": "0",
		"visits_7d": "0", "visits_30d": "1", "visits_90d": "1",
		"complaints_open": "1", "complaints_30d": "1", "complaints_90d": "1",
		"complaints_30d_by_category": "1,0,0,0,0,0,0,0,0",
		"complaints_90d_by_category": "1,0,0,0,0,0,0,0,0", "oldest_open_complaint_days": "7", "rating_last": "4",
		"opted_out": "1", "do_not_retain": "1",
	}
	if got := o.RowDifferences("c-1", asOf, row); len(got) > 0 {
		t.Errorf("the right row: %q", got)
	}
	for _, column := range CountedColumns() {
		right, there := row[column]
		if !there {
			t.Fatalf("the row has no column %s: the test says too little", column)
		}
		for _, wrong := range []string{"", Undefined, "77", "2000.02"} {
			row[column] = wrong
			if got := o.RowDifferences("c-1", asOf, row); len(got) != 1 || !strings.HasPrefix(got[0], column+": ") {
				t.Errorf("%s is %q: %q", column, wrong, got)
			}
		}
		row[column] = right
	}
	if got := o.RowDifferences("c-2", asOf, row); len(got) != 1 {
		t.Errorf("nobody's row: %q", got)
	}
}

// TestNothingExpectedOfForgottenDays: rows do not know the second purchase day for
// good where a third is old.
func TestNothingExpectedOfForgottenDays(t *testing.T) {
	days := []event.Day{100, 130, 200}
	for _, c := range []struct {
		days  []event.Day
		today event.Day
		want  string
	}{{nil, 500, Undefined}, {days[:1], 900, Undefined}, {days[:2], 9000, "30"}, {days, 599, "30"}, {days, 600, ""}} {
		if got := toSecond(&Customer{PurchaseDays: c.days}, c.today); got != c.want {
			t.Errorf("%v on day %d: %q, want %q", c.days, c.today, got, c.want)
		}
	}
	o := NewOracle("EUR")
	for i, day := range []string{"01-10T09", "02-01T10", "02-09T10"} {
		for _, e := range history(t, fmt.Sprintf("%s e%d purchase %s", day, i, placed(fmt.Sprint("o", i), "1000"))) {
			o.Add(&e)
		}
	}
	differences := o.RowDifferences("c-1", event.Instant(day("02-09")+400)*event.Day24h+event.Hour, map[string]string{})
	for _, text := range differences {
		if strings.HasPrefix(text, "days_to_second_purchase") {
			t.Error(text)
		}
	}
	if len(differences) != len(CountedColumns())-1 {
		t.Errorf("%d columns differ, want all others: %q", len(differences), differences)
	}
}

// TestUncountedColumns: a column that the oracle does not count stands in a
// list, so that nobody takes it for checked.
func TestUncountedColumns(t *testing.T) {
	const path = "testdata/uncounted.txt"
	known := map[string]bool{}
	for _, column := range CountedColumns() {
		if _, there := score.Layout().Find(column); !there || known[column] {
			t.Errorf("the oracle counts %s, which rows do not have, or twice", column)
		}
		known[column] = true
	}
	got := "# Columns of a customer's row that the oracle does not count. " +
		"Written by go test ./internal/workload -rewrite.\n"
	for _, c := range score.Layout().Columns() {
		if !known[c.Name] {
			got += c.Name + "\n"
		}
	}
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("count the column in oracle_row.go, or list it by -rewrite; -listed +uncounted:\n%s", diff)
	}
}

func TestAmountsAreTheSameButForRounding(t *testing.T) {
	for _, pair := range []struct {
		got, want string
		same      bool
	}{
		{"2569.63", "2569.62", true}, {"4436.13", "4436.12", true}, {"2569.64", "2569.62", false}, {"3", "2", false},
		{"none", "2569.62", false},
	} {
		if nearly(pair.got, pair.want) != pair.same {
			t.Errorf("%s for %s: want %v", pair.got, pair.want, pair.same)
		}
	}
}
