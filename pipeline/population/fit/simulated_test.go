package fit

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// The draws need no library: a gamma of whole shape is a sum of exponentials, and
// 1 − U^(1/b) is Beta(1, b).
func gammaOf(r *rand.Rand, shape int, rate float64) (v float64) {
	for range shape {
		v += r.ExpFloat64() / rate
	}
	return v
}

func betaOne(r *rand.Rand, b float64) float64 { return 1 - math.Pow(r.Float64(), 1/b) }

// shop draws customers of an MBG/CNBD-k with r = 2, a = 1, b = 3 and the scale,
// seen for one to two years.
func shop(seed uint64, customers, k int, alpha float64) []Point {
	random := rand.New(rand.NewPCG(seed, 9))
	var points []Point
	for range customers {
		p := Point{Count: 1, T: 52 * (1 + random.Float64())}
		rate, leaves := gammaOf(random, 2, alpha), betaOne(random, 3)
		for random.Float64() >= leaves {
			gap := gammaOf(random, k, rate)
			if p.TX+gap > p.T {
				break
			}
			p.X, p.TX, p.LogGaps = p.X+1, p.TX+gap, p.LogGaps+math.Log(gap)
		}
		points = append(points, p)
	}
	sortPoints(points)
	return points
}

// checkTruth holds a fit against the parameters that the customers were drawn
// with: it is at least as likely, not by more than chance, and near them.
func checkTruth(t *testing.T, r Result, truth map[string]float64, likelihood float64) {
	t.Helper()
	if gain := r.LogLikelihood - likelihood; gain < -1e-6 || gain > 12 {
		t.Errorf("%s: a log-likelihood of %.3f, and %.3f at the truth", r.Model, r.LogLikelihood, likelihood)
	}
	for _, p := range r.Parameters {
		if off := math.Abs(p.Value - truth[p.Name]); !(off <= 4*p.StandardError) || p.AtBox {
			t.Errorf("%s: %s is %.4g ± %.2g, drawn with %g", r.Model, p.Name, p.Value, p.StandardError, truth[p.Name])
		}
	}
	if !r.Verdict.Converged || len(r.Guards) != 0 {
		t.Errorf("%s: %+v, guards %+v", r.Model, r.Verdict, r.Guards)
	}
}

