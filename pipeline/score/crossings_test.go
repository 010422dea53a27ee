package score

import (
	"math"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// The silence in weeks until P(alive) reaches .7, .5, .3 and .1 with CDNOW-like
// parameters; 0 where it is below from the start. Figures to the last digit given.
func TestSilenceUntilCrossing(t *testing.T) {
	tests := []struct {
		x, txWeeks int
		justAfter  float64
		weeks      [4]float64
	}{
		{0, 0, .644, [4]float64{0, 13.0, 90, 1254}},
		{1, 4, .746, [4]float64{1.65, 10.4, 25.8, 76.9}},
		{1, 26, .746, [4]float64{5.2, 33.0, 81.4, 243}},
		{3, 26, .838, [4]float64{8.2, 19.1, 33.1, 63.5}},
		{10, 26, .929, [4]float64{5.7, 8.9, 12.3, 18.4}},
	}
	p := cdnow(t)
	p.Purchase = btyd.MBGNBD{R: .525, Alpha: 6.183, A: .891, B: 1.614}
	for _, test := range tests {
		s := buyer(uint32(test.x), test.txWeeks*7, test.txWeeks*7, 10).Facts
		near(t, "just after", p.Probabilities(&s).PAlive, test.justAfter, 6e-4)
		for i, theta := range [4]float64{.7, .5, .3, .1} {
			day := p.firstDay(&s, border{threshold: theta})
			got := float64(day-s.LastDay) / 7
			if want := test.weeks[i]; got < want-.06-want*.006 || got > want+1./7+.06+want*.006 {
				t.Errorf("x %d, t_x %d weeks: .%g reached after %.2f weeks, want %.2f",
					test.x, test.txWeeks, theta, got, want)
			}
		}
	}
}

// TestCrossingsAreExact compares every crossing with what day-by-day judging finds.
func TestCrossingsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parameter := func(name string, most float64) float64 {
			return min(most, max(1e-3, math.Exp(rapid.Float64Range(math.Log(1e-3), math.Log(most)).Draw(t, name))))
		}
		p := DefaultParameters()
		p.Purchase = btyd.MBGNBD{R: parameter("r", 50), Alpha: parameter("alpha", 500), A: parameter("a", 100),
			B: parameter("b", 1e4)}
		p.K = rapid.IntRange(0, 3).Draw(t, "order of the gaps")
		p.DropoutIdentified = rapid.Bool().Draw(t, "identified")
		p.Thresholds.Critical = .35
		if err := p.check(); err != nil { // and no table of values
			t.Fatal(err)
		}
		p.prepareBorders()
		x := rapid.IntRange(0, 60).Draw(t, "x")
		tx := 0
		if x > 0 {
			tx = rapid.IntRange(x, 1500).Draw(t, "tx")
		}
		s := buyer(uint32(x), tx, tx, 10).Facts
		if got, want := p.Crossings(&s), dayByDay(&p, s, x, float64(tx)); got != want {
			t.Fatalf("crossings %+v, day by day %+v (last day %d)", got, want, s.LastDay)
		}
	})
}

// dayByDay finds the crossings by trying the days, and the borders by plain
// arithmetic.
func dayByDay(p *Parameters, s Facts, x int, tx float64) Crossings {
	first := func(holds func(pr Probabilities) bool) event.Day {
		last := s.LastDay
		on := func(silence int) bool {
			s.Today = last + event.Day(silence)
			return holds(p.Probabilities(&s))
		}
		for silence := range 1000 {
			if on(silence) {
				return last + event.Day(silence)
			}
		}
		if silence := sort.Search(farthestDays+1, on); silence <= farthestDays {
			return last + event.Day(silence)
		}
		return Never
	}
	m := p.Purchase
	k := float64(max(p.K, 1))
	rate := (m.R + k*float64(x)) / (k * (m.Alpha + tx/7)) * 365.25 / 7 // a year
	alive := func(border float64) event.Day {
		if !p.DropoutIdentified {
			return Never
		}
		return first(func(pr Probabilities) bool { return pr.PAliveMillionths < Millionths(border) })
	}
	overdue := func(border float64) event.Day {
		return first(func(pr Probabilities) bool { return pr.OverdueMillionths > Millionths(border) })
	}
	quantile := func(border, onsets float64) event.Day {
		if p.DropoutIdentified && (x == 0 || rate*(1-.95) > .2) {
			return Never
		}
		return overdue(max(border, 1-onsets/rate))
	}
	want := Crossings{Watch: min(alive(.5), quantile(.9, .5)), AtRisk: Never, Critical: Never, Lost: s.LastDay + 366,
		Overdue: overdue(.9)}
	if x > 0 {
		leave := leavingByHand(m, k)
		if rate*(1-.95) <= .2 {
			leave = min(leave, rate*m.A/(m.A+m.B+float64(x)+1))
		}
		highest := .15 / (.15 + leave)
		want.AtRisk = min(alive(max(.03, min(.3, highest))), quantile(.95, .2))
		want.Critical = min(alive(max(.03, min(.35, highest))), quantile(.95, .2))
		want.Lost = min(alive(.03), max(want.Lost, overdue(.99)))
	}
	return want
}

