package policy

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Facts is what is true of a customer at the moment Now: plain values, filled by
// the shard. Instants of things to come may lie in the past, where the thing has
// come; Never where it does not.
type Facts struct {
	// Now is the later of the moment that fires and the customer's own last event.
	Now event.Instant
	// Silence is how far the customer is known to have been silent where nothing
	// is known of it: an event may come at Now while earlier ones, of other inputs,
	// are still unread. What silence brings holds up to here, not up to Now. Never
	// after Now; 0 stands for Now.
	Silence event.Instant
	// Wall is the wall time of the batch: what is raised of a moment more than
	// Config.MaxEventAge before it is of the past, and not delivered to its end.
	Wall event.Instant
	// Present says that an alert which was not delivered for such a reason, and
	// still stands, is told now.
	Present bool
	// CustomerID draws the holdout arm when an alert is raised; read during the call.
	CustomerID []byte

	// ActiveUntil is the end of the latest activity day where P(alive) is that of the
	// activity days; 0 where it is that of the purchase days.
	ActiveUntil event.Instant

	HasPurchase     bool
	X               uint32
	LastPurchaseDay event.Day

	PAlive          int32 // millionths
	OverdueQuantile int32 // millionths
	// Starts of the business days of score.Crossings.
	WatchAt    event.Instant
	AtRiskAt   event.Instant
	CriticalAt event.Instant // matters for a VIP only
	LostAt     event.Instant // of who may be at risk, not before that has held
	OverdueAt  event.Instant // overdue quantile above Config.OverdueWatch

	// The tests that the crossings rest on: P(alive), and score.ByQuantile. Levels
	// are left when each of them that is in force says so.
	DropoutIdentified bool
	ByQuantile        bool
	Sufficiency       signal.DataSufficiency
	// ModelSince is when the parameters in force came into force in the shard;
	// 0 where they have been from the beginning.
	ModelSince event.Instant

	// Population. ValueRankMet: value at risk in the top half of the segment;
	// true while no cut points are in force. ClassA and VIP (platinum, gold or
	// A): false while none are.
	ValueRankMet bool
	ClassA       bool
	VIP          bool
	CUSUMAlarm   bool // the slowdown monitor is in alarm

	ComplaintsOpen uint32
	SLABreached    bool          // an open complaint is past a time it must keep
	SevereBreached bool          // a severe one is
	SLABrokenAt    event.Instant // the latest such time that was missed; 0 none
	SLADueAt       event.Instant // the next such time not yet missed
	// ComplaintTimes are the times of the complaints that are remembered, kept or
	// not, in the order of the record; read during the call.
	ComplaintTimes []ComplaintTime
	// ComplaintOver is how the complaint ended, or was answered, that did so last;
	// ResolveNone where that is not known.
	ComplaintOver      signal.ResolveReason
	Complaints30       uint32
	Complaints30FallAt event.Instant // when the 30-day count falls below Config.RepeatComplaints
	LastComplaintAt    event.Instant // 0 none

	// WindowEdgeAt is when, in silence, a day leaves a window that something which
	// the caller publishes is counted in; Never where none will.
	WindowEdgeAt event.Instant

	Reasons signal.ReasonMask // score.Scores.Mask
	Ladder  signal.Ladder

	Closed      bool // a closure that no later purchase has undone
	Closure     event.ClosureReason
	OptedOut    bool
	DoNotRetain bool

	// Feedback on the alert number FeedbackEpisode, where the event that is
	// being judged is one; OutcomeNone otherwise.
	Feedback        event.Outcome
	FeedbackEpisode uint32
}
