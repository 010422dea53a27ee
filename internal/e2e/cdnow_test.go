package e2e

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// cdnowMap turns the purchase log of CDNOW into events: whole days, US cents.
const cdnowMap = `amounts: minor
fields:
  customer_id: cust
  occurred_at: date
  event_type: {constant: purchase}
  kind: {constant: order}
  currency: {constant: USD}
  amount_net: cents
  order_id: {template: "{@file}/{@row}"}
  event_id: {template: "e/{@file}/{@row}"}
`

// golden are the population figures that the tables can express, each with the
// statement that gives it in the form of the reference file.
var golden = []struct{ metric, sql string }{
	{"customers", "SELECT count() FROM customer_current FINAL"},
	{"revenue_cents", "SELECT toInt64(sum(monetary_net_life) * 100) FROM customer_current FINAL"},
	{"purchase days (customer,date)", "SELECT sum(purchase_days_life) FROM customer_current FINAL"},
	{"repeat purchase rate: customers with >=2 purchase days",
		"SELECT round(avg(is_repeat), 6) FROM customer_current FINAL"},
	{"customers with >=3", "SELECT round(avg(purchase_days_life >= 3), 6) FROM customer_current FINAL"},
	{"P(3rd | 2nd)", "SELECT round(countIf(frequency_repeat >= 2) / countIf(frequency_repeat >= 1), 6) FROM " +
		"customer_current FINAL"},
	{"max purchase days", "SELECT max(purchase_days_life) FROM customer_current FINAL"},
	{"revenue share of top 1% customers (ceil)", topShare(0.01)},
	{"revenue share of top 5% customers (ceil)", topShare(0.05)},
	{"revenue share of top 20% customers (ceil)", topShare(0.2)},
	{"revenue share of top 30% customers (ceil)", topShare(0.3)},
	{"revenue share of top 50% customers (ceil)", topShare(0.5)},
	{"ABC: customers to reach 70% revenue (A)", "SELECT countIf(before < total * 0.7) FROM " + accumulated},
	{"ABC: customers to reach 90% (A+B)", "SELECT countIf(before < total * 0.9) FROM " + accumulated},
	{"Gini of customer revenue", `SELECT round(2 * sum(i * v) / (count() * sum(v)) - (count() + 1) / count(), 6)
		FROM (SELECT toFloat64(monetary_net_life) AS v, row_number() OVER (ORDER BY monetary_net_life) AS i FROM customer_current FINAL)`},
	{"customers with no purchase in last 90 days at 1998-06-30",
		"SELECT countIf(dateDiff('day', last_purchase_day, toDate32('1998-06-30')) >= 90) FROM customer_current FINAL"},
}

// accumulated has each customer's revenue with that of those before it, the
// greatest first, in cents: whole numbers, so that no border is missed by a bit.
const accumulated = `(SELECT cents, sum(cents) OVER (ORDER BY cents DESC, customer_id) - cents AS before, sum(cents) OVER () AS total,
	row_number() OVER (ORDER BY cents DESC, customer_id) AS place, count() OVER () AS n
	FROM (SELECT customer_id, toInt64(monetary_net_life * 100) AS cents FROM customer_current FINAL))`

func topShare(q float64) string {
	return fmt.Sprintf("SELECT round(sumIf(cents, place <= ceil(%v * n)) / any(total), 6) FROM %s", q, accumulated)
}

// The whole log of a shop goes through engines, run and backfill; by SQL the
// figures are exactly the published ones.
func TestGoldenAggregates(t *testing.T) {
	file, want := sharedLog(t)
	w := newWorld(t, "HOLDFAST_MONEY_CURRENCY=USD")
	w.throughKills(file, w.write("map.yml", []byte(cdnowMap)), 0)
	w.wantGolden(want)
}

// The same while run is killed again and again on the way.
func TestGoldenAggregatesOfAKilledRun(t *testing.T) {
	file, want := sharedLog(t)
	w := newWorld(t, "HOLDFAST_MONEY_CURRENCY=USD")
	w.throughKills(file, w.write("map.yml", []byte(cdnowMap)), kills())
	w.wantGolden(want)
}

// wantGolden compares every figure that SQL can give.
func (w *world) wantGolden(want map[string]string) {
	w.t.Helper()
	for _, figure := range golden {
		if got := w.ask(figure.sql); got != want[figure.metric] || got == "" {
			w.t.Errorf("%s: %s, want %s", figure.metric, got, want[figure.metric])
		}
	}
	if got := w.ask("SELECT countIf(frequency_repeat >= 1) FROM customer_current FINAL"); got != "11516" {
		w.t.Errorf("repeat customers: %s, want 11516", got)
	}
}

// kills is how often something is killed on the way.
func kills() int {
	if n, err := strconv.Atoi(os.Getenv("HOLDFAST_KILLS")); err == nil && n >= 10 {
		return 10
	}
	return 5
}

// sharedLog finds the real purchase log and its golden aggregates, or skips.
func sharedLog(t *testing.T) (file string, golden map[string]string) {
	t.Helper()
	dir := os.Getenv("HOLDFAST_SHARED_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "golden_aggregates.csv"))
	if err != nil {
		t.Skipf("Skipped because the purchase logs are not there; they lie beside the project (or where "+
			"HOLDFAST_SHARED_DATA says): %v", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	golden = map[string]string{}
	for _, row := range rows {
		if row[0] == "cdnow_full" {
			golden[row[1]] = row[2]
		}
	}
	return filepath.Join(dir, "cdnow_master_events.csv.gz"), golden
}
