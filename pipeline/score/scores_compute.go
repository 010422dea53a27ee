package score

// Scores computes everything for a row or an alert into out, which it overwrites.
func (p *Parameters) Scores(s *Statistics, out *Scores) {
	*out = Scores{}
	orderValues(s, out)
	meanGap(&s.Facts, out)
	pr := p.Probabilities(&s.Facts)
	if s.HasPurchase {
		h := history(&s.Facts, s.Today)
		out.PAlive, out.PAlivePurchase = pr.PAlive, pr.PAlivePurchase
		p.comebacks(h, out)
		p.gaps(h, pr.OverdueQuantile, out)
		p.worth(s, h, out)
	}
	out.Ladder = p.LadderStage(&s.Facts, &pr)
	p.assess(s, &pr, out)
}
