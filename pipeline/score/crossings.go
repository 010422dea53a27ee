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

// Crossings computes the days on which silence crosses each threshold; see the
// type. Without a purchase all are Never. The cost is a few evaluations of
// P(alive): compute it when a purchase day changes, not at every event.
func (p *Parameters) Crossings(s *Facts) Crossings {
	if !s.HasPurchase {
		return Crossings{Watch: Never, AtRisk: Never, Critical: Never, Lost: Never, Overdue: Never}
	}
	t, most := &p.Thresholds, p.capDay(s)
	c := Crossings{Overdue: p.firstDay(s, border{true, t.OverdueWatch}, most)}
	if p.TestsAlive(s) {
		c.Watch = p.firstDay(s, border{false, t.Watch}, most)
		c.AtRisk = p.firstDay(s, border{false, t.AtRisk}, most)
		c.Critical = c.AtRisk
		if t.Critical != t.AtRisk {
			c.Critical = p.firstDay(s, border{false, t.Critical}, most)
		}
		c.Lost = min(p.firstDay(s, border{false, t.Lost}, most), most)
		return c
	}
	c.Watch = c.Overdue
	c.AtRisk = p.firstDay(s, border{true, t.OverdueAtRisk}, most)
	c.Critical = c.AtRisk
	c.Lost = min(p.firstDay(s, border{true, t.OverdueLost}, most), most)
	return c
}

// capDay is the first day on which silence is longer than the cap, whatever the
// model says: min(max(3 × q99 gap, 365 d), 730 d), or 365 d for one-time buyers.
func (p *Parameters) capDay(s *Facts) event.Day {
	days := p.Thresholds.CapLeastDays
	if s.X > 0 {
		gap := float64(3*daysPerWeek) * p.timing().GapQuantile(history(s, s.LastDay), .99)
		switch {
		case !(gap < float64(p.Thresholds.CapMostDays)):
			days = p.Thresholds.CapMostDays
		case gap > float64(days):
			days = int32(math.Floor(gap))
		}
	}
	return p.start(s) + event.Day(days) + 1
}

// firstDay finds the first day from the start of the silence to most on which the
// border is crossed, Never if it is not by then. The closed form gives a guess;
// the answer is settled by the very comparison that a judgement makes, after
// rounding, so that a deadline never fires before its condition holds.
func (p *Parameters) firstDay(s *Facts, b border, most event.Day) event.Day {
	low, high := p.startOf(s, b), most
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