// leavingByHand is how many leave in a year of activity, by the probabilities that a
// buyer makes a further purchase, each written out.
func leavingByHand(m btyd.MBGNBD, k float64) float64 {
	yearly := m.R / m.Alpha / k * m.R / (m.R + 1) * 365.25 / 7
	lives := func(purchases int) float64 { // after so many
		log := 0.
		for i := range purchases {
			log -= math.Log1p(m.A / (m.B + float64(i)))
		}
		return math.Exp(log)
	}
	n := min(10_000, max(1, int(2*yearly)))
	years, at := 0., 0.
	for i := 1; i <= n; i++ { // lives(i), step by step
		if i == 1 || i%100 == 0 {
			at = lives(i)
		} else {
			at -= at * m.A / (m.A + m.B + float64(i) - 1)
		}
		years += at / yearly
	}
	return (lives(1) - lives(n+1)) / years
}

// TestCrossingOnAFlatSlope: P(alive) falls by 4e-8 a day, so rounding moves the
// crossing by two weeks from where the closed form puts it.
func TestCrossingOnAFlatSlope(t *testing.T) {
	p := cdnow(t)
	p.Purchase = btyd.MBGNBD{R: 1e-3, Alpha: 1000, A: 1, B: 1.00004}
	s := buyer(0, 0, 0, 0).Facts
	got := p.Crossings(&s).Watch
	s.Today = got
	on := p.Probabilities(&s).PAliveMillionths
	s.Today = got - 1
	before := p.Probabilities(&s).PAliveMillionths
	if on >= 500_000 || before < 500_000 {
		t.Errorf("day %d: %d millionths, %d the day before; want the first below 500000", got-s.LastDay, on, before)
	}
	if guess := p.guess(&s, border{threshold: .5}, got+300); got-guess < 5 {
		t.Errorf("the closed form says day %d, the answer is %d: too near to try the search", guess-s.LastDay, got-s.LastDay)
	}
}

// TestWhatLostWaitsFor: of one-time buyers a year of silence, of others that their
// P(alive) is low, or a year and the quantile; no number of days alone.
func TestWhatLostWaitsFor(t *testing.T) {
	p := cdnow(t)
	yearly := *p
	yearly.Purchase = btyd.MBGNBD{R: 2, Alpha: 104, A: .5, B: 10}
	yearly.prepareBorders()
	unidentified := *p
	unidentified.DropoutIdentified = false
	for _, test := range []struct {
		name string
		p    *Parameters
		x    uint32
		tx   int
		want int // days of silence
	}{
		{"one-time buyer", p, 0, 0, 366},
		{"of a shop whose customers buy once a year", &yearly, 0, 0, 366},
		{"frequent buyer", p, 50, 350, 64},
		{"the same where dropout is not identified: a year at least", &unidentified, 50, 350, 366},
		{"yearly buyer: seven years and a half", &yearly, 3, 3 * 365, 2757},
	} {
		s := buyer(test.x, test.tx, test.tx, 10).Facts
		c := test.p.Crossings(&s)
		if got := int(c.Lost - s.LastDay); got != test.want {
			t.Errorf("%s: lost after %d days, want %d", test.name, got, test.want)
		}
		if test.x > 0 && c.AtRisk >= c.Lost || test.x == 0 && c.AtRisk != Never {
			t.Errorf("%s: at risk after %d days, lost after %d", test.name, c.AtRisk-s.LastDay, c.Lost-s.LastDay)
		}
	}
}
