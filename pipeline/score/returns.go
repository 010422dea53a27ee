package score

import "github.com/holdfast/holdfast/pipeline/score/btyd"

// returns fills the probabilities of at least one purchase day in the next H
// days, and by how much the one of the horizon has fallen since the latest
// purchase.
func (p *Parameters) returns(h btyd.History, out *Scores) {
	within := func(days float64) float64 { return p.Purchase.PReturn(h, days/daysPerWeek) }
	out.PReturn30, out.PReturn60, out.PReturn90 = within(30), within(60), within(90)
	horizon := float64(p.HorizonDays)
	out.PReturn = out.PReturn90
	if p.HorizonDays != 90 {
		out.PReturn = within(horizon)
	}
	out.PReturnAtPurchase = p.Purchase.PReturnAtPurchase(h, horizon/daysPerWeek)
	if out.PReturnAtPurchase > 0 {
		out.RelativeDrop = max(0, 1-out.PReturn/out.PReturnAtPurchase)
	}
}
