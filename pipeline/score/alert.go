package score

import "github.com/holdfast/holdfast/pipeline/signal"

// FillAlert fills the parts of an alert that derive from the statistics, the
// scores and the parameters: how sure, why, value and provenance of the model.
// Its action must be set.
func (p *Parameters) FillAlert(s *Statistics, sc *Scores, lead *Lead, a *signal.Alert) {
	has := s.HasPurchase
	a.PAlive = someIf(has, sc.PAlive)
	a.PReturn = someIf(has, sc.PReturn)
	a.Score = someIf(has, sc.ChurnRisk)
	a.HorizonDays = p.HorizonDays
	a.Confidence = p.Confidence(&s.Facts)
	a.BasisPurchases = 0
	if has {
		a.BasisPurchases = s.X + 1
	}
	a.ReasonCount = 0
	if a.Action != signal.Resolved {
		a.ReasonCount = AlertReasons(lead, s, sc, &a.Reasons)
	}
	a.AtStake = someIf(has, sc.ValueAtRisk)
	a.CurrencyExponent = p.CurrencyExponent
	a.Model, a.ParamVersion = Model, p.Version
}