// TestFitFindsWhatCustomersWereDrawnWith, and says how likely other points are.
func TestFitFindsWhatCustomersWereDrawnWith(t *testing.T) {
	points := shop(1, 3000, 1, 12)
	truth := map[string]float64{"r": 2, "alpha": 12, "a": 1, "b": 3}
	at := func(points []Point) (sum float64) {
		m := btyd.MBGNBD{R: 2, Alpha: 12, A: 1, B: 3}
		for _, p := range points {
			sum += m.LogLikelihood(btyd.History{X: p.X, TX: p.TX, T: p.T})
		}
		return sum
	}
	r, err := Fit(MBGNBD, 0, points, Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkTruth(t, r, truth, at(points))
	if again := LogLikelihood(r, points); math.Abs(again-r.LogLikelihood) > 1e-6 {
		t.Errorf("the same points have %.6f, and had %.6f", again, r.LogLikelihood)
	}
	others := shop(2, 3000, 1, 12)
	if worse := at(others) - LogLikelihood(r, others); worse < -8 || worse > 12 {
		t.Errorf("of points that it was not fitted to the fit is %.3f less likely than the truth", worse)
	}
	other, err := Fit(BGNBD, 0, points, Options{Starts: 1})
	if err != nil || other.LogLikelihood >= r.LogLikelihood-10 {
		t.Errorf("nobody leaves after the first purchase, says a fit of %.1f; %.1f where they do: %v", other.LogLikelihood,
			r.LogLikelihood, err)
	}
}

// TestBestKFindsRegularBuyers: customers with Erlang-2 gaps.
func TestBestKFindsRegularBuyers(t *testing.T) {
	points := shop(3, 1200, 2, 6)
	all, best, err := BestK(points, Options{Starts: 1})
	if err != nil || len(all) != MaxFittedK || all[best].K != 2 {
		t.Fatalf("%d fits, the best has k = %d: %v", len(all), all[best].K, err)
	}
	truth, sum := btyd.MBGCNBDK{R: 2, Alpha: 6, A: 1, B: 3, K: 2}, 0.
	for _, p := range points {
		sum += truth.LogLikelihood(btyd.History{X: p.X, TX: p.TX, T: p.T}, p.LogGaps)
	}
	checkTruth(t, all[best], map[string]float64{"r": 2, "alpha": 6, "a": 1, "b": 3}, sum)
	if again := LogLikelihood(all[best], points); math.Abs(again-all[best].LogLikelihood) > 1e-6 {
		t.Errorf("the same points have %.6f, and had %.6f", again, all[best].LogLikelihood)
	}
}

// TestCalendarFitFindsWhatDonorsWereDrawnWith: a BG/BB of twelve chances.
func TestCalendarFitFindsWhatDonorsWereDrawnWith(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 9))
	counts := map[btyd.Opportunities]float64{}
	for range 6000 {
		o := btyd.Opportunities{N: 12}
		gives, leaves := betaOne(random, 1), betaOne(random, 4)
		for at := 1; at <= o.N && random.Float64() >= leaves; at++ {
			if random.Float64() < gives {
				o.X, o.TX = o.X+1, at
			}
		}
		counts[o]++
	}
	m, likelihood := btyd.BGBB{Alpha: 1, Beta: 1, Gamma: 1, Delta: 4}, 0.
	var points []CalendarPoint
	for x := range 13 { // in an order of their own: a sum of floats must not hang on a map
		for tx := range 13 {
			o := btyd.Opportunities{X: x, TX: tx, N: 12}
			if n := counts[o]; n > 0 {
				points = append(points, CalendarPoint{Count: n, Opportunities: o})
				likelihood += n * m.LogLikelihood(o)
			}
		}
	}
	r, err := FitCalendar(points, Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkTruth(t, r, map[string]float64{"alpha": 1, "beta": 1, "gamma": 1, "delta": 4}, likelihood)
	if r.Customers != 6000 || r.Cells != len(points) || !(r.MeanAlive > .1 && r.MeanAlive < .9) {
		t.Errorf("%g customers in %d cells, %g of them alive", r.Customers, r.Cells, r.MeanAlive)
	}
	if _, err := FitCalendar(nil, Options{}); !errors.Is(err, ErrNoData) {
		t.Errorf("of nobody: %v, want %v", err, ErrNoData)
	}
	none := []CalendarPoint{{Count: 9, Opportunities: btyd.Opportunities{N: 12}}}
	if _, err := FitCalendar(none, Options{}); !errors.Is(err, ErrNoRepeats) {
		t.Errorf("of those who never give: %v, want %v", err, ErrNoRepeats)
	}
}

// TestSpendFitFindsWhatWasPaid: gamma-gamma with p = 2, q = 4, ν = 30. Of those
// without a repeat or a positive mean nothing is known.
func TestSpendFitFindsWhatWasPaid(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 9))
	m, likelihood := btyd.GammaGamma{P: 2, Q: 4, Nu: 30}, 0.
	var points []SpendPoint
	for range 3000 {
		x := 1 + random.IntN(6)
		rate, sum := gammaOf(random, 4, 30), 0.
		for range x {
			sum += gammaOf(random, 2, rate)
		}
		points = append(points, SpendPoint{Count: 1, X: x, Mean: sum / float64(x)})
		likelihood += m.LogLikelihood(x, sum/float64(x))
	}
	points = append(points, SpendPoint{Count: 1, X: 0, Mean: 9}, SpendPoint{Count: 1, X: 3, Mean: 0},
		SpendPoint{Count: 1, X: 3, Mean: -2})
	r, err := FitSpend(points, Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkTruth(t, r, map[string]float64{"p": 2, "q": 4, "nu": 30}, likelihood)
	if r.Customers != 3000 || math.Abs(r.Correlation) > .1 {
		t.Errorf("%g customers, correlation %g", r.Customers, r.Correlation)
	}
}
