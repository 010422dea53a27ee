package signal

// Play is what a team does about an alert.
type Play struct {
	ID        string // stable, as the team's systems know it
	Title     string
	ActWithin Instant // microseconds from as_of; 0 = no time is set
}

// Plays is the play of each reason code; the first reason of an alert chooses.
type Plays [ReasonCodeCount]Play

// DefaultPlays are the shipped plays of evidence: a complaint in two days, silence
// in a week. Those of the reasons that an alert kind leads with stand with the
// kinds, in pipeline/policy.
func DefaultPlays() Plays {
	const day = Instant(24 * 3600 * 1e6)
	var p Plays
	p[Overdue] = Play{"comeback-offer", "Invite back with an offer that fits the last purchases", 7 * day}
	p[OpenComplaint] = Play{"service-recovery-call", "Call, apologise and settle the open complaint", 2 * day}
	p[TopBoxLost] = Play{"ask-why", "Ask what has changed since the last visit", 7 * day}
	p[ReasonRefund] = Play{"ask-why", "Ask what was wrong with the last order", 7 * day}
	p[LateDelivery] = Play{"delivery-apology", "Apologise for the late delivery", 3 * day}
	p[BasketShrink] = Play{"cross-sell", "Show what goes with what they buy", 14 * day}
	p[VisitsDown] = Play{"comeback-offer", "Invite back with an offer that fits the last purchases", 7 * day}
	return p
}
