package lane

import (
	"time"
	"unsafe"

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
	looked  int   // so many of those that wait have been looked at by keep,
	kept    int   // and so many hold no memory of the client
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
	event   *event.Event  // as decoded while it waits; nil: it is decoded again when it is applied
	plain   bool          // what was decoded of it needs the record's own memory only, and no wall time
	skip    *kgo.ErrDecompressTooLarge
	command *control.Record // of a control record
	flaw    error           // why a record of the internal topic is none
}

// noTime is the time of what is no event: it never waits by itself.
const noTime event.Instant = -1 << 62

func (q *queue) waiting() []queued { return q.items[q.first:] }

// reset forgets what was read: reading goes on at an offset. giveBack takes the events
// that waited.
func (q *queue) reset(in *inputState, now time.Time, giveBack func(*event.Event)) {
	for _, item := range q.waiting() {
		if item.event != nil {
			giveBack(item.event)
		}
		if item.record != nil {
			item.record.Recycle()
		}
	}
	clear(q.items)
	*q = queue{next: in.position, latest: in.latest, items: q.items[:0], movedAt: now, paused: q.paused}
}

func (q *queue) push(record *kgo.Record, skip *kgo.ErrDecompressTooLarge, now time.Time) {
	q.items = append(q.items, queued{record: record, at: noTime, skip: skip})
	if skip != nil {
		q.next = skip.NextOffset
	} else {
		q.next = record.Offset + 1
		q.bytes += waitingBytes(record)
	}
	q.movedAt = now
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
			q.bytes -= waitingBytes(q.items[i].record)
		}
		q.items[i] = queued{}
	}
	q.first += n
	if q.first == len(q.items) {
		if cap(q.items) > keptItems && len(q.items) < cap(q.items)/4 {
			q.items = nil // room that a spike has made
		}
		q.items, q.first = q.items[:0], 0
	} else if q.first > len(q.items)/2 { // amortised: each item moves once at most
		kept := copy(q.items, q.items[q.first:])
		clear(q.items[kept:])
		q.items, q.first = q.items[:kept], 0
	}
	q.timed = min(q.timed, len(q.waiting()))
	q.looked, q.kept = max(q.looked-n, 0), max(q.kept-n, 0)
}

// keptItems is for how many records an idle queue keeps room.
const keptItems = 4096

// keep copies what goes on waiting, where that frees more than it takes. A
// record that waits holds its whole batch, and one that came unpacked all that
// was fetched with it: so those are always copied, and where memory is short,
// the others too. Otherwise what waits could take the room that is needed to
// read what it waits for. giveBack takes the events of what was copied, which point
// to what is given back to the client. It returns the number of copies.
func (q *queue) keep(short bool, giveBack func(*event.Event)) (copies int) {
	waiting := q.waiting()
	from := q.looked
	if short {
		from = q.kept
	}
	var copied []*queued
	size := 0
	for i := from; i < len(waiting); i++ {
		r := waiting[i].record
		if r == nil || r.Context == nil || !short && r.Attrs.CompressionType() != 0 {
			continue
		}
		copied = append(copied, &waiting[i])
		size += len(r.Key) + len(r.Value)
	}
	records, room := make([]kgo.Record, len(copied)), make([]byte, 0, size)
	for i, item := range copied {
		r := item.record
		records[i] = *r
		records[i].Context = nil
		records[i].Key, room = placed(room, r.Key)
		records[i].Value, room = placed(room, r.Value)
		records[i].Headers = headersOf(r)
		if item.record = &records[i]; item.event != nil {
			giveBack(item.event)
			item.event = nil
		}
		r.Recycle()
	}
	if q.looked = len(waiting); short {
		q.kept = len(waiting)
	}
	return len(copied)
}

// placed copies bytes to the end of a room that is large enough; nil stays nil.
func placed(room, from []byte) (to, rest []byte) {
	if from == nil {
		return nil, room
	}
	at := len(room)
	room = append(room, from...)
	return room[at:len(room):len(room)], room
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

// waitingBytes is what a record takes that waits, decoded.
func waitingBytes(r *kgo.Record) int64 { return RecordBytes(r) + int64(unsafe.Sizeof(event.Event{})) }

// RecordBytes returns what a record takes in memory, with the structures that
// hold it.
func RecordBytes(r *kgo.Record) int64 {
	n := recordOverhead + len(r.Key) + len(r.Value)
	for i := range r.Headers {
		n += 48 + len(r.Headers[i].Key) + len(r.Headers[i].Value)
	}
	return int64(n)
}
