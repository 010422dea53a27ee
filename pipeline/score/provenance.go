package score

import "github.com/holdfast/holdfast/pipeline/signal"

const (
	approximate       signal.ColumnID = 63
	dropoutIdentified signal.ColumnID = 64
	dataSufficiency   signal.ColumnID = 65
	model             signal.ColumnID = 66
	paramVersion      signal.ColumnID = 67
	asOf              signal.ColumnID = 68
	watermark         signal.ColumnID = 69
	computedAt        signal.ColumnID = 70
	srcPartition      signal.ColumnID = 71
	seq               signal.ColumnID = 72
	isDeleted         signal.ColumnID = 73
	clock             signal.ColumnID = 109
)

// provenance is what the row rests on: how exact it is, by which model, of which
// moment, and its version.
var provenance = family{
	name: "provenance",
	columns: []signal.ColumnSpec{
		// FillRow sets it, because it depends on the other columns.
		{ID: approximate, Name: "approximate", Type: signal.TypeFlag, Doc: "1 where something may be missing: " +
			"older than what is remembered, or beyond what a number here can hold"},
		{ID: dropoutIdentified, Name: "dropout_identified", Type: signal.TypeFlag,
			Doc: "0 where the model cannot tell silence from loss"},
		{ID: dataSufficiency, Name: "data_sufficiency", Type: signal.TypeEnum,
			EnumName: signal.NamesOf[signal.DataSufficiency],
			Doc:      "ok, few_customers, short_history, few_outcomes, no_fit"},
		{ID: model, Name: "model", Type: signal.TypeName, Doc: "purchase model"},
		{ID: paramVersion, Name: "param_version", Type: signal.TypeName, History: true,
			Doc: "version of the parameters, joins model_params"},
		{ID: asOf, Name: "as_of", Type: signal.TypeInstant, History: true,
			Doc: "the moment that the row describes: the later of the clock and what made the row"},
		{ID: watermark, Name: "watermark", Type: signal.TypeInstant, Doc: "the shard's clock reading"},
		{ID: computedAt, Name: "computed_at", Type: signal.TypeInstant, History: true,
			Doc: "wall time at which the row was computed"},
		{ID: srcPartition, Name: "src_partition", Type: signal.TypeUint16, History: true, Doc: "the shard"},
		{ID: seq, Name: "seq", Type: signal.TypeUint64, History: true,
			Doc: "epoch << 36 | dense number within the shard; the row's version"},
		{ID: clock, Name: "clock", Type: signal.TypeName,
			Doc: "what the shard's clock follows: honest (the wall time, once all that had arrived is applied), events " +
				"(never ahead of the latest event)"},
		{ID: isDeleted, Name: "is_deleted", Type: signal.TypeFlag, Doc: "1 hides the customer"},
	},
	fill: func(p *Parameters, in *Input, row *signal.Row) {
		row.SetFlag(dropoutIdentified, p.DropoutIdentified)
		row.SetEnum(dataSufficiency, uint8(p.DataSufficiency))
		row.SetName(model, Model)
		row.SetName(paramVersion, p.Version)
		row.SetInstant(asOf, in.AsOf)
		row.SetInstant(watermark, in.Watermark)
		row.SetName(clock, in.Clock.String())
		row.SetInstant(computedAt, in.ComputedAt)
		row.SetUint16(srcPartition, in.Shard)
		row.SetUint64(seq, in.Seq)
	},
}
