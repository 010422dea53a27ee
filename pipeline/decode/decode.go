// Package decode turns the bytes of one input record into an event.Event, or
// says why it cannot: every record ends as exactly one of an event and one of
// a closed set of reject reasons. JSON is the format implemented; others join
// behind the Decoder contract.
//
// The rules are those of schemas/events: which field is mandatory for which
// kind, its limits, and which reason counts where several apply. A decoder
// holds no goroutine, reads no clock and keeps nothing of a record but the
// order of its fields.
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

// Decoder is what every format implements. One decoder serves one topic and
// is used by one goroutine at a time.
//
// Decode overwrites dst completely but for the record's place (Input,
// Partition and Offset become 0; the caller sets them afterwards). It returns
// true when the record is an event, and otherwise why it is not; dst is then
// without meaning. The byte slices of dst alias rec and arena: they are valid
// until either is reused. Decode does not allocate for an event it accepts,
// once the arena has grown to its batch. Its time is linear in the size of the
// value (n log n in the number of fields of one object).
type Decoder interface {
	Decode(dst *event.Event, rec *Record, arena *Arena) (Reject, bool)
}

// Limits that hold where Config leaves them 0.
const (
	DefaultMaxValueBytes = 1 << 20
	DefaultMaxFuture     = event.Hour

	// DefaultMinEventTime is 1990-01-01T00:00:00Z.
	DefaultMinEventTime = event.Instant(631152000) * event.Second
)

// Config says which events a decoder accepts.
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
// was written with escapes. The zero value is ready for use.
type Arena struct {
	buf []byte
}

// Reset gives the arena's room free again. Every slice that was made in it
// since the last Reset becomes invalid.
func (a *Arena) Reset() { a.buf = a.buf[:0] }

// Len is how many bytes have been made in it since the last Reset.
func (a *Arena) Len() int { return len(a.buf) }
