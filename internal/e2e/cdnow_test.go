package e2e

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
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

// aggregates is what the tables can say of a purchase log.
const aggregates = `SELECT count(), countIf(is_repeat), sum(purchase_days_life), toInt64(round(sum(monetary_net_life) * 100)),
 round(countIf(is_repeat) / count(), 6) FROM customer_current FINAL`

// TestKilledRunGivesTheGoldenAggregates: the whole log of CDNOW goes through
// engines, run and backfill while run is killed again and again; by SQL the
// figures are exactly the published ones, and the audit finds neither a hole
// nor a double.
func TestKilledRunGivesTheGoldenAggregates(t *testing.T) {
	file, golden := sharedLog(t)
	w := newWorld(t, "HOLDFAST_MONEY_CURRENCY=USD")
	w.throughKills(file, w.write("map.yml", []byte(cdnowMap)), kills())
	want := strings.Join([]string{golden["customers"], "11516", golden["purchase days (customer,date)"], golden["revenue_cents"],
		golden["repeat purchase rate: customers with >=2 purchase days"]}, "\t")
	if got := w.ask(aggregates); got != want {
		t.Errorf("the tables say %q, the golden aggregates %q", got, want)
	}
	w.sound()
}

// TestKilledRunLosesNothing is the same with a log made here, so that a clean
// clone tries it too.
func TestKilledRunLosesNothing(t *testing.T) {
	w := newWorld(t, "HOLDFAST_MONEY_CURRENCY=USD")
	log, want := madeLog(8_000)
	w.throughKills(w.write("made.csv", log), w.write("map.yml", []byte(cdnowMap)), 3)
	if got := w.ask(aggregates); got != want {
		t.Errorf("the tables say %q, want %q", got, want)
	}
	w.sound()
}

// kills is how often run is killed on the way.
func kills() int {
	if n, err := strconv.Atoi(os.Getenv("HOLDFAST_KILLS")); err == nil && n >= 10 {
		return 10
	}
	return 4
}

// throughKills sends a file while run is killed so many times, and waits until
// everything is counted and loaded.
func (w *world) throughKills(file, mapping string, kills int) {
	w.t.Helper()
	seed := uint64(time.Now().UnixNano())
	w.t.Logf("seed %d, %d kills", seed, kills)
	random := rand.New(rand.NewPCG(seed, 2))
	run := w.start("run")
	w.run(0, "backfill", file, "--format", "csv", "--map", mapping, "--quiet")
	for range kills {
		time.Sleep(time.Duration(100+random.IntN(1400)) * time.Millisecond)
		run.kill()
		run = w.start("run")
	}
	w.run(0, "wait", "--caught-up", "--timeout", "120s")
}

// sound holds what must be true of every world: dense row numbers, and the
// same open alerts in the tables and on the topics.
func (w *world) sound() {
	w.t.Helper()
	if said := w.run(0, "audit"); !strings.Contains(said, "0 holes, 0 doubles") {
		w.t.Errorf("the audit says:\n%s", said)
	}
	tables := strings.Fields(w.ask("SELECT alert_id FROM v_alerts_open ORDER BY alert_id FORMAT TabSeparated"))
	topics := w.openAlerts()
	if !slices.Equal(tables, topics) {
		w.t.Errorf("v_alerts_open has %d alerts, the topic %d open ones, and they differ", len(tables), len(topics))
	}
	if len(tables) == 0 {
		w.t.Error("no alert is open: the comparison says nothing")
	}
}

// openAlerts folds the alert topic, read committed, to what is open.
func (w *world) openAlerts() []string {
	w.t.Helper()
	const topic = "holdfast.alerts.v1"
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(w.kafka))
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	ends, err := checkpoint.EndOffsets(ctx, client, []string{topic})
	if err != nil {
		w.t.Fatal(err)
	}
	open := map[string]bool{}
	for partition, r := range ends[topic] {
		_, err := checkpoint.ReadRange(ctx, client, checkpoint.ReadRangeOptions{Topic: topic, Partition: partition, From: r.Start, To: r.End},
			func(r *kgo.Record) error {
				var a struct {
					ID     string `json:"alert_id"`
					Action string `json:"action"`
				}
				if err := json.Unmarshal(r.Value, &a); err != nil {
					return err
				}
				open[a.ID] = a.Action != "resolved" && a.Action != "expired"
				return nil
			})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	var ids []string
	for id, is := range open {
		if is {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
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
		t.Skipf("the shared purchase logs are not there: %v", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	golden = map[string]string{}
	for _, row := range rows {
		golden[row[1]] = row[2]
	}
	return filepath.Join(dir, "cdnow_master_events.csv.gz"), golden
}

// madeLog is a purchase log, and what the aggregates must say of it, counted
// in the plainest way.
func madeLog(rows int) (log []byte, want string) {
	random := rand.New(rand.NewPCG(7, 7))
	out := []byte("cust,date,cents\n")
	days := map[int]map[int]bool{}
	var total, purchaseDays, repeaters int
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for n := range rows {
		customer, day, cents := random.IntN(900)+1, n*500/rows, random.IntN(20_000)
		if customer%3 == 0 && day > 120 {
			customer++ // these stop buying, so that there is something to say
		}
		out = fmt.Appendf(out, "%d,%s,%d\n", customer, start.AddDate(0, 0, day).Format("2006-01-02"), cents)
		if days[customer] == nil {
			days[customer] = map[int]bool{}
		}
		days[customer][day] = true
		total += cents
	}
	for _, of := range days {
		purchaseDays += len(of)
		if len(of) > 1 {
			repeaters++
		}
	}
	rate := strconv.FormatFloat(float64(int(float64(repeaters)/float64(len(days))*1e6+.5))/1e6, 'f', -1, 64)
	return out, fmt.Sprintf("%d\t%d\t%d\t%d\t%s", len(days), repeaters, purchaseDays, total, rate)
}
