// Package workload makes what Holdfast reads: a simulated shop for the demo, a
// load for benchmarks, the bad inputs that must be rejected, and events from
// purchase logs. Beside them stands an oracle that counts over decoded events
// in the plainest way, against which state and rows are held.
//
// Everything is a function of its configuration and its seed. Nothing here is
// part of the product's path.
package workload

import (
	"fmt"
	"time"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// Item is one record for an input topic.
type Item struct {
	Topic event.Type // the topic is that of this event type
	Key   []byte     // nil stands for a null key
	Value []byte     // nil stands for a null value

	// At is the record's timestamp: when it is written. The event inside
	// happened then or, where it is late, before.
	At event.Instant

	// EventID is for the header ce_id; usually nil.
	EventID []byte

	// Want is why the record must be rejected, None for a good one.
	Want decode.Reason
}

// InstantOf is a time as an event time.
func InstantOf(t time.Time) event.Instant { return event.Instant(t.UnixMicro()) }

// TimeOf is an event time as a time, in UTC.
func TimeOf(at event.Instant) time.Time { return time.UnixMicro(int64(at)).UTC() }

// dayOf is the UTC day of an instant; days before 1970 do not occur.
func dayOf(at event.Instant) event.Day { return event.Day(at / event.Day24h) }

// appendInstant appends an instant as events carry it, with microseconds only
// where there are any.
func appendInstant(b []byte, at event.Instant) []byte {
	if at%event.Second == 0 {
		return TimeOf(at).AppendFormat(b, "2006-01-02T15:04:05Z")
	}
	return TimeOf(at).AppendFormat(b, "2006-01-02T15:04:05.000000Z")
}

// uuid is a random id in the form of a version 4 UUID.
func uuid(high, low uint64) string {
	high = high&^0xf000 | 0x4000
	low = low&^(3<<62) | 2<<62
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", high>>32, high>>16&0xffff, high&0xffff, low>>48, low&(1<<48-1))
}
