package refit

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/fit"
	"github.com/holdfast/holdfast/pipeline/population/parameters"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// horizon is the label window of the tests, in days.
const horizon = 90

// lives draws customers who buy at a rate of their own until they leave, as MBG/NBD
// has it: a purchase's value varies about a mean of the customer's own.
func lives(seed uint64, n int, until event.Day) []shard.History { return livesAt(seed, n, until, 1) }

// livesAt is the same of customers who take so many times as long between purchases.
func livesAt(seed uint64, n int, until event.Day, slow float64) []shard.History {
	r := rand.New(rand.NewPCG(seed, 7))
	var all []shard.History
	for range n {
		var days []event.Day
		rate, leave := .02+.1*r.ExpFloat64(), .05+.3*r.Float64()
		day := float64(r.IntN(int(until) - 30))
		for first := true; int(day) <= int(until); first = false {
			if d := event.Day(day); len(days) == 0 || d > days[len(days)-1] {
				days = append(days, d)
			}
			if !first && r.Float64() < leave {
				break
			}
			day += (1 + r.ExpFloat64()/rate) * slow
		}
		h := historyOf(days, until-horizon+1)
		h.RepeatNetDays = h.X
		for range h.X {
			h.RepeatNet += int64(2000 + 2000*r.ExpFloat64())
		}
		all = append(all, h)
	}
	return all
}

func historyOf(days []event.Day, window event.Day) shard.History {
	h := shard.History{FirstDay: days[0], LastDay: days[len(days)-1], X: uint32(len(days) - 1)}
	for _, d := range days {
		if d < window {
			h.Known, h.LastBefore = true, d
			h.XBefore++
		}
	}
	if h.Known {
		h.XBefore--
	}
	h.Returned = h.LastDay >= window
	return h
}

func baseOf(histories []shard.History, until event.Day) *Base {
	b := NewBase(until - horizon + 1)
	for i := range histories {
		b.Add(&histories[i])
	}
	return b
}

