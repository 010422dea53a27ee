// Package signal holds what goes out: customer rows, alerts and the outbox's
// block codec that carries them. It is a leaf: it imports nothing of ours.
package signal

// Level is how far a customer is on the way out.
type Level uint8

// Levels, rising.
const (
	LevelNone Level = iota
	LevelWatch
	LevelAtRisk
	LevelCritical
	LevelLost
	levelCount
)

// Lifecycle is the state of a customer in its life with the shop.
type Lifecycle uint8

// Lifecycle states.
const (
	LifecycleProspect Lifecycle = iota
	LifecycleNew
	LifecycleActive
	LifecycleWatch
	LifecycleAtRisk
	LifecycleCritical
	LifecycleLost
	LifecycleReactivated
	LifecycleClosed
	lifecycleCount
)

// Ladder is the stage of the loyalty ladder.
type Ladder uint8

// Ladder stages, rising.
const (
	LadderSuspect Ladder = iota
	LadderProspect
	LadderFirst
	LadderRepeat
	LadderAdvocate
	ladderCount
)

// Action is a transition of an alert's life.
type Action uint8

// Actions.
const (
	ActionNone Action = iota
	Raised
	Escalated
	Updated
	Resolved
	Expired
	actionCount
)

// ResolveReason says why an alert was resolved.
type ResolveReason uint8

// Resolve reasons.
const (
	ResolveNone ResolveReason = iota
	ByPurchase
	ByVisit
	ByComplaintResolved
	ByRating
	ByLevelDropped
	ByClosure
	BySuppression
	ByFeedback
	ByModelChange
	ByComplaintAnswered  // the first response has come; it may still be open
	ByComplaintRejected  // closed, not solved
	ByComplaintWithdrawn // closed by who made it, not solved
	ByComplaintDueLater  // it is not late any more, and still open
	ByPurchaseUndone     // what was told of was cancelled, refunded in full, or not paid
	resolveCount
)

// ComplaintTime is a time that a complaint must keep.
type ComplaintTime uint8

// Times of complaints.
const (
	NoComplaintTime ComplaintTime = iota
	FirstResponse
	Resolution
	complaintTimeCount
)

// Suppression says why an alert is recorded but never delivered. The first
// that applies, in this order, is named.
type Suppression uint8

// Suppression reasons.
const (
	NotSuppressed Suppression = iota
	SuppressedReplay
	SuppressedInsufficientData
	SuppressedOptedOut
	SuppressedDoNotRetain
	SuppressedNatural
	SuppressedStranger
	SuppressedOneTimeBuyer
	SuppressedHoldout
	suppressionCount
)

// ReasonCode names one piece of evidence. Append only.
type ReasonCode uint8

// Reason codes.
const (
	ReasonNone ReasonCode = iota
	Overdue
	Slowdown
	OpenComplaint
	RepeatComplaints
	ComplaintLate
	TopBoxLost
	ReasonRefund
	LateDelivery
	BasketShrink
	VisitsDown
	IntentGap
	ClassDown
	PointsExpiring
	NoSecondPurchase
	PaymentLate
	LowValuePolicy
	ModelUnidentified
	ReasonSecondPurchase
	ReasonLadderUp
	ReasonReactivated
	reasonCount
)

// DataSufficiency says whether the model in force rests on enough data.
type DataSufficiency uint8

// Data sufficiencies.
const (
	SufficiencyOK DataSufficiency = iota
	FewCustomers
	ShortHistory
	FewOutcomes
	NoFit
	sufficiencyCount
)

// AliveBasis says what the published P(alive) of a customer rests on.
type AliveBasis uint8

// Bases of P(alive).
const (
	AliveUnknown    AliveBasis = iota // there is no P(alive): nothing was ever bought
	AliveByPurchase                   // the purchase days
	AliveByActivity                   // the days with a purchase or an acting visit
	AliveByClosure                    // 0 whatever the days say: the account is closed
	aliveBasisCount
)

// ClockMode says what the clock follows, by the names of time.clock.
type ClockMode uint8

// Clock modes.
const (
	// HonestClock declares silence once everything that had reached Kafka is
	// applied.
	HonestClock ClockMode = iota
	// EventsClock is also never ahead of the latest event seen: for replays,
	// back-tests and the demo.
	EventsClock
	clockModeCount
)

var (
	levelNames     = [levelCount]string{"none", "watch", "at_risk", "critical", "lost"}
	lifecycleNames = [lifecycleCount]string{"prospect", "new", "active", "watch", "at_risk", "critical",
		"lost", "reactivated", "closed"}
	ladderNames  = [ladderCount]string{"suspect", "prospect", "first", "repeat", "advocate"}
	actionNames  = [actionCount]string{"", "raised", "escalated", "updated", "resolved", "expired"}
	resolveNames = [resolveCount]string{"", "purchase", "visit_recovered", "complaint_resolved",
		"rating_recovered", "level_dropped", "closed", "suppressed", "feedback", "model_change",
		"complaint_answered", "complaint_rejected", "complaint_withdrawn", "complaint_due_later", "purchase_undone"}
	complaintTimeNames = [complaintTimeCount]string{"", "first_response", "resolution"}
	suppressionNames   = [suppressionCount]string{"", "replay", "insufficient_data", "opted_out",
		"do_not_retain", "natural", "stranger", "one_time_buyer", "holdout"}
	reasonNames = [reasonCount]string{"", "OVERDUE", "SLOWDOWN", "OPEN_COMPLAINT", "REPEAT_COMPLAINTS",
		"COMPLAINT_LATE", "TOP_BOX_LOST", "REFUND", "LATE_DELIVERY", "BASKET_SHRINK", "VISITS_DOWN",
		"INTENT_GAP", "CLASS_DOWN", "POINTS_EXPIRING", "NO_SECOND_PURCHASE", "PAYMENT_LATE",
		"LOW_VALUE_POLICY", "MODEL_UNIDENTIFIED", "SECOND_PURCHASE", "LADDER_UP", "REACTIVATED"}
	sufficiencyNames = [sufficiencyCount]string{"ok", "few_customers", "short_history", "few_outcomes", "no_fit"}
	aliveBasisNames  = [aliveBasisCount]string{"", "purchase", "activity", "closure"}
	clockModeNames   = [clockModeCount]string{"honest", "events"}
)

// String gives the published name.
func (v Level) String() string           { return levelNames[v] }
func (v Lifecycle) String() string       { return lifecycleNames[v] }
func (v Ladder) String() string          { return ladderNames[v] }
func (v Action) String() string          { return actionNames[v] }
func (v ResolveReason) String() string   { return resolveNames[v] }
func (v ComplaintTime) String() string   { return complaintTimeNames[v] }
func (v Suppression) String() string     { return suppressionNames[v] }
func (v ReasonCode) String() string      { return reasonNames[v] }
func (v DataSufficiency) String() string { return sufficiencyNames[v] }
func (v AliveBasis) String() string      { return aliveBasisNames[v] }
func (v ClockMode) String() string       { return clockModeNames[v] }
