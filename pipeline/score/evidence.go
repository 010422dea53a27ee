package score

import (
	"fmt"
	"math"

	"github.com/holdfast/holdfast/pipeline/signal"
)

// Evidence is one thing besides silence that moves the churn risk.
type Evidence uint8

// Evidence in the order of its weights.
const (
	OpenComplaintLate Evidence = iota
	ComplaintResolvedLate
	RatingDrop
	RefundEvidence
	LateDeliveryEvidence
	BasketShrinkEvidence
	VisitsDownEvidence
	DiscountNotRepeated
	PointsRedeemed
	ReferralEvidence
	MultiChannel
	evidenceCount
)

// EvidenceCount is the number of weights.
const EvidenceCount = int(evidenceCount)

// Weights are added to the log-odds of churn where the evidence holds.
type Weights [EvidenceCount]float64

// evidence is the table of what there is: its name in the configuration (the
// code of its reason where it has one), the reason it is told by (ReasonNone:
// it moves the score and is never a reason), and what is missing as long as
// nothing fills the facts that it rests on: until then it never holds.
var evidence = [EvidenceCount]struct {
	name    string
	code    signal.ReasonCode
	missing string
}{
	OpenComplaintLate:     {name: "OPEN_COMPLAINT", code: signal.OpenComplaint},
	ComplaintResolvedLate: {"COMPLAINT_LATE", signal.ComplaintLate, "whether a solved complaint was solved in time"},
	RatingDrop:            {name: "TOP_BOX_LOST", code: signal.TopBoxLost},
	RefundEvidence:        {name: "REFUND", code: signal.ReasonRefund},
	LateDeliveryEvidence:  {"LATE_DELIVERY", signal.LateDelivery, "when an order was to be delivered"},
	BasketShrinkEvidence:  {name: "BASKET_SHRINK", code: signal.BasketShrink},
	VisitsDownEvidence:    {"VISITS_DOWN", signal.VisitsDown, "how many visits there were before the last 90 days"},
	DiscountNotRepeated:   {"DISCOUNT_NOT_REPEATED", signal.ReasonNone, "whether the first order was discounted"},
	PointsRedeemed:        {"POINTS_REDEEMED", signal.ReasonNone, "when points were redeemed"},
	ReferralEvidence:      {name: "REFERRAL", code: signal.ReasonNone},
	MultiChannel:          {"MULTI_CHANNEL", signal.ReasonNone, "which channels a customer uses"},
}

// Missing names what is not counted yet although the evidence rests on it, so
// that a weight for it has no effect; "" where all is counted.
func (e Evidence) Missing() string { return evidence[e].missing }

// String gives the name in the configuration.
func (e Evidence) String() string { return evidence[e].name }

// EvidenceNamed finds an evidence by its name in the configuration.
func EvidenceNamed(name string) (Evidence, bool) {
	for e := range evidence {
		if evidence[e].name == name {
			return Evidence(e), true
		}
	}
	return 0, false
}

// DefaultWeights has only the open complaint past its time switched on: it alone
// has data behind it (odds ratio of churn 3.8 with a complaint in an e-commerce
// cross-section). The others wait for a back-test that shows a gain.
func DefaultWeights() Weights {
	var w Weights
	w[OpenComplaintLate] = 1.3
	return w
}

func (w *Weights) check() error {
	for e, v := range w {
		if math.IsNaN(v) || math.Abs(v) > 20 {
			return fmt.Errorf("%w: weight of %s = %g, want -20 to 20", ErrParameter, Evidence(e), v)
		}
	}
	return nil
}
