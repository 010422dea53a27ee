package fit

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// customer is what Add takes.
type customer struct {
	first, last Day
	x           int
	gaps        LogGap
}

func customersGen(t *rapid.T) []customer {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) customer {
		c := customer{first: Day(rapid.IntRange(-30, 200).Draw(t, "first"))}
		c.last = c.first
		for range rapid.IntRange(0, 6).Draw(t, "x") {
			gap := Day(rapid.IntRange(1, 20).Draw(t, "gap"))
			c.last += gap
			c.gaps += LogGapOf(gap)
			c.x++
		}
		return c
	}), 1, 60).Draw(t, "customers")
}

// The sum over exact cells is the sum over customers, for every model.
func TestCellsGiveTheSumOverCustomers(t *testing.T) {
	const until = 400
	rapid.Check(t, func(t *rapid.T) {
		all := customersGen(t)
		cells := NewCells(1)
		sums := map[string]float64{}
		bg, mbg := btyd.BGNBD{R: .24, Alpha: 4.4, A: .8, B: 2.4}, btyd.MBGNBD{R: .52, Alpha: 6.2, A: .9, B: 1.6}
		k, pn := btyd.MBGCNBDK{R: 1.3, Alpha: 2.8, A: .42, B: .79, K: 2},
			btyd.ParetoNBD{R: .55, Alpha: 10.6, S: .6, Beta: 11.7}
		for _, c := range all {
			cells.Add(c.first, c.last, c.x, c.gaps)
			h := btyd.History{X: c.x, TX: float64(c.last-c.first) / 7, T: float64(until-c.first) / 7}
			sums[BGNBD] += bg.LogLikelihood(h)
			sums[MBGNBD] += mbg.LogLikelihood(h)
			sums[MBGCNBDK] += k.LogLikelihood(h, c.gaps.Value())
			sums[ParetoNBD] += pn.LogLikelihood(h)
		}
		points := cells.Points(until)
		for model, l := range map[string]float64{
			BGNBD:     newBetaGeometric(points, false).value([]float64{.24, 4.4, .8, 2.4}),
			MBGNBD:    newBetaGeometric(points, true).value([]float64{.52, 6.2, .9, 1.6}),
			MBGCNBDK:  newRegular(points, 2).value([]float64{1.3, 2.8, .42, .79}),
			ParetoNBD: newPareto(points).value([]float64{.55, 10.6, .6, 11.7}),
		} {
			if math.Abs(l-sums[model]) > 1e-10*math.Abs(sums[model])+1e-10 {
				t.Fatalf("%s: %v over cells, %v over customers", model, l, sums[model])
			}
		}
	})
}

// Whatever is added and taken away again leaves no trace.
func TestCellsForgetExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stay, leave := customersGen(t), customersGen(t)
		grain := rapid.SampledFrom([]int{1, 7}).Draw(t, "grain")
		plain, moved := NewCells(grain), NewCells(grain)
		for _, c := range leave {
			moved.Add(c.first, c.last, c.x, c.gaps)
		}
		for _, c := range stay {
			plain.Add(c.first, c.last, c.x, c.gaps)
			moved.Add(c.first, c.last, c.x, c.gaps)
		}
		for _, c := range leave {
			moved.Remove(c.first, c.last, c.x, c.gaps)
		}
		if !slices.Equal(plain.Points(400), moved.Points(400)) || plain.Len() != moved.Len() {
			t.Fatal("the cells differ")
		}
	})
}

func TestGroupKeepsMeans(t *testing.T) {
	points := []Point{{Count: 1, X: 2, TX: 3.1, T: 10.2, LogGaps: 1}, {Count: 3, X: 2, TX: 3.3, T: 10.4, LogGaps: 5},
		{Count: 1, X: 0, T: 10}}
	weekly := Group(points, true)
	if len(weekly) != 2 || weekly[1].Count != 4 || math.Abs(weekly[1].TX-3.25) > 1e-12 || weekly[1].LogGaps != 4 {
		t.Errorf("weekly groups %+v", weekly)
	}
	if exact := Group(append(points, points...), false); len(exact) != 3 || exact[0].Count != 2 {
		t.Errorf("exact groups %+v", exact)
	}
}

// The analytic gradients are the differences of the value.
func TestGradients(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := customersGen(t)
		cells := NewCells(1)
		for _, c := range all {
			cells.Add(c.first, c.last, c.x, c.gaps)
		}
		l := newBetaGeometric(cells.Points(400), rapid.Bool().Draw(t, "first"))
		params := make([]float64, 4)
		for i := range params {
			params[i] = math.Exp(rapid.Float64Range(-4, 5).Draw(t, "ln"))
		}
		grad := make([]float64, 4)
		l.gradient(grad, params)
		const step = 1e-5
		for i, p := range params {
			params[i] = p * math.Exp(step)
			up := l.value(params)
			params[i] = p * math.Exp(-step)
			difference := (up - l.value(params)) / (2 * step)
			params[i] = p
			if math.Abs(difference-grad[i]) > 1e-4*(1+math.Abs(grad[i])) {
				t.Fatalf("derivative %d is %v, differences say %v", i, grad[i], difference)
			}
		}
	})
}
