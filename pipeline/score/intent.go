package score

import "github.com/holdfast/holdfast/pipeline/signal"

// A visit speaks of an intent for IntentDays; intentVisits of them since the
// latest purchase speak of one that came to nothing.
const (
	IntentDays   = 60
	intentVisits = 3
)

// IntentFigures is what speaks of an intent to buy.
type IntentFigures struct {
	VisitsSincePurchase uint32 // within IntentDays
}

// intentGap reports whether the customer comes and looks but does not buy.
func intentGap(s *Statistics) bool {
	return s.HasPurchase && s.VisitsSincePurchase >= intentVisits && s.RecencyDays() > 0
}

func intentGapReason(s *Statistics) signal.Reason {
	return signal.Reason{Code: signal.IntentGap, Observed: float64(s.VisitsSincePurchase), HasObserved: true}
}
