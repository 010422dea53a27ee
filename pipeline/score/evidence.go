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
// nothing fills the facts that it rests on: until then it never holds. One without a
// reason has the words by which it is told as a part of the score.
var evidence = [EvidenceCount]struct {
	name    string
	code    signal.ReasonCode
	missing string
	words   string
}{
	OpenComplaintLate: {name: "OPEN_COMPLAINT", code: signal.OpenComplaint},
	ComplaintResolvedLate: {name: "COMPLAINT_LATE", code: signal.ComplaintLate,
		missing: "whether a solved complaint was solved in time"},
	RatingDrop:     {name: "TOP_BOX_LOST", code: signal.TopBoxLost},
	RefundEvidence: {name: "REFUND", code: signal.ReasonRefund},
	LateDeliveryEvidence: {name: "LATE_DELIVERY", code: signal.LateDelivery,
		missing: "when an order was to be delivered"},
	BasketShrinkEvidence: {name: "BASKET_SHRINK", code: signal.BasketShrink},
	VisitsDownEvidence: {name: "VISITS_DOWN", code: signal.VisitsDown,
		missing: "how many visits there were before the last 90 days"},
	DiscountNotRepeated: {name: "DISCOUNT_NOT_REPEATED", missing: "whether the first order was discounted",
		words: "bought on discount once, and not again"},
	PointsRedeemed: {name: "POINTS_REDEEMED", missing: "when points were redeemed",
		words: "redeemed points in the last 30 days"},
	ReferralEvidence: {name: "REFERRAL", words: "recommended the shop in the last 90 days"},
	MultiChannel: {name: "MULTI_CHANNEL", missing: "which channels a customer uses",
		words: "used two channels or more in the last 90 days"},
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
