package score

import "github.com/holdfast/holdfast/pipeline/signal"

const (
	visits7d  signal.ColumnID = 30
	visits30d signal.ColumnID = 31
	visits90d signal.ColumnID = 32
)

// VisitFigures are acting visits beside those of the facts.
type VisitFigures struct {
	Visits7  uint32
	Visits90 uint32
}

// visits is how often the customer comes.
var visits = family{
	name: "visits",
	columns: []signal.ColumnSpec{
		{ID: visits7d, Name: "visits_7d", Type: signal.TypeCount, Unit: "visits",
			Doc: "acting visits of the last 7 business days"},
		{ID: visits30d, Name: "visits_30d", Type: signal.TypeCount, Unit: "visits",
			Doc: "acting visits of the last 30 business days"},
		{ID: visits90d, Name: "visits_90d", Type: signal.TypeCount, Unit: "visits",
			Doc: "acting visits of the last 90 business days"},
	},
	edges: []edge{{Visits, 7}, {Visits, 30}, {Visits, 90}},
	fill: func(_ *Parameters, in *Input, row *signal.Row) {
		s := in.Statistics
		row.SetCount(visits7d, s.Visits7)
		row.SetCount(visits30d, s.Visits30)
		row.SetCount(visits90d, s.Visits90)
	},
}

// visitsDown reports whether the visits of the last 30 days are below half their
// baseline, a third of those of days 91 to 180.
func visitsDown(s *Facts) bool { return uint64(s.Visits30)*6 < uint64(s.VisitsPrevious90) }

func visitsDownReason(s *Facts, contribution float64) signal.Reason {
	return signal.Reason{
		Code: signal.VisitsDown, Contribution: contribution,
		Observed: float64(s.Visits30), HasObserved: true,
		Expected: float64(s.VisitsPrevious90) / 3, HasExpected: true,
	}
}
