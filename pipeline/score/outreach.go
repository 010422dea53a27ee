package score

import "github.com/holdfast/holdfast/pipeline/signal"

const (
	optedOut    signal.ColumnID = 105
	doNotRetain signal.ColumnID = 106
	holdoutArm  signal.ColumnID = 107
)

// outreach is what speaks against writing to the customer, whatever the risk.
var outreach = family{
	name: "outreach",
	columns: []signal.ColumnSpec{
		{ID: optedOut, Name: "opted_out", Type: signal.TypeFlag,
			Doc: "1 where consent to marketing is withdrawn, by the latest event that says"},
		{ID: doNotRetain, Name: "do_not_retain", Type: signal.TypeFlag,
			Doc: "1 after a chargeback or a closure for fraud: no alert is delivered"},
		{ID: holdoutArm, Name: "holdout_arm", Type: signal.TypeName,
			Doc: "treat, or holdout: left alone, so that the effect of treating can be measured; empty in a row of before " +
				"there was this column, whose opted_out and do_not_retain say nothing"},
	},
	fill: func(_ *Parameters, in *Input, row *signal.Row) {
		row.SetFlag(optedOut, in.Statistics.OptedOut)
		row.SetFlag(doNotRetain, in.Statistics.DoNotRetain)
		row.SetName(holdoutArm, signal.ArmOf(in.Holdout))
	},
}
