package score

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// The draws need no library: gammas of whole shape are sums of exponentials, and of
// two of them a beta is made.
func gammaOf(r *rand.Rand, shape int) (v float64) {
	for range shape {
		v += r.ExpFloat64()
	}
	return v
}

func betaOf(r *rand.Rand, a, b int) float64 {
	x := gammaOf(r, a)
	return x / (x + gammaOf(r, b))
}

// onsets is what the level at_risk makes of simulated customers of a shop.
type onsets struct {
	waits  []int   // of those who left: days from the latest purchase to at risk
	years  float64 // of activity, from the second purchase on
	onsets int     // in those, one a gap at most, each held for the dwell of a day
}

// live lets customers of a model (of whole r, a and b) live for twelve years at
// most, with the model as the parameters in force, and tells what of their gaps
// atRisk says.
func live(p *Parameters, seed uint64, customers int, atRisk func(*Facts) event.Day) (o onsets) {
	const horizon = 12 * daysPerYear
	random := rand.New(rand.NewPCG(seed, 7))
	for range customers {
		rate := gammaOf(random, int(p.Purchase.R)) / p.Purchase.Alpha / daysPerWeek
		leaves := betaOf(random, int(p.Purchase.A), int(p.Purchase.B))
		s, now := Facts{HasPurchase: true}, 0.
		for now < horizon {
			left, gap := random.Float64() < leaves, gammaOf(random, p.timing().Order())/rate
			if s.X > 0 {
				silence := float64(atRisk(&s) - s.LastDay)
				switch {
				case left:
					o.waits = append(o.waits, int(silence))
				case min(gap, horizon-now) > silence+1:
					o.onsets++
				}
			}
			if left {
				break
			}
			if s.X > 0 {
				o.years += min(gap, horizon-now) / daysPerYear
			}
			if now += gap; event.Day(now) > s.LastDay {
				s.LastDay = event.Day(now)
				s.X++
			}
		}
	}
	slices.Sort(o.waits)
	return o
}

// TestOnsetsOfEveryRhythm is the measurement of docs/signals.md, "Levels": at the
// shipped thresholds customers of any rhythm who have not left are at risk at most
// 0.2 times a year, and those who have left within the days given. Beside it, what
// P(alive) below .30 alone would do: many times the onsets of frequent buyers, and
// years of waiting for slow ones.
func TestOnsetsOfEveryRhythm(t *testing.T) {
	for _, test := range []struct {
		rhythm string
		weeks  float64 // mean gap
		a, b   float64
		within int // days, the median
	}{
		{"weekly", 1, 1, 6, 75}, {"weekly, few come back", 1, 1, 2, 90}, {"weekly, hardly any leaves", 1, 1, 60, 60},
		{"monthly", 365.25 / 84, 1, 6, 205}, {"monthly, few come back", 365.25 / 84, 1, 2, 220},
		{"monthly, hardly any leaves", 365.25 / 84, 1, 60, 195},
		{"quarterly", 365.25 / 28, 1, 6, 395}, {"quarterly, few come back", 365.25 / 28, 1, 2, 370},
		{"quarterly, hardly any leaves", 365.25 / 28, 1, 60, 415},
		{"yearly", 365.25 / 7, 1, 6, 1400}, {"yearly, few come back", 365.25 / 7, 1, 2, 1150},
		{"yearly, hardly any leaves", 365.25 / 7, 1, 60, 1125},
	} {
		for _, shape := range []struct { // of the rates, and of the gaps
			r float64
			k int
		}{{1, 1}, {2, 1}, {2, 3}} {
			model := btyd.MBGNBD{R: shape.r, Alpha: shape.r * test.weeks / float64(shape.k), A: test.a, B: test.b}
			measure(t, fmt.Sprintf("%s, r = %g, k = %d", test.rhythm, shape.r, shape.k), test.within,
				btyd.MBG{MBGNBD: model, K: shape.k})
		}
	}
}

// measure holds the shipped thresholds to .2 onsets a year, and to the days within
// which half of those who leave are at risk.
func measure(t *testing.T, rhythm string, within int, model btyd.MBG) {
	p := DefaultParameters()
	p.Purchase, p.K = model.MBGNBD, model.K
	p.prepareBorders()
	customers := 600 / (model.Order() * model.Order()) // the regular ones cost more
	got := live(&p, 1, customers, func(s *Facts) event.Day { return p.Crossings(s).AtRisk })
	plain := live(&p, 1, customers, func(s *Facts) event.Day { return p.firstDay(s, border{threshold: .3}) })
	q := p
	q.DropoutIdentified = false
	unknown := live(&q, 1, customers, func(s *Facts) event.Day { return q.Crossings(s).AtRisk })
	rate := func(o onsets) float64 { return float64(o.onsets) / o.years }
	error95 := 1.96 * math.Sqrt(float64(got.onsets)) / got.years
	median := func(o onsets) int { return o.waits[len(o.waits)/2] }
	t.Logf("%-42s %.3f ± %.3f a year, %4d days | P(alive) < .30 alone %.3f, %4d days | quantile alone %.3f, %4d days",
		rhythm, rate(got), error95, median(got), rate(plain), median(plain), rate(unknown), median(unknown))
	if rate(got) > .2 || rate(unknown) > .2 {
		t.Errorf("%s: at risk %.3f ± %.3f times a year while active, %.3f by the quantile alone; want .2 at most",
			rhythm, rate(got), error95, rate(unknown))
	}
	if median(got) > within {
		t.Errorf("%s: half of those who left are at risk after %d days, want %d", rhythm, median(got), within)
	}
}
