package score

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/signal"
)

const (
	churnRisk   signal.ColumnID = 56
	reasonCodes signal.ColumnID = 62
)

// risk is how great the danger is that the customer leaves, and why.
var risk = family{
	name: "churn risk",
	columns: []signal.ColumnSpec{
		{ID: churnRisk, Name: "churn_risk", Type: signal.TypeFloat, Unit: "probability", Null: true, History: true,
			Doc: "risk score with all evidence, 0 to 1"},
		{ID: reasonCodes, Name: "reason_codes", Type: signal.TypeEnums, History: true,
			EnumName: signal.NamesOf[signal.ReasonCode], Doc: "up to three reasons, strongest first"},
	},
	edges: []edge{{VisitsSincePurchase, IntentDays}},
	fill: func(_ *Parameters, in *Input, row *signal.Row) {
		sc := in.Scores
		if in.Statistics.HasPurchase {
			row.SetFloat(churnRisk, sc.ChurnRisk)
		}
		for i := range sc.Reasons[:sc.ReasonCount] {
			row.AddEnum(reasonCodes, uint8(sc.Reasons[i].Code))
		}
	},
}

// overdueFrom is the overdue quantile from which silence is told as a reason:
// before it, half of all such gaps are still longer.
const overdueFrom = 500_000 // millionths

// logitLimit bounds a log-odds, so that a probability of 0 or 1 to the last bit
// leaves a sum that can still be added to.
const logitLimit = 40

// assess fills churn_risk = σ(z₀ + Σ w f) with z₀ = logit(1 − p_return), and
// the reasons: the largest positive contributions. Silence contributes by how
// much z₀ has risen since right after the latest purchase, so that a naturally
// slow buyer is not blamed for being slow. Without a purchase there is no risk.
func (p *Parameters) assess(s *Statistics, pr *Probabilities, out *Scores) {
	var found [EvidenceCount]bool
	holding(&s.Facts, &found)
	z := 0.
	if s.HasPurchase {
		z = logOddsAway(out.PReturn)
		if pr.OverdueMillionths >= overdueFrom {
			rise := max(0, z-logOddsAway(out.PReturnAtPurchase))
			out.add(overdueReason(s, out, rise))
		}
	}
	for e := range found {
		if !found[e] {
			continue
		}
		w := p.weight(Evidence(e), s.X)
		z += w
		if code := evidence[e].code; w > 0 && code != signal.ReasonNone {
			out.add(reasonOf(Evidence(e), s, out, w))
		}
	}
	if s.HasPurchase {
		out.ChurnRisk = sigmoid(z)
	}
	p.addWeightless(s, pr, out)
	out.Mask = p.ReasonMask(&s.Facts, pr)
}

// weight is what an evidence adds to the log-odds; a complaint is weighed by the
// goodwill of repeat buyers.
func (p *Parameters) weight(e Evidence, x uint32) float64 {
	if e == OpenComplaintLate || e == ComplaintResolvedLate {
		return float64(p.Weights[e] * goodwill(x))
	}
	return p.Weights[e]
}

// ReasonMask is the set of the codes that contribute to the churn risk, by tests
// that cost nothing: what a judgement compares to see whether the reasons of an
// open alert have changed.
func (p *Parameters) ReasonMask(s *Facts, pr *Probabilities) signal.ReasonMask {
	var found [EvidenceCount]bool
	holding(s, &found)
	var mask signal.ReasonMask
	if s.HasPurchase && pr.OverdueMillionths >= overdueFrom {
		mask = mask.With(signal.Overdue)
	}
	for e := range found {
		if code := evidence[e].code; found[e] && p.Weights[e] > 0 && code != signal.ReasonNone {
			mask = mask.With(code)
		}
	}
	return mask
}

// holding says of each evidence whether it holds.
func holding(s *Facts, found *[EvidenceCount]bool) {
	found[OpenComplaintLate] = s.SLABreachedOpen
	found[ComplaintResolvedLate] = resolvedLate(s)
	found[RatingDrop] = s.RatingPrevious == 5 && s.RatingLast > 0 && s.RatingLast < 5
	found[RefundEvidence] = s.RefundInLastOrder
	found[LateDeliveryEvidence] = s.LateDelivery
	found[BasketShrinkEvidence] = basketShrunk(s)
	found[VisitsDownEvidence] = visitsDown(s)
	found[DiscountNotRepeated] = s.HasPurchase && s.DiscountAcquired && s.X == 0
	found[PointsRedeemed] = s.PointsRedeemed30
	found[ReferralEvidence] = s.Referral90
	found[MultiChannel] = s.Channels90 >= 2
}

// logOddsAway is z₀ = logit(1 − p_return), held within ±logitLimit.
func logOddsAway(pReturn float64) float64 {
	return min(logitLimit, max(-logitLimit, math.Log1p(-pReturn)-math.Log(pReturn)))
}

// sigmoid is 1/(1+e^−z) without overflow.
func sigmoid(z float64) float64 {
	if z >= 0 {
		return 1 / (1 + math.Exp(-z))
	}
	e := math.Exp(z)
	return e / (1 + e)
}
