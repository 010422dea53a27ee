package score

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
)

const (
	overdueRatio    signal.ColumnID = 48
	overdueQuantile signal.ColumnID = 49
	nextPurchaseQ50 signal.ColumnID = 50
	nextPurchaseQ90 signal.ColumnID = 51
)

// OverdueFigures is where the silence begins.
type OverdueFigures struct {
	// LastDayStart is the instant at which the latest purchase day begins in the
	// business zone.
	LastDayStart event.Instant
}

// overdue is how long the silence is against the customer's own rhythm.
var overdue = family{
	name: "overdue",
	columns: []signal.ColumnSpec{
		{ID: overdueRatio, Name: "overdue_ratio", Type: signal.TypeFloat, Unit: "ratio", Null: true,
			Doc: "silence times the customer's shrunken purchase rate"},
		{ID: overdueQuantile, Name: "overdue_quantile", Type: signal.TypeFloat, Unit: "probability", Null: true,
			Doc: "quantile of the current gap if still active, 0 to 1"},
		{ID: nextPurchaseQ50, Name: "next_purchase_q50_ts", Type: signal.TypeInstant, Null: true,
			Doc: "by then half of such customers have bought again, if active"},
		{ID: nextPurchaseQ90, Name: "next_purchase_q90_ts", Type: signal.TypeInstant, Null: true,
			Doc: "by then nine of ten such customers have bought again, if active"},
	},
	fill: func(_ *Parameters, in *Input, row *signal.Row) {
		s, sc := in.Statistics, in.Scores
		if !s.HasPurchase {
			return
		}
		row.SetFloat(overdueRatio, sc.OverdueRatio)
		row.SetFloat(overdueQuantile, sc.OverdueQuantile)
		setNextPurchase(row, nextPurchaseQ50, s, sc.GapQ50Days)
		setNextPurchase(row, nextPurchaseQ90, s, sc.GapQ90Days)
	},
}

// farthestNext bounds the instants of next purchases: beyond a century they are
// null, and they stay within the range of the column.
const farthestNext = 36500

// setNextPurchase sets the instant that lies a gap after the latest purchase day.
func setNextPurchase(row *signal.Row, id signal.ColumnID, s *Statistics, gapDays float64) {
	if gapDays <= farthestNext {
		gap := event.Instant(math.Round(float64(gapDays * float64(event.Day24h))))
		row.SetInstant(id, signal.Instant(s.LastDayStart+gap))
	}
}

// gaps fills how long the silence is against the customer's own rhythm: the
// ratio, the quantile of the current gap if still active, and the gaps under
// which half and nine of ten such gaps lie.
func (p *Parameters) gaps(h btyd.History, quantile float64, out *Scores) {
	out.OverdueRatio = p.timing().OverdueRatio(h)
	out.OverdueQuantile = quantile
	out.GapQ50Days = daysPerWeek * p.timing().GapQuantile(h, .5)
	out.GapQ90Days = daysPerWeek * p.timing().GapQuantile(h, .9)
}
