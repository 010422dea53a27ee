// Package policy is the life cycle of one customer's levels and alerts: entry
// and hysteresis, dwell, cooldown, episodes, suppression and the holdout arm.
//
// It is a pure state machine. Judge is called at every event of the customer and
// at every deadline that it asked for; called again at the same instant with
// nothing new it changes nothing. Probabilities are compared as integers, in
// millionths.
package policy

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Never is the instant of what does not come.
const Never event.Instant = math.MaxInt64

// State is what a customer's record keeps for its judgement: fixed in size and
// without pointers. The zero State is that of a customer never seen.
type State struct {
	// Since when each level's own condition on silence has held without a break; 0 =
	// it does not. The level is the highest that holds, what a complaint makes besides.
	AtRiskSince   event.Instant
	CriticalSince event.Instant
	LostSince     event.Instant
	ReactivatedAt event.Instant // the latest reactivation; 0 none

	LastPurchaseDay event.Day // as judged; meaningful with FlagPurchased
	Raised          uint32    // alerts raised so far: the number of the latest episode
	Flags           Flags
	Level           signal.Level
	LadderTold      signal.Ladder // highest stage that a ladder_up has told of
	Told            signal.Level  // highest level alerted since the level was last below at_risk
	Reserved        [4]byte       // zero; named, so that the bytes of a copy are those of the original
}

// Flags are the yes-or-no parts of a State.
type Flags uint8

// Flags.
const (
	FlagPurchased           Flags = 1 << iota // there is a purchase day
	FlagWatch                                 // the watch condition holds
	FlagCriticalByComplaint                   // critical rests on complaint evidence: it has no dwell
	FlagClosed
	FlagSecondTold // second_purchase was raised
)

// Episode is the latest alert of one kind of a customer, and of one subject where
// the kind has alerts about several. Fixed in size, without pointers.
type Episode struct {
	Subject       uint64 // ComplaintTime.Subject; 0 where the alert is about the customer
	RaisedAt      event.Instant
	MessageAt     event.Instant // of the latest message
	CooldownUntil event.Instant // meaningful once closed
	ToldAt        event.Instant // when it was told though it had been raised before, undelivered; else 0
	Number        uint32        // which alert of the customer it is, from 1
	Seq           uint32        // alert_seq of the latest message
	Reasons       signal.ReasonMask
	Kind          Kind
	Open          bool
	Level         signal.Level       // that its messages have told of, the latest `updated` or higher
	Suppression   signal.Suppression // but for SuppressedReplay, which is Past
	Feedback      event.Outcome      // acknowledged or contacted, told in the next message
	Holdout       bool
	Past          bool // raised of what was too long ago: not delivered, whatever Suppression says
	// Late says that it is of the past though it was raised in the present: an event
	// told of what lies long before it. It is not told later either.
	Late bool
}

// Transition is one message of an alert's life.
type Transition struct {
	Subject       uint64 // of the episode
	At            event.Instant
	RaisedAt      event.Instant
	CooldownUntil event.Instant // set with resolved, expired and loyalty messages; else 0
	Episode       uint32
	Seq           uint32
	Kind          Kind
	Action        signal.Action
	Level         signal.Level
	PreviousLevel signal.Level
	Resolve       signal.ResolveReason
	Suppression   signal.Suppression
	Standing      bool          // it is told though it had been raised before, undelivered
	Feedback      event.Outcome // noted since the message before
	Holdout       bool
}
