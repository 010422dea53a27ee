package e2e

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/pipeline/population/fit"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// A shop's whole log goes through backfill with nothing configured: run fits its
// model by itself, and is killed on the way.
func TestTheModelFitsItself(t *testing.T) {
	file, _ := sharedLog(t)
	w := newWorld(t, "HOLDFAST_MONEY_CURRENCY=USD", "HOLDFAST_SCORE_FIT=true")
	mapping := w.write("map.yml", []byte(cdnowMap))
	run := w.start("run")
	for n, piece := range split(t, file, 3) {
		w.run(0, "backfill", w.write(fmt.Sprintf("piece-%d.csv", n), piece), "--map", mapping, "--quiet")
		run.kill()
		run = w.start("run")
	}
	w.run(0, "wait", "--caught-up", "--timeout", "120s")
	w.wantFitted(file)
}

// wantFitted holds the model that run has fitted by itself against the best fit of the same
// log by weekly cells: no more than a thousandth of log-likelihood may be lost.
func (w *world) wantFitted(file string) {
	w.t.Helper()
	points := weeklyPoints(w.t, file)
	best, err := fit.Fit(fit.MBGNBD, 0, points, fit.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	lost, version := 0.0, ""
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Second) {
		line := w.ask("SELECT param_version, r, alpha, a, b FROM model_params FINAL WHERE model = 'purchase' AND n > 0 " +
			"ORDER BY fitted_at DESC LIMIT 1")
		fields := strings.Fields(line)
		if len(fields) != 5 {
			continue
		}
		var v [4]float64
		for i := range v {
			if v[i], err = strconv.ParseFloat(fields[i+1], 64); err != nil {
				w.t.Fatal(err)
			}
		}
		m, sum := btyd.MBGNBD{R: v[0], Alpha: v[1], A: v[2], B: v[3]}, 0.0
		for _, p := range points {
			sum += p.Count * m.LogLikelihood(btyd.History{X: p.X, TX: p.TX, T: p.T})
		}
		if lost, version = best.LogLikelihood-sum, fields[0]; lost < 1e-3 {
			return
		}
	}
	w.t.Errorf("the model in force (%q) loses %.6f of log-likelihood against the best", version, lost)
}

// weeklyPoints are a purchase log's histories by the week, at its last day.
func weeklyPoints(t *testing.T, file string) []fit.Point {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(unpacked).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	days, until := map[string]map[fit.Day]bool{}, fit.Day(0)
	for _, row := range rows[1:] {
		date, err := time.Parse(time.DateOnly, row[1])
		if err != nil {
			t.Fatal(err)
		}
		day := fit.Day(date.Unix() / 86400)
		if days[row[0]] == nil {
			days[row[0]] = map[fit.Day]bool{}
		}
		days[row[0]][day] = true
		until = max(until, day)
	}
	cells := fit.NewCells(7)
	for _, of := range days {
		first, last := until, fit.Day(0)
		for day := range of {
			first, last = min(first, day), max(last, day)
		}
		cells.Add(first, last, len(of)-1, 0)
	}
	return cells.Points(until)
}
