package score

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// border is a condition on silence: P(alive) below a threshold, or the quantile
// of the current gap above one. Once true it stays true until the next purchase.
type border struct {
	quantile  bool
	threshold float64
}

// farthestDays is how far crossings are looked for: a century of silence.
const farthestDays = 36500

// Crossings computes the days on which silence crosses each threshold; see the
// type. Without a purchase all are Never. The cost is a few evaluations of
// P(alive): compute it when a purchase day changes, not at every event.
func (p *Parameters) Crossings(s *Facts) Crossings {
	if !s.HasPurchase {
		return Crossings{Watch: Never, AtRisk: Never, Critical: Never, Lost: Never, Overdue: Never}
	}
	t := &p.Thresholds
	c := Crossings{
		Watch:   p.entered(s, t.Watch, p.quantile(s, t.OverdueWatch, t.OnsetsWatch)),
		Overdue: p.firstDay(s, border{true, t.OverdueWatch}),
		AtRisk:  Never, Critical: Never, Lost: p.start(s) + event.Day(t.LostDays) + 1,
	}
	if s.X == 0 {
		return c
	}
	quantile := p.quantile(s, t.OverdueAtRisk, t.OnsetsAtRisk)
	c.AtRisk = p.entered(s, p.bounded(s, t.AtRisk), quantile)
	if c.Critical = c.AtRisk; t.Critical != t.AtRisk {
		c.Critical = p.entered(s, p.bounded(s, t.Critical), quantile)
	}
	c.Lost = max(c.Lost, p.firstDay(s, border{true, t.OverdueLost}))
	switch {
	case p.ByActivity(s): // who still comes is not lost, however long the purchases are overdue
		c.Lost = p.firstDay(s, border{false, t.Lost})
	case p.DropoutIdentified:
		c.Lost = min(c.Lost, p.firstDay(s, border{false, t.Lost}))
	}
	return c
}

// entered is the first day on which a level is entered by the tests in force:
// P(alive) where dropout is identified, the quantile of the current gap where it is
// not or the buyer is slow, whichever comes first.
func (p *Parameters) entered(s *Facts, alive, quantile float64) event.Day {
	first := Never
	if p.TestsAlive(s) {
		first = p.firstDay(s, border{false, alive})
	}
	if p.ByQuantile(s) {
		first = min(first, p.firstDay(s, border{true, quantile}))
	}
	return first
}

// firstDay finds the first day from the start of the silence on on which the border
// is crossed, Never if it is not within farthestDays. The closed form gives a guess;
// the answer is settled by the very comparison that a judgement makes, after
// rounding, so that a deadline never fires before its condition holds.
func (p *Parameters) firstDay(s *Facts, b border) event.Day {
	low := p.startOf(s, b)
	most := low + farthestDays
	high := most
	if p.crossed(s, b, low) {
		return low
	}
	// Not crossed on low; crossed on high, or never.
	guess := p.guess(s, b, most)
	switch {
	case guess > low && guess < high && p.crossed(s, b, guess):
		high = guess
		if p.crossed(s, b, guess-1) {
			high = guess - 1
		} else {
			return guess
		}
	case guess > low && guess < high:
		low = guess
		if p.crossed(s, b, guess+1) {
			return guess + 1
		}
	}
	if high == most && !p.crossed(s, b, most) {
		return Never
	}
	for high-low > 1 {
		middle := low + (high-low)/2
		if p.crossed(s, b, middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// guess is the day by the closed form, held between the start of the silence and
// most.
func (p *Parameters) guess(s *Facts, b border, most event.Day) event.Day {
	h, first := history(s, s.LastDay), s.FirstDay
	var days float64 // since first
	if b.quantile {
		days = daysPerWeek * (h.TX + p.timing().GapQuantile(h, b.threshold))
	} else {
		m := p.timing()
		if p.ByActivity(s) {
			m, h, first = btyd.MBG{MBGNBD: p.Activity}, activityHistory(s, s.LastActivityDay), s.FirstActivityDay
		}
		weeks, ok := m.CrossingTime(h, b.threshold)
		if !ok {
			return most
		}
		days = daysPerWeek * weeks
	}
	if !(days < float64(most-first)) {
		return most
	}
	return max(p.startOf(s, b), first+event.Day(math.Ceil(days)))
}

// startOf is the day on which the silence begins that a border is of.
func (p *Parameters) startOf(s *Facts, b border) event.Day {
	if b.quantile {
		return s.LastDay
	}
	return p.start(s)
}

// start is the day on which the silence begins that P(alive) is of.
func (p *Parameters) start(s *Facts) event.Day {
	if p.ByActivity(s) {
		return max(s.LastDay, s.LastActivityDay)
	}
	return s.LastDay
}

// crossed is the condition as a judgement on that day would find it.
func (p *Parameters) crossed(s *Facts, b border, day event.Day) bool {
	if b.quantile {
		return Millionths(p.timing().OverdueQuantile(history(s, day))) > Millionths(b.threshold)
	}
	if p.ByActivity(s) {
		return Millionths(p.Activity.PAlive(activityHistory(s, day))) < Millionths(b.threshold)
	}
	return Millionths(p.timing().PAlive(history(s, day))) < Millionths(b.threshold)
}