func decide(t *testing.T, b *Base, until event.Day, champion *parameters.Record) Decision {
	t.Helper()
	configured := score.DefaultParameters()
	d, err := Decide(b, until, 12, champion, &configured)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A base that is gathered by the week is fitted as well as one of exact days.
func TestTheFitIsThatOfTheExactDays(t *testing.T) {
	const until = 600
	histories := lives(1, 8000, until)
	d := decide(t, baseOf(histories, until), until, nil)
	if !d.Accepted || d.Sufficiency != signal.SufficiencyOK || !d.Record.DropoutIdentified {
		t.Fatalf("not accepted: %+v", d)
	}
	exact := fit.NewCells(1)
	for i := range histories {
		h := &histories[i]
		exact.Add(fit.Day(h.FirstDay), fit.Day(h.LastDay), int(h.X), 0)
	}
	best, err := fit.Fit(fit.MBGNBD, 0, exact.Points(until), fit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	points := exact.Points(until)
	if lost := best.LogLikelihood - likelihood(timing(&d.Record), points); lost > .5 {
		t.Errorf("%.4f of log-likelihood is lost to the cells", lost)
	}
	if s := d.Record.Spend; s == nil || s.Q <= 1 {
		t.Errorf("spend model %+v", s)
	}
	if d.Record.Version == "" || d.Record.Customers != 8000 || d.Record.Through != until || d.Record.ComputedAt != 12 {
		t.Errorf("record %+v", d.Record)
	}
}

func TestSufficiency(t *testing.T) {
	const until = 400
	young := lives(2, 600, until)
	for i := range young {
		h := &young[i]
		h.FirstDay, h.LastDay = until-100, max(h.LastDay, until-100)
	}
	loyal := lives(3, 600, until)
	for i := range loyal {
		loyal[i].Returned = loyal[i].Known
	}
	for name, c := range map[string]struct {
		histories []shard.History
		want      signal.DataSufficiency
	}{
		"nobody":            {nil, signal.FewCustomers},
		"499 customers":     {lives(4, MinCustomers-1, until), signal.FewCustomers},
		"100 days":          {young, signal.ShortHistory},
		"everyone is there": {loyal, signal.FewOutcomes},
		"enough":            {lives(5, 1000, until), signal.SufficiencyOK},
	} {
		t.Run(name, func(t *testing.T) {
			b := baseOf(c.histories, until)
			if got := b.Sufficiency(until); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
			d := decide(t, b, until, nil)
			if d.Accepted != (c.want == signal.SufficiencyOK) || d.Sufficiency != c.want {
				t.Errorf("decided %+v", d)
			}
			if c.want != signal.SufficiencyOK && !strings.Contains(d.Reason,
				"wanted are 500 customers, 180 days, and 100 of each") {
				t.Errorf("reason %q", d.Reason)
			}
		})
	}
}

// What is in force moves by a part of the way, and only to what is better.
func TestChampionAndChallenger(t *testing.T) {
	const until = 600
	b := baseOf(lives(6, 6000, until), until)
	first := decide(t, b, until, nil).Record
	champion := func(change func(*parameters.Record)) *parameters.Record {
		r := first
		change(&r)
		return &r
	}
	check := func(name string, old *parameters.Record, accepted bool, reason string) Decision {
		t.Helper()
		d := decide(t, b, until, old)
		if d.Accepted != accepted || !strings.Contains(d.Reason, reason) {
			t.Errorf("%s: accepted %v, %q; want %v, %q", name, d.Accepted, d.Reason, accepted, reason)
		}
		return d
	}
	off := btyd.MBGNBD{R: first.Purchase.R * 2, Alpha: first.Purchase.Alpha * 2, A: first.Purchase.A, B: first.Purchase.B}
	moved := check("worse", champion(func(r *parameters.Record) { r.Purchase, r.Version = off, "off" }), true,
		"log-likelihood is higher")
	want := math.Exp(.7*math.Log(off.R) + .3*math.Log(first.Purchase.R))
	if got := moved.Record.Purchase.R; math.Abs(got-want) > 1e-4*want {
		t.Errorf("r has moved to %g, want %g", got, want)
	}
	grown := check("grown", champion(func(r *parameters.Record) { r.Purchase, r.Version, r.Customers = off, "off", 5000 }),
		true, "grown from 5000 to 6000")
	if grown.Record.Purchase != first.Purchase {
		t.Errorf("a base that has grown is fitted to %+v, want %+v", grown.Record.Purchase, first.Purchase)
	}
	longer := check("longer", champion(func(r *parameters.Record) { r.Purchase, r.Version, r.Through = off, "off", 500 }),
		true, "covers 600 days after 500")
	if longer.Record.Purchase != first.Purchase {
		t.Errorf("a base of a longer time is fitted to %+v, want %+v", longer.Record.Purchase, first.Purchase)
	}
	check("the same", &first, false, "")
	// By the label window of this base nearly nobody comes back.
	odd, back := lives(6, 6000, until), 0
	for i := range odd {
		odd[i].Returned = odd[i].Returned && back < MinOutcomes
		if odd[i].Known && odd[i].Returned {
			back++
		}
	}
	b = baseOf(odd, until)
	check("worse at foretelling", champion(func(r *parameters.Record) {
		r.Version, r.Purchase = "off", btyd.MBGNBD{R: first.Purchase.R / 4, Alpha: first.Purchase.Alpha,
			A: first.Purchase.A, B: first.Purchase.B}
	}), false, "Brier score")
}

// The spend cells keep what the likelihood asks for.
func TestSpendCells(t *testing.T) {
	s := spendCells{}
	for _, h := range []shard.History{
		{X: 3, RepeatNet: 3000, RepeatNetDays: 3}, {X: 3, RepeatNet: 3030, RepeatNetDays: 3}, // one cell
		{X: 2, RepeatNet: 3000, RepeatNetDays: 2}, {X: 1}, {X: 1, RepeatNet: -5, RepeatNetDays: 1},
		{X: 400, RepeatNet: 400_000, RepeatNetDays: 400}, {X: 402, RepeatNet: 402_000, RepeatNetDays: 402},
	} {
		s.add(&h)
	}
	want := []fit.SpendPoint{{Count: 1, X: 2, Mean: 15}, {Count: 2, X: 3, Mean: 10.05}, {Count: 2, X: 401, Mean: 10}}
	got := s.points(100)
	if len(got) != len(want) {
		t.Fatalf("%d points, want %d: %+v", len(got), len(want), got)
	}
	for i := range want {
		if got[i].Count != want[i].Count || got[i].X != want[i].X || math.Abs(got[i].Mean-want[i].Mean) > 1e-9 {
			t.Errorf("point %+v, want %+v", got[i], want[i])
		}
	}
}
