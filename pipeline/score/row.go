package score

import "github.com/holdfast/holdfast/pipeline/signal"

// FillRow fills every column of the row that derives from the statistics, the
// scores and the parameters. Left to the caller: customer_id, segment, currency,
// time_zone, cohort_month, level, lifecycle_state, abc_class, tier, as_of,
// watermark, computed_at, src_partition, seq, is_deleted. Money is minor units
// also where the column is a Null[float64].
func (p *Parameters) FillRow(s *Statistics, sc *Scores, row *signal.CustomerRow) {}

// AlertReasons puts the reasons of an alert of this kind into out, the kind's own
// code first where it has one, and returns how many there are: 1 to 3.
func AlertReasons(kind signal.AlertKind, s *Statistics, sc *Scores, out *[signal.ReasonLimit]signal.Reason) int {
	return 0
}
