package score

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// resolvedLateFor is how long a complaint solved late still counts against.
const resolvedLateFor = 90 * event.Day24h

// goodwill is the factor by which loyal customers forgive: 1/(1 + 0.1·min(x, 10)).
func goodwill(x uint32) float64 { return 1 / (1 + float64(.1*float64(min(x, 10)))) }

// resolvedLate says whether the latest solved complaint was solved after its
// time, within the last 90 days.
func resolvedLate(s *Statistics) bool {
	return s.ComplaintResolvedLate && s.Now-s.LastComplaintSolvedAt <= resolvedLateFor
}

// openDays is the age of the oldest open complaint in business days; null where none is open.
func openDays(s *Statistics) signal.Null[uint32] {
	if s.ComplaintsOpen == 0 || s.OldestOpenAt == 0 {
		return signal.Null[uint32]{}
	}
	return signal.Some(uint32(max(0, s.Today-s.OldestOpenDay)))
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
func resolvedLateReason(s *Statistics, contribution float64) signal.Reason {
	return signal.Reason{
		Code: signal.ComplaintLate, Contribution: contribution,
		Observed: days(s.Now - s.LastComplaintSolvedAt), HasObserved: true,
	}
}

func days(span event.Instant) float64 { return float64(max(0, span)) / float64(event.Day24h) }
