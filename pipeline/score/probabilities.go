package score

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

const (
	daysPerWeek = 7
	daysPerYear = 365.25
)

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

// atRisk reports whether silence has passed an at-risk threshold that is in force
// for the customer: of P(alive), or of the overdue quantile.
func (p *Parameters) atRisk(s *Facts, pr *Probabilities) bool {
	t := &p.Thresholds
	return p.TestsAlive(s) && pr.PAliveMillionths < Millionths(p.bounded(s, t.AtRisk)) ||
		p.ByQuantile(s) && pr.OverdueMillionths > Millionths(p.quantile(s, t.OverdueAtRisk, t.OnsetsAtRisk))
}
