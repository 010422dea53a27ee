package fit

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// base is a customer base of the shared data and its end of calibration.
type base struct {
	file                   string
	customer, date, amount int
	until                  string
}

var (
	cdnowSample = base{"cdnow_sample_events.csv", 0, 2, 4, "1997-09-30"}
	cdnowFull   = base{"cdnow_master_events.csv.gz", 0, 1, 3, "1997-09-30"}
	grocery     = base{"grocery_events.csv", 0, 1, -1, "2006-12-31"}
	apparel     = base{"apparel_events.csv", 0, 1, 2, "2006-12-31"}
)

func (b base) read(t testing.TB) []buyer {
	return buyers(t, b.file, b.customer, b.date, b.amount, b.until)
}

func reaches(t *testing.T, got Result, logLikelihood, reference, slack float64) {
	t.Helper()
	if !(logLikelihood >= reference-slack) {
		t.Errorf("log-likelihood %.6f is more than %g below the reference %v", logLikelihood, slack, reference)
	}
	if !got.Verdict.Converged {
		t.Errorf("verdict: %s", got.Verdict.Reason)
	}
	if !got.DropoutIdentified() {
		t.Errorf("dropout counts as not identified: %v", got.Guards)
	}
}

// Log-likelihoods of reference_params.csv; digit is the last printed one.
func TestFitReachesReferences(t *testing.T) {
	for _, c := range []struct {
		base      base
		model     string
		k         int
		reference float64
		digit     float64
	}{
		{cdnowSample, BGNBD, 0, -9582.42920675, 1e-8},
		{cdnowSample, MBGNBD, 0, -9582.13571559, 1e-8},
		{cdnowSample, ParetoNBD, 0, -9594.97618091, 1e-8},
		{cdnowFull, BGNBD, 0, -95368.4439332, 1e-7},
		{cdnowFull, MBGNBD, 0, -95336.95832, 1e-5},
		{cdnowFull, ParetoNBD, 0, -95415.1186233, 1e-7},
		{grocery, BGNBD, 0, -15836.57, 1e-2},
		{grocery, MBGNBD, 0, -15781.94, 1e-2},
		{grocery, ParetoNBD, 0, -15782.39, 1e-2},
		{grocery, MBGCNBDK, 2, -14978.21, 1e-2},
		{grocery, MBGCNBDK, 3, -14996.85, 1e-2},
		{apparel, ParetoNBD, 0, -5848.097827, 1e-6},
		{apparel, BGNBD, 0, -5857.019749, 1e-6},
	} {
		t.Run(c.base.file+"/"+c.model+strconv.Itoa(c.k), func(t *testing.T) {
			points := cellsOf(c.base.read(t), 1).Points(day(t, c.base.until))
			r, err := Fit(c.model, c.k, points, Options{Starts: 1})
			if err != nil {
				t.Fatal(err)
			}
			reaches(t, r, r.LogLikelihood, c.reference, 1e-3+c.digit/2)
		})
	}
}

// The same for a clone without the shared data.
func TestFitReachesCommittedReferences(t *testing.T) {
	f, err := os.Open("testdata/cdnow_sample_cells.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var points []Point
	for _, line := range lines[1:] {
		n := func(i int) float64 { v, _ := strconv.ParseFloat(line[i], 64); return v }
		points = append(points, Point{Count: n(3), X: int(n(0)), TX: n(1) / 7, T: n(2) / 7})
	}
	for model, want := range map[string]float64{BGNBD: -9582.42920675, MBGNBD: -9582.13571559, ParetoNBD: -9594.97618091} {
		r, err := Fit(model, 0, Group(points, false), Options{})
		if err != nil {
			t.Fatal(err)
		}
		reaches(t, r, r.LogLikelihood, want, 1e-3)
		for _, s := range r.Starts {
			if !s.Converged || math.Abs(s.LogLikelihood-want) > 1e-3 {
				t.Errorf("%s: start %d ends at %v", model, s.Number, s.LogLikelihood)
			}
		}
	}
}

// A fit from weekly cells loses next to nothing of the exact likelihood.
func TestWeeklyCellsLoseLittle(t *testing.T) {
	for _, c := range []struct {
		base      base
		model     string
		reference float64
		slack     float64
	}{
		{cdnowSample, BGNBD, -9582.42920675, .02},
		{cdnowSample, MBGNBD, -9582.13571559, .02},
		{cdnowSample, ParetoNBD, -9594.97618091, .02},
		{cdnowFull, BGNBD, -95368.4439332, .05},
		{cdnowFull, MBGNBD, -95336.95832, .05},
		{cdnowFull, ParetoNBD, -95415.1186233, .05},
	} {
		t.Run(c.base.file+"/"+c.model, func(t *testing.T) {
			all, end := c.base.read(t), day(t, c.base.until)
			r, err := Fit(c.model, 0, cellsOf(all, 7).Points(end), Options{Starts: 1})
			if err != nil {
				t.Fatal(err)
			}
			reaches(t, r, LogLikelihood(r, cellsOf(all, 1).Points(end)), c.reference, c.slack)
		})
	}
}

func TestRegularityIsChosenByLikelihood(t *testing.T) {
	points := cellsOf(grocery.read(t), 1).Points(day(t, grocery.until))
	all, best, err := BestK(points, Options{Starts: 1})
	if err != nil {
		t.Fatal(err)
	}
	if all[best].K != 2 {
		t.Errorf("grocery: k = %d is chosen, want 2", all[best].K)
	}
	for i, want := range []float64{-15781.94, -14978.21, -14996.85, -15326.92, -15821.04} {
		reaches(t, all[i], all[i].LogLikelihood, want, 1e-3+5e-3)
	}
}

func TestSpendReachesReferences(t *testing.T) {
	for _, c := range []struct {
		base            base
		unit, reference float64
		digit           float64
	}{
		{cdnowSample, 100, -4055.917695, 1e-6},
		{apparel, 1, -1670.663044, 1e-6},
	} {
		r, err := FitSpend(spendOf(c.base.read(t), c.unit), Options{})
		if err != nil {
			t.Fatal(err)
		}
		reaches(t, r, r.LogLikelihood, c.reference, 1e-3+c.digit/2)
		t.Log(c.base.file, r.Correlation, r.Guards)
	}
}

func TestCalendarReachesReference(t *testing.T) {
	var points []CalendarPoint
	fixed := 0.0
	published := btyd.BGBB{Alpha: 1.204, Beta: .750, Gamma: .657, Delta: 2.783}
	for _, row := range sharedFile(t, "donations_bgbb_reference.csv")[1:] {
		n := func(i int) int { v, _ := strconv.Atoi(row[i]); return v }
		p := CalendarPoint{float64(n(3)), btyd.Opportunities{X: n(0), TX: n(1), N: n(2)}}
		points = append(points, p)
		fixed += p.Count * published.LogLikelihood(p.Opportunities)
	}
	if d := fixed - -33225.58175; d < -5e-6 || d > 5e-6 {
		t.Errorf("total log-likelihood at the published parameters is %.6f", fixed)
	}
	r, err := FitCalendar(points, Options{})
	if err != nil {
		t.Fatal(err)
	}
	reaches(t, r, r.LogLikelihood, -33225.58, 1e-3+5e-3)
}
