package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
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
	w.throughKills(w.write("made.csv", log), w.write("map.yml", []byte(cdnowMap)), 2)
	if got := w.ask(aggregates); got != want {
		t.Errorf("the tables say %q, want %q", got, want)
	}
}

// throughKills sends a log while run is killed so many times, waits until
// everything is counted and loaded, and holds that to what must be true of
// every world. The log goes in as many pieces as there are kills, so that each
// finds work; without kills it goes as it is.
func (w *world) throughKills(file, mapping string, kills int) {
	w.t.Helper()
	seed := uint64(time.Now().UnixNano())
	w.t.Logf("seed %d, %d kills", seed, kills)
	random := rand.New(rand.NewPCG(seed, 2))
	run := w.start("run")
	if kills == 0 {
		w.run(0, "backfill", file, "--format", "csv", "--map", mapping, "--quiet")
	}
	for n, piece := range split(w.t, file, kills) {
		w.run(0, "backfill", w.write(fmt.Sprintf("piece-%d.csv", n), piece), "--map", mapping, "--quiet")
		time.Sleep(time.Duration(50+random.IntN(1200)) * time.Millisecond)
		run.kill()
		run = w.start("run")
	}
	w.settled()
	w.sameOpenAlerts()
}

// split cuts a purchase log into n pieces by date, each with the header.
func split(t *testing.T, path string, n int) (pieces [][]byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := gzip.NewReader(bytes.NewReader(text)); err == nil {
		if text, err = io.ReadAll(plain); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	header, rows := lines[0], lines[1:]
	date := func(row string) string { return strings.SplitN(row, ",", 3)[1] }
	slices.SortStableFunc(rows, func(a, b string) int { return strings.Compare(date(a), date(b)) })
	for i := range n {
		part := rows[i*len(rows)/n : (i+1)*len(rows)/n]
		pieces = append(pieces, []byte(header+strings.Join(part, "")))
	}
	return pieces
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
