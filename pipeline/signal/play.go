package signal

// Play is what a team does about an alert.
type Play struct {
	ID        string // stable, as the team's systems know it
	Title     string
	ActWithin Instant // microseconds from as_of; 0 = no time is set
}

// Plays is the play of each reason code; the first reason of an alert chooses.
type Plays [ReasonCodeCount]Play

// DefaultPlays are the shipped plays, to be replaced by configuration code by
// code: a complaint in two days, silence in a week, good news in a week.
func DefaultPlays() Plays {
	const day = Instant(24 * 3600 * 1e6)
	var p Plays
	p[Overdue] = Play{"comeback-offer", "Invite back with an offer that fits the last purchases", 7 * day}
	p[OpenComplaint] = Play{"service-recovery-call", "Call, apologise and settle the open complaint", 2 * day}
	p[ComplaintLate] = Play{"service-recovery-call", "Call, apologise and settle the complaint", 2 * day}
	p[RepeatComplaints] = Play{"case-owner", "Name one person who owns all of this customer's cases", 2 * day}
	p[TopBoxLost] = Play{"ask-why", "Ask what has changed since the last visit", 7 * day}
	p[RefundReason] = Play{"ask-why", "Ask what was wrong with the last order", 7 * day}
	p[LateDelivery] = Play{"delivery-apology", "Apologise for the late delivery", 3 * day}
	p[BasketShrink] = Play{"cross-sell", "Show what goes with what they buy", 14 * day}
	p[VisitsDown] = Play{"comeback-offer", "Invite back with an offer that fits the last purchases", 7 * day}
	p[ReasonSecondPurchase] = Play{"welcome-back", "Thank for coming back", 7 * day}
	p[ReasonLadderUp] = Play{"thank-you", "Thank for the loyalty", 7 * day}
	p[ReasonReactivated] = Play{"welcome-back", "Welcome back and ask what had kept them away", 7 * day}
	return p
}
