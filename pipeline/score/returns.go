package score

import (
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
)

const (
	pAlive            signal.ColumnID = 41
	pAlivePurchase    signal.ColumnID = 42
	pReturn30d        signal.ColumnID = 43
	pReturn60d        signal.ColumnID = 44
	pReturn90d        signal.ColumnID = 45
	pReturnAtPurchase signal.ColumnID = 46
	relativeDrop      signal.ColumnID = 47
	expected90d       signal.ColumnID = 52
	pAliveBasis       signal.ColumnID = 108
)

// returns is how probable it is that the customer is still one, and comes back.
var returns = family{
	name: "returns",
	columns: []signal.ColumnSpec{
		{ID: pAlive, Name: "p_alive", Type: signal.TypeFloat, Unit: "probability", Null: true, History: true,
			Doc: "probability of being still a customer, at as_of; drives levels"},
		{ID: pAlivePurchase, Name: "p_alive_purchase", Type: signal.TypeFloat, Unit: "probability", Null: true,
			Doc: "p_alive of the purchase days alone"},
		{ID: pReturn30d, Name: "p_return_30d", Type: signal.TypeFloat, Unit: "probability", Null: true,
			Doc: "probability of a purchase day in the next 30 days"},
		{ID: pReturn60d, Name: "p_return_60d", Type: signal.TypeFloat, Unit: "probability", Null: true,
			Doc: "probability of a purchase day in the next 60 days"},
		{ID: pReturn90d, Name: "p_return_90d", Type: signal.TypeFloat, Unit: "probability", Null: true, History: true,
			Doc: "probability of a purchase day in the next 90 days; the calibrated number"},
		{ID: pReturnAtPurchase, Name: "p_return_at_last_purchase", Type: signal.TypeFloat, Unit: "probability", Null: true,
			Doc: "p_return_90d as it was right after the latest purchase"},
		{ID: relativeDrop, Name: "relative_drop", Type: signal.TypeFloat, Unit: "ratio", Null: true,
			Doc: "1 - p_return_90d / p_return_at_last_purchase"},
		{ID: expected90d, Name: "expected_purchases_90d", Type: signal.TypeFloat, Unit: "days", Null: true,
			Doc: "expected purchase days in the next 90 days"},
		{ID: pAliveBasis, Name: "p_alive_basis", Type: signal.TypeEnum, History: true,
			EnumName: signal.NamesOf[signal.AliveBasis],
			Doc: "which days p_alive is of: purchase, activity; closure where the account is closed, so that it is 0; " +
				"empty where there is none"},
	},
	fill: func(_ *Parameters, in *Input, row *signal.Row) {
		if !in.Statistics.HasPurchase {
			return
		}
		sc := in.Scores
		row.SetEnum(pAliveBasis, uint8(sc.AliveBasis))
		row.SetFloat(pAlive, sc.PAlive)
		row.SetFloat(pAlivePurchase, sc.PAlivePurchase)
		row.SetFloat(pReturn30d, sc.PReturn30)
		row.SetFloat(pReturn60d, sc.PReturn60)
		row.SetFloat(pReturn90d, sc.PReturn90)
		row.SetFloat(pReturnAtPurchase, sc.PReturnAtPurchase)
		row.SetFloat(relativeDrop, sc.RelativeDrop)
		row.SetFloat(expected90d, sc.Expected90)
	},
}

// comebacks fills the probabilities of at least one purchase day in the next H
// days, and by how much the one of the horizon has fallen since the latest
// purchase.
func (p *Parameters) comebacks(h btyd.History, out *Scores) {
	within := func(days float64) float64 { return p.timing().PReturn(h, days/daysPerWeek) }
	out.PReturn30, out.PReturn60, out.PReturn90 = within(30), within(60), within(90)
	horizon := float64(p.HorizonDays)
	out.PReturn = out.PReturn90
	if p.HorizonDays != 90 {
		out.PReturn = within(horizon)
	}
	out.PReturnAtPurchase = p.timing().PReturnAtPurchase(h, horizon/daysPerWeek)
	if out.PReturnAtPurchase > 0 {
		out.RelativeDrop = max(0, 1-out.PReturn/out.PReturnAtPurchase)
	}
}
