// Package backfill brings a file of past events onto the input topics: each row
// becomes an event of our own schema, is judged by the decoder that the
// processor uses, and is sent keyed by its customer, in event-time order.
//
// NDJSON holds our schema already and is routed by event_type. CSV is rendered
// by a rowmap.Map: field -> column, constant or template.
package backfill

import (
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
)

// Event is one row, rendered and judged.
type Event struct {
	Type  event.Type
	At    event.Instant
	Row   int64  // 1 for the first row of data
	Line  int64  // of the file, on which the row begins
	Key   []byte // the customer's id, or the anonymous id
	Value []byte // JSON of our schema

	madeID bool   // the event id is made from the row, and so its own
	group  string // of rows that are summed: what they are parts of; "" for none
	order  string // then the customer and order, whatever the status
	status event.Status
	marks  marks // by which another event of the same name is found
}

// Reject is one row that is not an event, and why.
type Reject struct {
	Row    int64  `json:"row"`
	Reason string `json:"reason"` // one of the reject reasons of docs/formats.md
	Field  string `json:"field,omitempty"`
	Line   int64  `json:"line"` // on which the row begins
	Detail string `json:"detail"`
	Raw    string `json:"raw"` // the row as it stands, at most 64 KiB of it

	follows bool // it is a further row of an order whose first row counts
}

// rawLimit bounds what of a bad row is kept.
const rawLimit = 64 << 10

// source returns rows one by one. next returns io.EOF after the last; a Reject
// that is not nil stands in place of the event, of which only the place and the
// group are given then. The event's slices are valid until the next call.
type source interface {
	next() (Event, *Reject, error)
}

// judge is the decoder of each type, fed with what would lie on the topic.
type judge struct {
	decoders [event.AlertFeedback + 1]*json.Decoder
	arena    decode.Arena
	now      event.Instant
	contents contents
}

// newJudge makes decoders for all types, with the same limits as the
// processor's and no mapping: what is sent is our own schema.
func newJudge(limits decode.Config, now event.Instant) (*judge, error) {
	j := &judge{now: now, contents: newContents()}
	for t := event.Purchase; t <= event.AlertFeedback; t++ {
		limits.Type, limits.Mapping = t, decode.Mapping{}
		decoder, err := json.New(limits)
		if err != nil {
			return nil, err
		}
		j.decoders[t] = decoder
	}
	return j, nil
}

// check reports whether a rendered value is an event, and when it happened.
func (j *judge) check(e *Event) *Reject {
	j.arena.Reset()
	var decoded event.Event
	record := decode.Record{
		Key: e.Key, HasKey: true, Value: e.Value, HasValue: len(e.Value) > 0, Timestamp: j.now,
	}
	if reject, ok := j.decoders[e.Type].Decode(&decoded, &record, &j.arena); !ok {
		return &Reject{Row: e.Row, Line: e.Line, Reason: reject.Reason.String(), Field: reject.Field, Detail: reject.Detail}
	}
	e.At = decoded.OccurredAt
	e.marks = marksOf(e, &decoded)
	e.marks.content = j.contents.hash(e.Value, &j.arena)
	return nil
}

// withRaw adds the row as it stands.
func (r *Reject) withRaw(raw []byte) *Reject {
	r.Raw = string(raw[:min(len(raw), rawLimit)])
	return r
}

// typeNamed finds an event type by its name.
func typeNamed(name string) (event.Type, bool) {
	for t := event.Purchase; t <= event.AlertFeedback; t++ {
		if t.String() == name {
			return t, true
		}
	}
	return event.TypeNone, false
}
