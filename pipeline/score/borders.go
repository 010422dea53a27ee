package score

// How often an active customer may be taken for one who leaves is the same whatever
// the rhythm (Thresholds.OnsetsAtRisk), so where a level begins depends on the
// customer's own. The borders rest on the purchase days and the parameters alone.

// ByQuantile reports whether the quantile of the current gap enters levels of the
// customer: where the model cannot tell silence from loss, and of slow buyers.
func (p *Parameters) ByQuantile(s *Facts) bool {
	return s.HasPurchase && (!p.DropoutIdentified || p.slow(s))
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
// exceed the onsets that a year may have.
func (p *Parameters) bounded(s *Facts, enter float64) float64 {
	onsets := p.Thresholds.OnsetsAtRisk
	return max(p.Thresholds.Lost, min(enter, onsets/(onsets+p.leaving(s))))
}

// leaving is how many customers like this leave in a year of activity. Each purchase
// may be the last with probability a/(a+b+x+1), which falls with every one that is
// not: taken as it will stand in the middle of the coming quarter.
func (p *Parameters) leaving(s *Facts) float64 {
	m, yearly := &p.Purchase, p.yearly(s)
	return yearly * m.A / (m.A + m.B + float64(s.X) + 1 + float64(yearly/8))
}

// yearly is the expected number of purchases a year while active, the shrunken rate.
func (p *Parameters) yearly(s *Facts) float64 {
	h := history(s, s.LastDay)
	return (p.Purchase.R + float64(h.X)) / (p.Purchase.Alpha + h.TX) * (daysPerYear / daysPerWeek)
}
