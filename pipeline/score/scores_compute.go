package score

import "github.com/holdfast/holdfast/pipeline/signal"

// Scores computes everything for a row or an alert into out, which it overwrites.
func (p *Parameters) Scores(s *Statistics, out *Scores) {
	*out = Scores{}
	orderValues(s, out)
	meanGap(&s.Facts, out)
	pr := p.Probabilities(&s.Facts)
	if s.HasPurchase {
		h := history(&s.Facts, s.Today)
		out.PAlive, out.PAlivePurchase = pr.PAlive, pr.PAlivePurchase
		out.AliveBasis = p.aliveBasis(&s.Facts)
		p.comebacks(h, out)
		p.gaps(h, pr.OverdueQuantile, out)
		p.worth(s, h, out)
	}
	out.Ladder = p.LadderStage(&s.Facts, &pr)
	p.assess(s, &pr, out)
	if s.Closed {
		out.leave()
	}
}

// leave says of who has closed the account that it is gone, whatever the model says:
// no probability, no purchases to come, no value.
func (sc *Scores) leave() {
	sc.PAlive, sc.PAlivePurchase = 0, 0
	sc.PReturn30, sc.PReturn60, sc.PReturn90, sc.PReturn = 0, 0, 0, 0
	sc.Expected90, sc.CLV365, sc.ValueAtRisk = 0, 0, 0
	if sc.AliveBasis != signal.AliveUnknown {
		sc.AliveBasis = signal.AliveByClosure
	}
	if sc.PReturnAtPurchase > 0 { // who has bought
		sc.RelativeDrop, sc.ChurnRisk = 1, 1
	}
}
