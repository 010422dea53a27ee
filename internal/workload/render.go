package workload

import (
	"strconv"

	"github.com/holdfast/holdfast/pipeline/event"
)

// The events of the shop and of purchase logs are written field by field. The
// texts are our own and need no escapes.

// begin appends the start of an event: the fields that every event has.
func begin(b []byte, kind event.Type, id string, at event.Instant, customer string) []byte {
	b = append(b, `{"event_id":"`...)
	b = append(b, id...)
	b = append(b, `","event_type":"`...)
	b = append(b, kind.String()...)
	b = append(b, `","occurred_at":"`...)
	b = appendInstant(b, at)
	b = append(b, `","customer_id":"`...)
	b = append(b, customer...)
	return append(b, '"')
}

func appendName(b []byte, name string) []byte {
	b = append(b, `,"`...)
	b = append(b, name...)
	return append(b, `":`...)
}

func appendText(b []byte, name, text string) []byte {
	b = append(appendName(b, name), '"')
	b = append(b, text...)
	return append(b, '"')
}

func appendNumber(b []byte, name string, n int64) []byte {
	return strconv.AppendInt(appendName(b, name), n, 10)
}

func appendBool(b []byte, name string, v bool) []byte {
	return strconv.AppendBool(appendName(b, name), v)
}

func appendTime(b []byte, name string, at event.Instant) []byte {
	b = append(appendName(b, name), '"')
	return append(appendInstant(b, at), '"')
}
