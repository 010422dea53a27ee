package score

import (
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
)

const (
	expectedSpend signal.ColumnID = 53
	clv365d       signal.ColumnID = 54
	valueAtRisk   signal.ColumnID = 55
	abcClass      signal.ColumnID = 60
	tier          signal.ColumnID = 61
	valueNow      signal.ColumnID = 76
)

// value is what the customer is expected to bring, and its rank among all.
var value = family{
	name: "value",
	columns: []signal.ColumnSpec{
		{ID: expectedSpend, Name: "expected_spend", Type: signal.TypeAmount, Null: true,
			Doc: "E[M]: expected value of a purchase day"},
		{ID: clv365d, Name: "clv_365d", Type: signal.TypeAmount, Null: true,
			Doc: "expected discounted margin of the next 365 days"},
		{ID: valueAtRisk, Name: "value_at_risk", Type: signal.TypeAmount, Null: true, History: true,
			Doc: "(1 - p_alive) times clv_365d if alive; orders the queue"},
		{ID: abcClass, Name: "abc_class", Type: signal.TypeName,
			Doc: "A, B, C; empty while no cut points are in force"},
		{ID: tier, Name: "tier", Type: signal.TypeName,
			Doc: "value pyramid tier; empty while no cut points are in force"},
		{ID: valueNow, Name: "value_now", Type: signal.TypeAmount, Null: true,
			Doc: "net margin of the last 365 business days: as orders give it, else a ratio of their net"},
	},
	edges: []edge{{Purchases, 365}},
	fill: func(p *Parameters, in *Input, row *signal.Row) {
		if !in.Statistics.HasPurchase {
			return
		}
		row.SetAmount(valueNow, p.netMargin(in.Statistics))
		row.SetAmount(expectedSpend, in.Scores.ExpectedSpend)
		row.SetAmount(clv365d, in.Scores.CLV365)
		row.SetAmount(valueAtRisk, in.Scores.ValueAtRisk)
	},
}

// netMargin is the net margin of the last 365 business days, in minor units: as
// orders give it, and by the configured ratio of the net of those that give none.
func (p *Parameters) netMargin(s *Statistics) float64 {
	return float64(s.Margin365) + float64(p.MarginRatio*float64(s.Net365-s.MarginNet365))
}

const weeksPerYear = 52

// worth fills what the customer is expected to bring and what of it is at risk.
//
//	clv_365d      = money.margin_ratio × E[M] × discounted E[purchase days in 52 weeks]
//	value_at_risk = (1 − p_alive) × clv_365d / p_alive_purchase
//
// E[purchases] carries p_alive_purchase as a factor, so the quotient is the value of the
// same customer if alive. Both sums come from a table that is good to 1e-6
// (btyd.ValueTable). Where that is 0 to the last bit, so is the value.
func (p *Parameters) worth(s *Statistics, h btyd.History, out *Scores) {
	expected90, days := p.values.Living(h)
	out.Expected90 = out.PAlivePurchase * expected90
	out.ExpectedSpend = p.expectedSpend(s)
	days *= out.PAlivePurchase
	out.CLV365 = p.MarginRatio * out.ExpectedSpend * days
	if out.PAlivePurchase > 0 {
		out.ValueAtRisk = (1 - out.PAlive) * (out.CLV365 / out.PAlivePurchase)
	}
}

// expectedSpend is E[M], the expected value of a purchase day in minor units: by
// gamma-gamma over the repeat days with a positive net, or, where no spend model
// is in force, the customer's own mean (of the repeat days; of all days where
// there is none; never below 0).
func (p *Parameters) expectedSpend(s *Statistics) float64 {
	mean := 0.
	if s.RepeatNetDays > 0 {
		mean = float64(s.RepeatNet) / float64(s.RepeatNetDays)
	}
	switch {
	case p.HasSpend:
		return p.minor * p.Spend.ExpectedSpend(int(s.RepeatNetDays), mean/p.minor)
	case s.RepeatNetDays > 0:
		return mean
	case s.PurchaseDaysLife > 0 && s.NetLife > 0:
		return float64(s.NetLife) / float64(s.PurchaseDaysLife)
	}
	return 0
}
