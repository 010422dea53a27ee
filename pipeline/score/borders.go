package score

import "github.com/holdfast/holdfast/pipeline/score/btyd"

// How often an active customer may be taken for one who leaves is the same whatever
// the rhythm (Thresholds.OnsetsAtRisk), so where a level begins depends on that: on
// the customer's for the quantiles, on all customers' for P(alive). The borders rest
// on the purchase days and the parameters alone.

// ByQuantile reports whether the quantile of the current gap enters levels of the
// customer: where the model cannot tell silence from loss, and of slow buyers.
func (p *Parameters) ByQuantile(s *Facts) bool {
	return s.HasPurchase && !p.ByActivity(s) && (!p.DropoutIdentified || p.slow(s))
}

// slow reports whether the customer, while active, buys so seldom that the quantile
// of at risk as it stands keeps within the onsets that a year may have.
func (p *Parameters) slow(s *Facts) bool {
	return s.X > 0 && (1-p.Thresholds.OverdueAtRisk)*p.yearly(s) <= p.Thresholds.OnsetsAtRisk
}

// quantile is the quantile of the current gap above which a customer enters a
// level: at least least, and so high that of its gaps while active at most onsets a
// year exceed it.
func (p *Parameters) quantile(s *Facts, least, onsets float64) float64 {
	return max(least, 1-onsets/p.yearly(s))
}

// bounded is the P(alive) below which a repeat buyer is at risk: enter, or less. Of
// those told at a P(alive) of q a share of q has not left, so to each one who has
// come q/(1−q) who have not. Where D leave in a year of activity, D·q/(1−q) must not
// exceed the onsets that a year may have. D is that of all customers; of a slow buyer
// the own, if it is less. By activity days it is how many stop coming.
func (p *Parameters) bounded(s *Facts, enter float64) float64 {
	if p.ByActivity(s) {
		return max(p.Thresholds.Lost, min(enter, p.highestActivity))
	}
	highest := p.highest
	if p.slow(s) {
		highest = max(highest, p.share(p.leavingLike(s)))
	}
	return max(p.Thresholds.Lost, min(enter, highest))
}

// allowed is the part of the onsets that P(alive) may use up. In simulated shops whose
// parameters are fitted while they sell, and not known, it makes up to a third more of
// them than it should (`make shops`).
const allowed = .75

// share is the P(alive) at which of all told in a year of activity, in which so many
// leave, no more have not left than OnsetsAtRisk.
func (p *Parameters) share(leaving float64) float64 {
	onsets := allowed * p.Thresholds.OnsetsAtRisk
	return onsets / (onsets + leaving)
}

// leavingLike is how many customers like this leave in a year of activity: the next
// purchase is the last with probability a/(a+b+x+1).
func (p *Parameters) leavingLike(s *Facts) float64 {
	m := &p.Purchase
	return p.yearly(s) * m.A / (m.A + m.B + float64(s.X) + 1)
}

// prepareBorders computes the P(alive) at which repeat buyers of any kind may be at
// risk.
func (p *Parameters) prepareBorders() {
	p.highest = p.share(leaving(p.timing()))
	if p.HasActivity {
		p.highestActivity = p.share(leaving(btyd.MBG{MBGNBD: p.Activity}))
	}
}

const (
	leavingYears     = 2
	leavingPurchases = 10_000 // at most, that the sum is bounded
)

// leaving is how many repeat buyers leave in a year of their activity: of the
// purchases within two years after the second, each of which may be the last.
func leaving(m btyd.MBG) float64 {
	// The mean rate, lowered by its spread: slow buyers make more of the time.
	yearly := m.R / (m.Alpha * float64(m.Order())) * (m.R / (m.R + 1)) * (daysPerYear / daysPerWeek)
	purchases := max(1, int(min(yearly*leavingYears, leavingPurchases)))
	stays := m.B / (m.A + m.B) // after the purchase at hand
	first, active := stays, 0.
	for i := range purchases {
		active += stays
		n := float64(i + 1)
		stays = float64(stays * ((m.B + n) / (m.A + m.B + n)))
	}
	return yearly * (first - stays) / active
}

// yearly is the expected number of purchases a year while active, the shrunken rate.
func (p *Parameters) yearly(s *Facts) float64 {
	h, order := history(s, s.LastDay), p.timing().Order()
	events := (p.Purchase.R + float64(order*h.X)) / (p.Purchase.Alpha + h.TX) // a week; so many make a purchase
	return events / float64(order) * (daysPerYear / daysPerWeek)
}
