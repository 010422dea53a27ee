package score

import "github.com/holdfast/holdfast/pipeline/signal"

// intentVisits is how many visits since the last purchase speak of an intent
// that came to nothing.
const intentVisits = 3

// visitsDown says whether the visits of the last 30 days are below half their
// baseline, a third of those of days 91 to 180.
func visitsDown(s *Statistics) bool { return uint64(s.Visits30)*6 < uint64(s.VisitsPrevious90) }

// intentGap says whether the customer comes and looks but does not buy.
func intentGap(s *Statistics) bool {
	return s.HasPurchase && s.VisitsSincePurchase >= intentVisits && s.RecencyDays() > 0
}

func visitsDownReason(s *Statistics, contribution float64) signal.Reason {
	return signal.Reason{
		Code: signal.VisitsDown, Contribution: contribution,
		Observed: float64(s.Visits30), HasObserved: true,
		Expected: float64(s.VisitsPrevious90) / 3, HasExpected: true,
	}
}

func intentGapReason(s *Statistics) signal.Reason {
	return signal.Reason{Code: signal.IntentGap, Observed: float64(s.VisitsSincePurchase), HasObserved: true}
}
