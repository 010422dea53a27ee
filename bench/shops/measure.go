package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/holdfast/holdfast/internal/simulation"
)

// line is what was measured of a shop.
type line struct {
	name string
	// left is how many customers' departures were measured, and living for how many
	// years customers were watched while they had not left.
	left   int
	living float64
	// falseRate is alerts raised while the customer had not left, a year of living.
	falseRate, falseLow, falseHigh float64
	// delay and rule are the median days from the departure to the alert, and to
	// the day that the fixed rule of equal falseRate gives; ratio is delay over rule.
	delay, rule                float64
	ratio, ratioLow, ratioHigh float64
	delivered                  int
	inOutage                   int // alerts raised in the outage of customers who had bought in it
}

// trace is what one customer adds to the figures.
type trace struct {
	living    float64   // years
	wrong     int       // alerts while not left
	delay     float64   // days to the first alert after the departure; NaN where none is measured
	gaps      []float64 // days between purchases, and to the end, while not left: what a fixed rule may be wrong by
	gapStarts []time.Time
	from      time.Time
}

// measure holds alerts against the truth. Watched are customers from their second
// purchase on: a single one has no rhythm that could be missed, and no alert.
// Departures are those of the first half of [cut, end), so that what comes late is seen.
func measure(s *shop, lives []simulation.Life, onsets map[string][]onset, cut, end time.Time) line {
	l := line{name: s.name}
	half := cut.Add(end.Sub(cut) / 2)
	var traces []trace
	for i := range lives {
		life := &lives[i]
		for _, o := range onsets[life.Customer] {
			if o.suppressed == "" {
				l.delivered++
			}
		}
		if t, ok := traceOf(life, onsets[life.Customer], cut, half, end); ok {
			traces = append(traces, t)
		}
	}
	l.left, l.living = 0, 0
	for i := range traces {
		l.living += traces[i].living
		if !math.IsNaN(traces[i].delay) {
			l.left++
		}
	}
	l.falseRate, l.delay, l.rule = figures(traces, end)
	l.ratio = l.delay / l.rule
	l.intervals(traces, end)
	if s.outage > 0 {
		quiet := end.Add(-end.Sub(cut) / 4)
		l.inOutage = raisedUnseen(lives, onsets, quiet, quiet.Add(s.outage))
	}
	return l
}

// traceOf is a customer's, if there is something to watch in [cut, end).
func traceOf(life *simulation.Life, onsets []onset, cut, half, end time.Time) (t trace, ok bool) {
	if len(life.Purchases) < 2 {
		return t, false
	}
	t.from, t.delay = later(cut, life.Purchases[1]), math.NaN()
	until := end
	if !life.LeftAt.IsZero() {
		until = life.LeftAt
	}
	if until.After(t.from) {
		t.living = until.Sub(t.from).Hours() / 24 / 365.25
	}
	left := !life.LeftAt.IsZero() && !life.LeftAt.Before(cut) && life.LeftAt.Before(half)
	if left {
		t.delay = math.Inf(1)
	}
	for _, o := range onsets {
		switch {
		case o.at.Before(t.from):
		case !life.Left(o.at):
			t.wrong++
		case left && math.IsInf(t.delay, 1):
			t.delay = o.at.Sub(life.LeftAt).Hours() / 24
		}
	}
	for i, at := range life.Purchases[1:] {
		next := until
		if i+2 < len(life.Purchases) {
			next = life.Purchases[i+2]
		}
		if next.After(at) {
			t.gaps, t.gapStarts = append(t.gaps, next.Sub(at).Hours()/24), append(t.gapStarts, at)
		}
	}
	return t, t.living > 0 || left
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// figures are the rate of wrong alerts, the median delay, and that of the fixed
// rule that is wrong as often: its days, unless that is beyond what was watched.
func figures(traces []trace, end time.Time) (rate, delay, rule float64) {
	living, wrong := 0.0, 0
	var delays []float64
	for i := range traces {
		living, wrong = living+traces[i].living, wrong+traces[i].wrong
		if !math.IsNaN(traces[i].delay) {
			delays = append(delays, traces[i].delay)
		}
	}
	rate = float64(wrong) / living
	slices.Sort(delays)
	if len(delays) == 0 {
		return rate, math.NaN(), math.NaN()
	}
	return rate, delays[len(delays)/2], ruleDays(traces, wrong)
}

// ruleDays is the least number of days without a purchase that, taken as a rule,
// is wrong no more often than wrong. A rule speaks once a silence.
func ruleDays(traces []trace, wrong int) float64 {
	low, high := 0.0, 20*365.0 // wrong more often, and not
	for high-low > .25 {
		middle := (low + high) / 2
		if wrongByRule(traces, middle) > wrong {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

func wrongByRule(traces []trace, days float64) (n int) {
	for i := range traces {
		t := &traces[i]
		for g, gap := range t.gaps {
			if gap > days && !t.gapStarts[g].Add(time.Duration(days*24*float64(time.Hour))).Before(t.from) {
				n++
			}
		}
	}
	return n
}

// intervals are those of 200 draws of the customers with replacement, at 95 %.
func (l *line) intervals(traces []trace, end time.Time) {
	r := rand.New(rand.NewPCG(1, 2))
	var rates, ratios []float64
	drawn := make([]trace, len(traces))
	for range 200 {
		for i := range drawn {
			drawn[i] = traces[r.IntN(len(traces))]
		}
		rate, delay, rule := figures(drawn, end)
		rates, ratios = append(rates, rate), append(ratios, delay/rule)
	}
	slices.Sort(rates)
	slices.Sort(ratios)
	l.falseLow, l.falseHigh = rates[5], rates[194]
	l.ratioLow, l.ratioHigh = ratios[5], ratios[194]
}

// raisedUnseen counts the alerts raised in an outage of customers who bought in it.
func raisedUnseen(lives []simulation.Life, onsets map[string][]onset, from, to time.Time) (n int) {
	for i := range lives {
		life := &lives[i]
		for _, o := range onsets[life.Customer] {
			if !o.at.Before(from) && o.at.Before(to) && simulation.Between(life.Purchases, from, o.at) > 0 {
				n++
			}
		}
	}
	return n
}
