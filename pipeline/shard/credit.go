package shard

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/state"
)

// A referral that names its referrer is an event of the customer who was
// referred. What the referrer is due for it is an event of its own, for the shard
// of the referrer: of type event.Internal and kind event.Referral.

// Credit is what a referrer is due.
type Credit struct {
	Referrer []byte        // the customer's id
	ID       string        // of the event; the same whenever it is made of the same referral
	At       event.Instant // when the referral occurred
}

// creditBytes is about what a credit takes, with its record.
const creditBytes = 1 << 10

// namesReferrer says whether the event is a referral of another customer's.
func namesReferrer(e *event.Event) bool {
	return e.Type == event.Visit && e.Kind == event.Referral && e.Has&event.HasReferrer != 0
}

// refersToSelf says whether the event names its own customer as the referrer.
func refersToSelf(e *event.Event) bool { return bytes.Equal(e.ReferrerID, e.CustomerID) }

// refer makes the credit of a referral that names its referrer. Who refers
// themselves is due none.
func refer(b *Batch, e *event.Event, fx *Effects) {
	if !namesReferrer(e) || refersToSelf(e) || b.Replay {
		return // in a replay: its batch has made it
	}
	of := binary.BigEndian.AppendUint64(nil, e.CustomerHash)
	of = binary.BigEndian.AppendUint64(of, e.EventHash)
	fx.Credits = append(fx.Credits, Credit{Referrer: bytes.Clone(e.ReferrerID),
		ID: fmt.Sprintf("referral-%016x", event.HashID(of)), At: e.OccurredAt})
}

// credit gives a referrer what is due.
func credit(c *state.Customer, e *event.Event) {
	c.Interest.ReferralAt = max(c.Interest.ReferralAt, e.OccurredAt)
}
