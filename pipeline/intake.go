package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// intake is what a worker is told when it makes its next batch.
type intake struct {
	asked *logEnds
	now   time.Time // monotonic
	wall  event.Instant
	most  int // events
}

// gather makes the next batch of what has been read: events in the order of
// their offsets per input, those that are ahead of the other inputs left
// waiting. Positions move to behind what is in it. It reports whether another
// batch may follow at once.
func (w *worker) gather(p *Pipeline, in intake) (more bool) {
	w.batch.Reset()
	w.batch.ResendRows, w.batch.RepairClock = false, false
	w.arena.Reset()
	w.sources = w.sources[:0]
	rejected := len(w.rejected)
	for i := range w.queues {
		w.read(p, i, in.wall)
	}
	w.decoded = max(w.decoded, len(w.batch.Events))
	more = w.obey(p, in)
	if w.ahead(in.wall) {
		for i := range w.queues {
			w.queues[i].cut = 0
		}
		w.cutBack(rejected)
		return false
	}
	upTo := w.bounded(w.frontier(in.asked, in.now), in.most)
	w.front = min(upTo, forever) - mergeSlack
	upTo = w.inStep(upTo, p.cfg.Clock, in.wall)
	cut := false
	for i := range w.queues {
		if i == w.control {
			continue
		}
		q := &w.queues[i]
		n := q.admissible(w.limitsOf(i, upTo, in.now))
		q.cut = q.position(n)
		cut = cut || q.decoded && n < len(q.waiting())
		w.admit(p, i, n, in.wall)
	}
	if cut {
		w.cutBack(rejected)
	}
	return more
}

// ahead reports whether the shard's clock is ahead of the wall time: then one
// of them was wrong, and nothing is applied until that is mended.
func (w *worker) ahead(wall event.Instant) bool {
	return max(w.clock.last, w.shard.Position().Clock) > wall && !w.batch.RepairClock
}

// read decodes what has been read of an input since. Where nothing waits from
// before the events go right into the batch, to be taken out again if they are
// ahead; else they wait as they are decoded.
func (w *worker) read(p *Pipeline, input int, wall event.Instant) {
	q := &w.queues[input]
	waiting := q.waiting()
	q.decoded = q.timed == 0
	for ; q.timed < len(waiting); q.timed++ {
		item := &waiting[q.timed]
		switch {
		case input == w.control:
			item.parse()
		case item.skip != nil || item.record.Attrs.IsControl():
		case q.decoded:
			before := w.arena.Len()
			item.at = w.take(input, item.record, wall)
			item.plain = w.arena.Len() == before && timestamp(item.record) <= wall
		default:
			w.decodeAhead(input, item, wall)
		}
		if item.at != noTime {
			q.latest = max(q.latest, min(item.at, wall))
		}
	}
}

// parse reads a control record; one that is none stays without a command.
func (i *queued) parse() {
	if i.skip != nil || i.record.Attrs.IsControl() {
		return
	}
	if r, err := control.Parse(i.record.Value); err == nil {
		i.command = &r
	} else {
		i.flaw = err
	}
}

// admit lets the first n items of an input be part of the batch.
func (w *worker) admit(p *Pipeline, input, n int, wall event.Instant) {
	q, in := &w.queues[input], &w.inputs[input]
	waiting := q.waiting()
	for k := range n {
		item := &waiting[k]
		switch {
		case item.skip != nil:
			w.skip(p, input, item.skip)
			continue
		case item.record.Attrs.IsControl():
			continue
		case !q.decoded && input != w.control:
			item.at = w.takeAhead(input, item, wall)
		}
		w.records++
		in.records++
		in.bytes += uint64(len(item.record.Key) + len(item.record.Value))
		if item.at != noTime {
			in.events++
			in.latest = max(in.latest, min(item.at, wall))
		}
	}
	if n > 0 {
		in.position, in.known = q.position(n), true
		q.pop(n)
	}
}

// take puts a record into the batch as an event and returns its time, or among
// the rejects. What a producer writes may not move time beyond what is known
// here: an event is judged against the earlier of its record's timestamp and
// the wall time of its batch, which the batch log keeps for a replay.
func (w *worker) take(input int, r *kgo.Record, wall event.Instant) event.Instant {
	n := len(w.batch.Events)
	if n < cap(w.batch.Events) {
		w.batch.Events = w.batch.Events[:n+1]
	} else {
		w.batch.Events = append(w.batch.Events, event.Event{})
	}
	e := &w.batch.Events[n]
	reject, ok := w.decodeRecord(input, e, r, wall, &w.arena)
	if !ok {
		w.batch.Events = w.batch.Events[:n]
		w.rejected = append(w.rejected, rejection{input: input, record: r, reject: reject})
		return noTime
	}
	w.sources = append(w.sources, r)
	return e.OccurredAt
}

