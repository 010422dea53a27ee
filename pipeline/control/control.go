// Package control is what is said to the pipeline itself, as records of the
// internal topic: that a backfill begins, how far it has come and that it has
// ended; that rows are to be written again; that a clock which ran ahead is to
// be set back. Beside these commands lies what one customer is due of another, an
// event. A record is addressed to the shard of its partition.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// Kind says what a record is about.
type Kind string

// Kinds.
const (
	// BackfillOpened begins a session: from here on silence waits for it.
	BackfillOpened Kind = "backfill_opened"
	// BackfillReached says that all events of the session up to Through lie
	// below Offsets.
	BackfillReached Kind = "backfill_reached"
	// BackfillClosed ends a session; all of its events lie below Offsets. One
	// without topics ends it as it is.
	BackfillClosed Kind = "backfill_closed"
	// RowsResend makes every customer's row owed.
	RowsResend Kind = "rows_resend"
	// ClockRepair sets a clock that ran ahead back to the wall time.
	ClockRepair Kind = "clock_repair"
	// ReferralCredit is an event: the customer has referred another one.
	ReferralCredit Kind = "referral_credit"
)

// AllSessions closes every session that is open.
const AllSessions = "*"

// Limits.
const (
	// MaxBytes bounds a record's value.
	MaxBytes = 64 << 10
	// MaxTopics bounds the topics of a session, MaxSessionBytes its name.
	MaxTopics       = 16
	MaxSessionBytes = 64
	// MaxContentBytes bounds the names of what a session sends.
	MaxContentBytes = 64
	// MaxIDBytes bounds the ids of a customer and of an event.
	MaxIDBytes = 128
)

// Record is one record of the internal topic. Readers leave out fields that
// they do not know.
type Record struct {
	EventType string   `json:"event_type"` // EventType
	Kind      Kind     `json:"kind"`
	Session   string   `json:"session,omitempty"`
	Topics    []string `json:"topics,omitempty"`     // the inputs that the session sends to
	Offsets   []int64  `json:"offsets,omitempty"`    // of each of Topics, on the record's partition
	Through   int64    `json:"through_us,omitempty"` // event time, microseconds since 1970

	// What a session sends, and how far that is, so that a sender that was
	// killed can go on; absent where an older release wrote the record.
	Content string `json:"content,omitempty"`  // hash of the file and the map
	File    string `json:"file,omitempty"`     // what stands for the file's name in ids
	Begun   int64  `json:"begun_us,omitempty"` // when the sending began, microseconds since 1970; kept by who goes on
	Events  int64  `json:"events,omitempty"`   // all that are to be sent
	Sent    int64  `json:"sent,omitempty"`     // so many of them, the first in order, are acknowledged

	// What is due to a customer, by which event, and when that occurred, in
	// microseconds since 1970.
	Customer   string `json:"customer_id,omitempty"`
	Event      string `json:"event_id,omitempty"`
	OccurredAt int64  `json:"occurred_at_us,omitempty"`
}

// EventType is the event_type of every record.
const EventType = "internal"

// ErrInvalid says that a record is not one of these.
var ErrInvalid = errors.New("not a control record")

// Encode returns the record's value.
func (r Record) Encode() []byte {
	r.EventType = EventType
	value, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("control: %v", err)) // texts and numbers only
	}
	return value
}

// Parse reads a record's value. Its errors wrap ErrInvalid. A kind that this
// release does not know is no error: the record is counted and does nothing.
func Parse(value []byte) (Record, error) {
	var r Record
	if len(value) > MaxBytes {
		return r, fmt.Errorf("%w: %d bytes, want at most %d", ErrInvalid, len(value), MaxBytes)
	}
	if err := json.Unmarshal(value, &r); err != nil {
		return r, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	switch {
	case r.EventType != EventType:
		return r, fmt.Errorf("%w: event_type %q, want %q", ErrInvalid, r.EventType, EventType)
	case len(r.Session) > MaxSessionBytes:
		return r, fmt.Errorf("%w: a session's name of %d bytes, want at most %d", ErrInvalid, len(r.Session), MaxSessionBytes)
	case len(r.Content) > MaxContentBytes || len(r.File) > MaxContentBytes:
		return r, fmt.Errorf("%w: content and file of %d and %d bytes, want at most %d", ErrInvalid,
			len(r.Content), len(r.File), MaxContentBytes)
	case r.Sent < 0 || r.Events < 0:
		return r, fmt.Errorf("%w: %d of %d events", ErrInvalid, r.Sent, r.Events)
	case len(r.Topics) > MaxTopics || len(r.Offsets) > 0 && len(r.Offsets) != len(r.Topics):
		return r, fmt.Errorf("%w: %d topics with %d offsets, want as many of both and at most %d",
			ErrInvalid, len(r.Topics), len(r.Offsets), MaxTopics)
	}
	switch r.Kind {
	case BackfillOpened, BackfillReached, BackfillClosed:
		if r.Session == "" {
			return r, fmt.Errorf("%w: %s without a session", ErrInvalid, r.Kind)
		}
	case RowsResend, ClockRepair: // of no session
	case ReferralCredit:
		return r, r.checkCredit()
	}
	for _, o := range r.Offsets {
		if o < 0 {
			return r, fmt.Errorf("%w: offset %d", ErrInvalid, o)
		}
	}
	return r, nil
}

// checkCredit holds what is due to a customer to what an event may be.
func (r *Record) checkCredit() error {
	switch {
	case len(r.Customer) == 0 || len(r.Customer) > MaxIDBytes || len(r.Event) == 0 || len(r.Event) > MaxIDBytes:
		return fmt.Errorf("%w: ids of %d and %d bytes, want 1 to %d", ErrInvalid, len(r.Customer), len(r.Event), MaxIDBytes)
	case strings.ContainsFunc(r.Customer+r.Event, unicode.IsControl):
		return fmt.Errorf("%w: an id with a control character", ErrInvalid)
	case r.OccurredAt < leastOccurredAt:
		return fmt.Errorf("%w: occurred_at_us %d, want %d at least", ErrInvalid, r.OccurredAt, int64(leastOccurredAt))
	}
	return nil
}

// leastOccurredAt is 1990-01-01T00:00:00Z: no event is earlier.
const leastOccurredAt = 631_152_000_000_000
