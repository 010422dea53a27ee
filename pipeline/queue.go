package pipeline

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
)

// queue is what has been read of one input and is not applied yet, in the
// order of offsets.
type queue struct {
	next    int64         // the next offset to read
	latest  event.Instant // latest event time read, never beyond the wall time of the reading
	items   []queued      // those before first have been applied
	first   int
	timed   int   // so many of those that wait have been decoded before
	decoded bool  // what waits has been decoded into the batch at hand
	cut     int64 // offset from which on it is not part of the batch at hand
	bytes   int64 // of keys, values and headers that wait
	movedAt time.Time
	paused  bool
}

// queued is one record, or a batch of records that cannot be unpacked.
type queued struct {
	record  *kgo.Record
	at      event.Instant // of an event; noTime for anything else
	skip    *kgo.ErrDecompressTooLarge
	command *control.Record // of a control record
	flaw    error           // why a record of the internal topic is none
}

// noTime is the time of what is no event: it never waits by itself.
const noTime event.Instant = -1 << 62

func (q *queue) waiting() []queued { return q.items[q.first:] }

// reset forgets what was read: reading goes on at an offset.
func (q *queue) reset(in *inputState) {
	for _, item := range q.waiting() {
		if item.record != nil {
			item.record.Recycle()
		}
	}
	clear(q.items)
	*q = queue{next: in.position, latest: in.latest, items: q.items[:0], movedAt: time.Now(), paused: q.paused}
}

func (q *queue) push(record *kgo.Record, skip *kgo.ErrDecompressTooLarge) {
	q.items = append(q.items, queued{record: record, at: noTime, skip: skip})
	if skip != nil {
		q.next = skip.NextOffset
	} else {
		q.next = record.Offset + 1
		q.bytes += bytesOf(record)
	}
	q.movedAt = time.Now()
}

func (i *queued) offset() int64 {
	if i.skip != nil {
		return i.skip.Offset
	}
	return i.record.Offset
}

// pop takes the first n items away, after they were applied.
func (q *queue) pop(n int) {
	for i := q.first; i < q.first+n; i++ {
		if q.items[i].record != nil {
			q.bytes -= bytesOf(q.items[i].record)
		}
		q.items[i] = queued{}
	}
	q.first += n
	if q.first == len(q.items) {
		q.items, q.first = q.items[:0], 0
	} else if q.first > len(q.items)/2 { // amortised: each item moves once at most
		kept := copy(q.items, q.items[q.first:])
		clear(q.items[kept:])
		q.items, q.first = q.items[:kept], 0
	}
	q.timed = min(q.timed, len(q.waiting()))
}

// position is where reading would go on if only the first n items were applied.
func (q *queue) position(n int) int64 {
	if waiting := q.waiting(); n < len(waiting) {
		return waiting[n].offset()
	}
	return q.next
}

// recordOverhead is what a record takes besides its bytes: the client's
// structure and the queue's.
const recordOverhead = 256

func bytesOf(r *kgo.Record) int64 {
	n := recordOverhead + len(r.Key) + len(r.Value)
	for i := range r.Headers {
		n += 48 + len(r.Headers[i].Key) + len(r.Headers[i].Value)
	}
	return int64(n)
}
