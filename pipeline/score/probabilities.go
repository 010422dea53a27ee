package score

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

const daysPerWeek = 7

// history is the purchase triple in weeks as it stands on a day: x, t_x, T count
// whole business days. A day before the latest purchase counts as that.
func history(s *Facts, day event.Day) btyd.History {
	if day < s.LastDay {
		day = s.LastDay
	}
	return btyd.History{
		X:  int(s.X),
		TX: float64(s.LastDay-s.FirstDay) / daysPerWeek,
		T:  float64(day-s.FirstDay) / daysPerWeek,
	}
}

// Probabilities computes what every judgement needs. Without a purchase both
// are 0. O(1).
func (p *Parameters) Probabilities(s *Facts) Probabilities {
	if !s.HasPurchase {
		return Probabilities{}
	}
	h := history(s, s.Today)
	purchase, overdue := p.timing().PAlive(h), p.timing().OverdueQuantile(h)
	alive := purchase
	if p.ByActivity(s) {
		alive = p.Activity.PAlive(activityHistory(s, s.Today))
	}
	return Probabilities{
		PAlive: alive, PAlivePurchase: purchase, PAliveMillionths: Millionths(alive),
		OverdueQuantile: overdue, OverdueMillionths: Millionths(overdue),
	}
}

// atRisk reports whether silence has passed the at-risk threshold of the test that
// is in force: P(alive), or the overdue quantile where dropout is not identified.
func (p *Parameters) atRisk(s *Facts, pr *Probabilities) bool {
	if p.TestsAlive(s) {
		return pr.PAliveMillionths < Millionths(p.Thresholds.AtRisk)
	}
	return pr.OverdueMillionths > Millionths(p.Thresholds.OverdueAtRisk)
}
