package e2e

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

// aggregates is what the tables can say of a purchase log.
const aggregates = `SELECT count(), countIf(is_repeat), sum(purchase_days_life), toInt64(round(sum(monetary_net_life) * 100)),
 round(countIf(is_repeat) / count(), 6) FROM customer_current FINAL`

// A purchase log made here goes the way of the real one, so that a clean clone
// tries it too.
func TestKilledRunLosesNothing(t *testing.T) {
	w := newWorld(t, "HOLDFAST_MONEY_CURRENCY=USD")
	log, want := madeLog(8_000)
	w.throughKills(w.write("made.csv", log), w.write("map.yml", []byte(cdnowMap)), 3)
	if got := w.ask(aggregates); got != want {
		t.Errorf("the tables say %q, want %q", got, want)
	}
}

// throughKills sends a file while run is killed so many times, waits until
// everything is counted and loaded, and holds that to what must be true of
// every world.
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
	w.settled()
	w.sameOpenAlerts()
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
