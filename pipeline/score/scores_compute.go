package score

// Scores computes everything for a row or an alert into out, which it overwrites.
func (p *Parameters) Scores(s *Statistics, out *Scores) {
	*out = Scores{}
	orderValues(s, out)
	recency(s, out)
	pr := p.Probabilities(s)
	if s.HasPurchase {
		h := history(s, s.Today)
		out.PAlive = pr.PAlive
		p.returns(h, out)
		p.overdue(h, pr.OverdueQuantile, out)
		p.value(s, h, out)
	}
	out.Ladder = p.LadderStage(s, &pr)
	p.churnRisk(s, &pr, out)
}
