package score

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

const (
	complaintsOpen          signal.ColumnID = 33
	complaints30d           signal.ColumnID = 34
	complaints90d           signal.ColumnID = 35
	complaints30dByCategory signal.ColumnID = 36
	complaints90dByCategory signal.ColumnID = 37
	oldestOpenComplaintDays signal.ColumnID = 38
	complaintSLABreached    signal.ColumnID = 39
)

// ComplaintFigures are the complaints beside the facts: counts by category
// (event.Category - 1), and of the open ones the oldest and the one that is
// furthest past its time, if there is any.
type ComplaintFigures struct {
	Complaints30        [event.CategoryCount]uint32
	Complaints90        [event.CategoryCount]uint32
	OldestOpenAt        event.Instant
	OldestOpenDay       event.Day
	SLABreachedOpenedAt event.Instant // since when the time runs: its opening, or its latest reopening
	SLADueAt            event.Instant // what it has missed
	SLACategory         event.Category
}

// complaints is what the customer complained of, and whether it was answered.
var complaints = family{
	name: "complaints",
	columns: []signal.ColumnSpec{
		{ID: complaintsOpen, Name: "complaints_open", Type: signal.TypeCount, Unit: "complaints",
			Doc: "complaints open at as_of"},
		{ID: complaints30d, Name: "complaints_30d", Type: signal.TypeCount, Unit: "complaints",
			Doc: "complaints made in the last 30 business days"},
		{ID: complaints90d, Name: "complaints_90d", Type: signal.TypeCount, Unit: "complaints",
			Doc: "complaints made in the last 90 business days"},
		{ID: complaints30dByCategory, Name: "complaints_30d_by_category", Type: signal.TypeCounts, Unit: "complaints",
			Elements: event.CategoryCount, Doc: "complaints_30d by category: quality, contract, logistics, service, " +
				"attitude, price, billing, digital, other"},
		{ID: complaints90dByCategory, Name: "complaints_90d_by_category", Type: signal.TypeCounts, Unit: "complaints",
			Elements: event.CategoryCount, Doc: "complaints_90d by category, in the same order"},
		{ID: oldestOpenComplaintDays, Name: "oldest_open_complaint_days", Type: signal.TypeCount, Unit: "days", Null: true,
			Doc: "business days since the oldest open complaint was made, at as_of"},
		{ID: complaintSLABreached, Name: "complaint_sla_breached", Type: signal.TypeFlag,
			Doc: "1 where an open complaint is past its response or resolution time"},
	},
	edges: []edge{{Complaints, 30}, {Complaints, 90}},
	fill: func(_ *Parameters, in *Input, row *signal.Row) {
		s := in.Statistics
		row.SetCount(complaintsOpen, s.ComplaintsOpen)
		row.SetCount(complaints30d, sum(s.Complaints30[:]))
		row.SetCount(complaints90d, sum(s.Complaints90[:]))
		row.SetCounts(complaints30dByCategory, s.Complaints30[:])
		row.SetCounts(complaints90dByCategory, s.Complaints90[:])
		row.SetFlag(complaintSLABreached, s.SLABreachedOpen)
		if s.ComplaintsOpen > 0 && s.OldestOpenAt != 0 {
			row.SetCount(oldestOpenComplaintDays, uint32(max(0, s.Today-s.OldestOpenDay)))
		}
	},
}

func sum(counts []uint32) (total uint32) {
	for _, n := range counts {
		total += n
	}
	return total
}

// resolvedLateFor is how long a complaint solved late still counts against.
const resolvedLateFor = 90 * event.Day24h

// goodwill is the factor by which loyal customers forgive: 1/(1 + 0.1·min(x, 10)).
func goodwill(x uint32) float64 { return 1 / (1 + float64(.1*float64(min(x, 10)))) }

// resolvedLate reports whether the latest solved complaint was solved after its
// time, within the last 90 days.
func resolvedLate(s *Facts) bool {
	return s.ComplaintResolvedLate && s.Now-s.LastComplaintSolvedAt <= resolvedLateFor
}

// openComplaintReason tells of the open complaint past its time in days.
func openComplaintReason(s *Statistics, contribution float64) signal.Reason {
	return signal.Reason{
		Code: signal.OpenComplaint, Contribution: contribution, Topic: s.SLACategory.String(),
		Observed: days(s.Now - s.SLABreachedOpenedAt), HasObserved: true,
		Expected: days(s.SLADueAt - s.SLABreachedOpenedAt), HasExpected: true,
	}
}

// resolvedLateReason tells of a complaint that was solved after its time.
func resolvedLateReason(s *Facts, contribution float64) signal.Reason {
	return signal.Reason{
		Code: signal.ComplaintLate, Contribution: contribution,
		Observed: days(s.Now - s.LastComplaintSolvedAt), HasObserved: true,
	}
}

func days(span event.Instant) float64 { return float64(max(0, span)) / float64(event.Day24h) }
