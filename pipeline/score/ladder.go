package score

import "github.com/holdfast/holdfast/pipeline/signal"

// prospectVisits is how many visits in 30 days make a prospect.
const prospectVisits = 2

// LadderStage is the customer's stage on the loyalty ladder. A prospect has
// visited twice in 30 days, or filled a cart or asked; an advocate is a repeat
// buyer who has referred someone or rated 5 with a review within a year, without a
// bad rating since, and goes back to repeat while a complaint is open or the
// customer is at risk.
func (p *Parameters) LadderStage(s *Facts, pr *Probabilities) signal.Ladder {
	switch {
	case !s.HasPurchase && (s.Visits30 >= prospectVisits || s.CartOrInquiry):
		return signal.LadderProspect
	case !s.HasPurchase:
		return signal.LadderSuspect
	case s.X == 0:
		return signal.LadderFirst
	case !s.ReferralMade && !s.RatedFiveWithReview:
		return signal.LadderRepeat
	case s.ComplaintsOpen > 0 || p.atRisk(s, pr):
		return signal.LadderRepeat
	}
	return signal.LadderAdvocate
}