// decodeAhead decodes an event that waits, so that its time is known. Only where
// the result could be another one when its batch is made is it decoded again
// then: the wall time of the batch bounds how far in the future it may lie, and
// the arena is emptied by then.
func (w *worker) decodeAhead(input int, item *queued, wall event.Instant) {
	w.scratchArena.Reset()
	e := w.room()
	if _, ok := w.decodeRecord(input, e, item.record, wall, &w.scratchArena); ok {
		item.at = e.OccurredAt
		if w.scratchArena.Len() == 0 && timestamp(item.record) <= wall {
			item.event = e
			return
		}
	}
	w.giveBack(e)
}

// takeAhead is take for an item that has waited.
func (w *worker) takeAhead(input int, item *queued, wall event.Instant) event.Instant {
	e := item.event
	if e == nil || timestamp(item.record) > wall {
		return w.take(input, item.record, wall)
	}
	w.batch.Events = append(w.batch.Events, *e)
	w.sources = append(w.sources, item.record)
	item.event = nil
	at := e.OccurredAt
	w.giveBack(e)
	return at
}

// room is where an event that waits can lie.
func (w *worker) room() *event.Event {
	if len(w.spare) == 0 {
		for i, chunk := 0, make([]event.Event, 64); i < len(chunk); i++ {
			w.spare = append(w.spare, &chunk[i])
		}
	}
	last := len(w.spare) - 1
	e := w.spare[last]
	w.spare = w.spare[:last]
	return e
}

// giveBack keeps the room for another event; it holds no record's memory.
func (w *worker) giveBack(e *event.Event) {
	*e = event.Event{}
	w.spare = append(w.spare, e)
}

// cutBack takes out of the batch, and of the rejects since one, what was
// decoded and is ahead of the other inputs.
func (w *worker) cutBack(rejected int) {
	ahead := func(input int, offset int64) bool {
		return w.queues[input].decoded && offset >= w.queues[input].cut
	}
	n, input, waiting := 0, -1, []queued(nil)
	for i := range w.batch.Events {
		e := &w.batch.Events[i]
		if !ahead(int(e.Input), e.Offset) {
			if n != i {
				w.batch.Events[n], w.sources[n] = *e, w.sources[i]
			}
			n++
			continue
		}
		if int(e.Input) != input {
			input = int(e.Input)
			waiting = w.queues[input].waiting()
		}
		for waiting[0].offset() != e.Offset { // both are in the order of offsets
			waiting = waiting[1:]
		}
		if item := &waiting[0]; item.plain {
			item.event = w.room()
			*item.event = *e
		}
	}
	clear(w.sources[n:])
	w.batch.Events, w.sources = w.batch.Events[:n], w.sources[:n]
	kept := slices.DeleteFunc(w.rejected[rejected:], func(r rejection) bool { return ahead(r.input, r.record.Offset) })
	w.rejected = w.rejected[:rejected+len(kept)]
}

func (w *worker) decodeRecord(input int, e *event.Event, r *kgo.Record, wall event.Instant, arena *decode.Arena) (decode.Reject, bool) {
	record := decode.Record{Key: r.Key, Value: r.Value, HasKey: r.Key != nil, HasValue: r.Value != nil,
		EventIDHeader: header(r, "ce_id"), Timestamp: min(timestamp(r), wall)}
	reject, ok := w.inputs[input].decoder.Decode(e, &record, arena)
	e.Input, e.Partition, e.Offset = uint8(input), r.Partition, r.Offset
	return reject, ok
}

func timestamp(r *kgo.Record) event.Instant { return event.Instant(r.Timestamp.UnixMicro()) }

func header(r *kgo.Record, key string) []byte {
	for i := range r.Headers {
		if r.Headers[i].Key == key {
			return r.Headers[i].Value
		}
	}
	return nil
}

// undecodable returns the error of a batch that decompresses beyond its limit.
func undecodable(err error) (e *kgo.ErrDecompressTooLarge, is bool) {
	is = errors.As(err, &e)
	return e, is
}

// skip steps over a batch that decompresses beyond its limit. What is in it
// cannot be known; where it lies goes to the dead-letter topic.
func (w *worker) skip(p *Pipeline, input int, e *kgo.ErrDecompressTooLarge) {
	if w.inputs[input].position >= e.NextOffset {
		return
	}
	w.rejected = append(w.rejected, rejection{input: input, undecodable: true,
		record: &kgo.Record{Topic: p.cfg.Inputs[input].Topic, Partition: w.partition, Offset: e.Offset},
		reject: decode.Reject{Reason: decode.BadEncoding, Detail: fmt.Sprintf(
			"batch decompresses beyond its limit; skipped up to offset %d", e.NextOffset)}})
	w.inputs[input].position, w.inputs[input].known = e.NextOffset, true
}
