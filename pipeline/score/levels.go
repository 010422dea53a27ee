package score

import "github.com/holdfast/holdfast/pipeline/signal"

const (
	level          signal.ColumnID = 57
	lifecycleState signal.ColumnID = 58
	ladderStage    signal.ColumnID = 59
)

// levels is where the customer stands: on the way out, in its life with the
// shop, on the loyalty ladder.
var levels = family{
	name: "levels",
	columns: []signal.ColumnSpec{
		{ID: level, Name: "level", Type: signal.TypeEnum, History: true, EnumName: signal.NamesOf[signal.Level],
			Doc: "none, watch, at_risk, critical, lost"},
		{ID: lifecycleState, Name: "lifecycle_state", Type: signal.TypeEnum, History: true,
			EnumName: signal.NamesOf[signal.Lifecycle],
			Doc:      "prospect, new, active, watch, at_risk, critical, lost, reactivated, closed"},
		{ID: ladderStage, Name: "ladder_stage", Type: signal.TypeEnum, EnumName: signal.NamesOf[signal.Ladder],
			Doc: "suspect, prospect, first, repeat, advocate"},
	},
	fill: func(_ *Parameters, in *Input, row *signal.Row) {
		row.SetEnum(level, uint8(in.Level))
		row.SetEnum(lifecycleState, uint8(in.Lifecycle))
		row.SetEnum(ladderStage, uint8(in.Scores.Ladder))
	},
}
