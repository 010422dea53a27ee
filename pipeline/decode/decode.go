// Package decode says what an event is: which fields it has, what they may
// hold, and which of a closed set of reject reasons a record gets that is none.
// The rules are those of schemas/events.
//
// How a record is written is not decided here. A format (package json below
// this one) reads the bytes of a record into Fields, typed values by field
// number, and Fields.Judge turns those into an event.Event or exactly one
// Reject. So all formats accept the same events and give the same reasons. The
// work for one record is
//
//	fields.Begin(&dst, &rec, payload, &arena) // null, empty and too large
//	...                                       // the format fills the fields
//	fields.Judge(&dst, &rec)                  // everything else
//	fields.End()
//
// A format refuses what is not of its format: bad_syntax, and bad_encoding for
// text that is not valid UTF-8, wherever it stands. It gives no other reason.
//
// Nothing here starts a goroutine, reads a clock or keeps anything of a record
// once it has ended. A record costs no allocation, no interface call and no
// lock.
package decode

import (
	"github.com/holdfast/holdfast/pipeline/event"
)

// Record is what a decoder is given of a record of an input topic. The byte
// slices stay the caller's; a decoded event aliases them.
type Record struct {
	Key   []byte // the record's key; nil and HasKey false for a null key
	Value []byte // the record's value; nil and HasValue false for a null value

	// EventIDHeader is the first header named ce_id, empty if there is none.
	// It stands above the event_id of the value.
	EventIDHeader []byte

	HasKey, HasValue bool

	// Timestamp is the record's own time, against which an event time that
	// lies in the future is judged.
	Timestamp event.Instant
}

// Limits that hold where Config leaves them 0.
const (
	DefaultMaxValueBytes = 1 << 20
	DefaultMaxFuture     = event.Hour

	// DefaultMinEventTime is 1990-01-01T00:00:00Z.
	DefaultMinEventTime = event.Instant(631152000) * event.Second
)

// Config says which events of one topic are accepted.
type Config struct {
	// Type is the event type of the topic; a record that says otherwise is
	// rejected as unknown_type.
	Type event.Type

	// MaxValueBytes is the largest value accepted, in bytes.
	MaxValueBytes int

	// MinEventTime is the earliest occurred_at accepted.
	MinEventTime event.Instant

	// MaxFuture is by how much occurred_at may be later than the record's
	// timestamp.
	MaxFuture event.Instant

	Mapping Mapping
}

// Arena is a reusable buffer for text that cannot alias the record, because it
// is written otherwise there. The zero value is ready for use.
type Arena struct {
	// Buf is what has been made since the last Reset. A format appends to it
	// and changes nothing of what it holds.
	Buf []byte
}

// Reset gives the arena's room free again. Every slice that was made in it
// since the last Reset becomes invalid.
func (a *Arena) Reset() { a.Buf = a.Buf[:0] }

// Len is how many bytes have been made in it since the last Reset.
func (a *Arena) Len() int { return len(a.Buf) }
