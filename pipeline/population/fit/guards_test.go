package fit

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

func hasGuard(r Result, code string) bool {
	for _, g := range r.Guards {
		if g.Code == code {
			return true
		}
	}
	return false
}

// steady are customers who buy with pauses but never leave.
func steady(n int) []Point {
	random := rand.New(rand.NewPCG(1, 2))
	var points []Point
	for range n {
		p := Point{Count: 1, T: 20}
		for at := random.ExpFloat64() * 5; at < p.T; at += random.ExpFloat64() * 5 {
			p.X++
			p.TX = at
		}
		points = append(points, p)
	}
	sortPoints(points)
	return points
}

func TestDropoutThatIsNotThereIsNotIdentified(t *testing.T) {
	for _, model := range []string{BGNBD, MBGNBD, ParetoNBD} {
		r, err := Fit(model, 0, steady(250), Options{Starts: 1})
		if err != nil {
			t.Fatal(err)
		}
		if r.DropoutIdentified() {
			t.Errorf("%s: dropout counts as identified: %+v", model, r.Parameters)
		}
		if !hasGuard(r, ShortHistory) {
			t.Errorf("%s: 20 weeks pass for enough", model)
		}
	}
}

// Thirteen weeks of the grocery log are the case seen in the wild.
func TestGroceryAtThirteenWeeks(t *testing.T) {
	b := grocery
	b.until = "2006-04-02"
	r, err := Fit(MBGNBD, 0, cellsOf(b.read(t), 1).Points(day(t, b.until)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.DropoutIdentified() {
		t.Errorf("dropout counts as identified: %+v, mean P(alive) %v", r.Parameters, r.MeanAlive)
	}
	m := btyd.MBGNBD{R: r.Value("r"), Alpha: r.Value("alpha"), A: r.Value("a"), B: r.Value("b")}
	if err := m.Validate(); err != nil {
		t.Errorf("the fit lies outside the domain it is scored in: %v", err)
	}
}

func TestSmallBasesAreSaidToBeSmall(t *testing.T) {
	r, err := Fit(MBGNBD, 0, []Point{{Count: 30, T: 40}, {Count: 5, X: 2, TX: 9, T: 40}, {Count: 5, X: 1, TX: 3, T: 40}},
		Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !hasGuard(r, FewCustomers) || !hasGuard(r, FewRepeaters) {
		t.Errorf("guards %v", r.Guards)
	}
}

func TestNothingToFit(t *testing.T) {
	if _, err := Fit(MBGNBD, 0, nil, Options{}); !errors.Is(err, ErrNoData) {
		t.Errorf("an empty base gives %v", err)
	}
	if _, err := Fit(MBGNBD, 0, []Point{{Count: 9, T: 40}}, Options{}); !errors.Is(err, ErrNoRepeats) {
		t.Errorf("a base without repeats gives %v", err)
	}
	if _, err := Fit("x", 0, steady(9), Options{}); err == nil {
		t.Error("an unknown model is fitted")
	}
	if _, err := Fit(MBGNBD, 0, steady(9), Options{Prior: &Prior{Centre: []float64{1}, Deviation: 1}}); err == nil {
		t.Error("a prior of the wrong length passes")
	}
}

func TestSpendGuards(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var heavy, tied []SpendPoint
	for range 400 {
		x := 1 + random.IntN(5)
		heavy = append(heavy, SpendPoint{1, x, 10 * math.Pow(random.Float64(), -1.8)}) // no finite mean
		tied = append(tied, SpendPoint{1, x, float64(10*x) * (1 + random.Float64()/5)})
	}
	r, err := FitSpend(heavy, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !hasGuard(r, NoMeanSpend) {
		t.Errorf("q = %v passes", r.Value("q"))
	}
	if r, err = FitSpend(tied, Options{}); err != nil {
		t.Fatal(err)
	}
	if !hasGuard(r, SpendCorrelated) {
		t.Errorf("a correlation of %v passes", r.Correlation)
	}
}

// The prior draws a small base towards its centre, and is off by default.
func TestPrior(t *testing.T) {
	small := []Point{{Count: 3, T: 40}, {Count: 2, X: 2, TX: 9, T: 40}, {Count: 1, X: 1, TX: 3, T: 40}}
	free, err := Fit(MBGNBD, 0, small, Options{})
	if err != nil {
		t.Fatal(err)
	}
	held, err := Fit(MBGNBD, 0, small, Options{Prior: ColdStart()})
	if err != nil {
		t.Fatal(err)
	}
	if held.LogLikelihood > free.LogLikelihood {
		t.Errorf("with a prior the likelihood is higher: %v, %v", held.LogLikelihood, free.LogLikelihood)
	}
	if d := math.Abs(math.Log(held.Value("alpha") / 5)); d > 2 {
		t.Errorf("alpha = %v under the prior", held.Value("alpha"))
	}
}

// valueOnly hides the analytic gradient of a likelihood.
type valueOnly struct{ likelihood }

func (valueOnly) gradient([]float64, []float64) bool { return false }

// The Hessian by differences of the gradient is that by differences of the
// value.
func TestStandardErrorsAgree(t *testing.T) {
	l := newBetaGeometric(steady(300), true)
	params := []float64{.5, 6, .9, 1.6}
	for i := range params {
		for j := i; j < len(params); j++ {
			a, b := secondDifference(l, params, i, j), secondDifference(valueOnly{l}, params, i, j)
			if math.Abs(a-b) > 1e-3*(1+math.Abs(a)) {
				t.Errorf("second derivative %d,%d: %v by the gradient, %v by the value", i, j, a, b)
			}
		}
	}
}
