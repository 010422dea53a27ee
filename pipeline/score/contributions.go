package score

import "github.com/holdfast/holdfast/pipeline/signal"

// Part is what a contribution to the churn risk comes from.
type Part uint8

// Parts, in the order in which they are told.
const (
	// PartBase is what the model said right after the latest purchase.
	PartBase Part = iota
	// PartFirstBase is the same of who has bought on one day alone: most of such
	// customers never come back, whatever they do.
	PartFirstBase
	// PartSilence is what the silence since has added; below 0 where a purchase has
	// come nearer by it, as with regular buyers.
	PartSilence
	// PartEvidence is the weight of an evidence that holds.
	PartEvidence
)

var partNames = [...]string{"base", "first_time_buyer_base", "silence", "evidence"}

// String gives the published name.
func (v Part) String() string { return partNames[v] }

// Contribution is a part of the churn risk.
type Contribution struct {
	Part     Part
	Evidence Evidence // with PartEvidence
	LogOdds  float64  // may be negative
	// Reason tells it with its figures, where it has a code: an evidence without one
	// has none.
	Reason signal.Reason
}

// Contributions returns all parts of the churn risk that Scores computed of the
// statistics: what is told as a reason and what is not, in log-odds, whose sum is
// logit(ChurnRisk). Weights of 0 are left out. Nothing contributes to the risk of a
// customer without a purchase, which is none, nor of one who has closed the account,
// which is certain.
func (p *Parameters) Contributions(s *Statistics, sc *Scores) []Contribution {
	if !s.HasPurchase || s.Closed {
		return nil
	}
	base, now := logOddsAway(sc.PReturnAtPurchase), logOddsAway(sc.PReturn)
	first := PartBase
	if s.X == 0 {
		first = PartFirstBase
	}
	all := []Contribution{
		{Part: first, LogOdds: base},
		{Part: PartSilence, LogOdds: now - base, Reason: overdueReason(s, sc, now-base)},
	}
	var found [EvidenceCount]bool
	holding(&s.Facts, &found)
	for e := range found {
		if w := p.weight(Evidence(e), s.X); found[e] && w != 0 {
			all = append(all, Contribution{Part: PartEvidence, Evidence: Evidence(e), LogOdds: w,
				Reason: reasonOf(Evidence(e), s, sc, w)})
		}
	}
	return all
}

// Text is the contribution in one sentence.
func (c *Contribution) Text() string {
	switch {
	case c.Part == PartBase:
		return "what the model expects of such a customer right after a purchase"
	case c.Part == PartFirstBase:
		return "first-time buyer's base: what the model expects of anyone right after the first purchase"
	case c.Part == PartEvidence && c.Reason.Code == signal.ReasonNone:
		return evidence[c.Evidence].words
	}
	return c.Reason.Text()
}

// Risk is the churn risk of a sum of contributions, 0 to 1.
func Risk(logOdds float64) float64 { return sigmoid(logOdds) }
