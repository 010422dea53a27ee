package score

import "github.com/holdfast/holdfast/pipeline/score/btyd"

// overdue fills how long the silence is against the customer's own rhythm: the
// ratio, the quantile of the current gap if still active, and the gaps under
// which half and nine of ten such gaps lie.
func (p *Parameters) overdue(h btyd.History, quantile float64, out *Scores) {
	out.OverdueRatio = p.Purchase.OverdueRatio(h)
	out.OverdueQuantile = quantile
	out.GapQ50Days = daysPerWeek * p.Purchase.GapQuantile(h, .5)
	out.GapQ90Days = daysPerWeek * p.Purchase.GapQuantile(h, .9)
}
