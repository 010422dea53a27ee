package lane

import (
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/cuts"
	"github.com/holdfast/holdfast/pipeline/score"
)

// Moment is when something is done, and by which versions events are judged then.
type Moment struct {
	Now  time.Time // monotonic
	Wall event.Instant
	// Parameters and Cuts are those in force; Cuts may be nil.
	Parameters *score.Parameters
	Cuts       *cuts.Cuts
}

// Intake is what a lane is told when it makes its next batches.
type Intake struct {
	Moment
	Asked *LogEnds // the latest asking of log ends; nil where there was none yet
	Most  int      // events of a batch, about
}

// gather makes the next batch of what has been read: events in the order of
// their offsets per input, those that are ahead of the other inputs left
// waiting. Positions move to behind what is in it. It reports whether another
// batch may follow at once.
func (l *Lane) gather(in *Intake) (more bool) {
	l.batch.Reset()
	l.batch.ResendRows, l.batch.RepairClock = false, false
	l.arena.Reset()
	l.sources = l.sources[:0]
	rejected := len(l.rejected)
	for i := range l.queues {
		l.read(i, in.Wall)
	}
	l.decoded = max(l.decoded, len(l.batch.Events))
	more = l.obey(in)
	if l.ahead(in.Wall) {
		for i := range l.queues {
			l.queues[i].cut = 0
		}
		l.more = false
		l.cutBack(rejected)
		return false
	}
	upTo := l.bounded(l.frontier(in.Asked, in.Now), in.Most)
	l.front = min(upTo, forever) - mergeSlack
	upTo = l.inStep(upTo, in.Wall)
	cut := false
	for i := range l.queues {
		if i == l.control {
			continue
		}
		q := &l.queues[i]
		n := q.admissible(l.limitsOf(i, upTo, in.Now))
		q.cut = q.position(n)
		cut = cut || q.decoded && n < len(q.waiting())
		l.admit(i, n, in.Wall)
	}
	if cut {
		l.cutBack(rejected)
	}
	return more
}

// ahead reports whether the shard's clock is ahead of the wall time: then one
// of them was wrong, and nothing is applied until that is corrected.
func (l *Lane) ahead(wall event.Instant) bool {
	return max(l.clock.last, l.shard.Position().Clock) > wall && !l.batch.RepairClock
}

// read decodes what has been read of an input since. Where nothing waits from
// before the events go right into the batch, to be taken out again if they are
// ahead; else they wait as they are decoded.
func (l *Lane) read(input int, wall event.Instant) {
	q := &l.queues[input]
	waiting := q.waiting()
	q.decoded = q.timed == 0
	for ; q.timed < len(waiting); q.timed++ {
		item := &waiting[q.timed]
		switch {
		case input == l.control:
			item.parse()
		case item.skip != nil || item.record.Attrs.IsControl():
		case q.decoded:
			before := l.arena.Len()
			item.at = l.take(input, item.record, wall)
			item.plain = l.arena.Len() == before && timestamp(item.record) <= wall
		default:
			l.decodeAhead(input, item, wall)
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
func (l *Lane) admit(input, n int, wall event.Instant) {
	q, in := &l.queues[input], &l.inputs[input]
	waiting := q.waiting()
	for k := range n {
		item := &waiting[k]
		switch {
		case item.skip != nil:
			l.skip(input, item.skip)
			continue
		case item.record.Attrs.IsControl():
			continue
		case !q.decoded && input != l.control:
			item.at = l.takeAhead(input, item, wall)
		}
		l.records++
		in.records++
		in.bytes += uint64(len(item.record.Key) + len(item.record.Value))
		if item.isCredit() {
			in.events++
		} else if item.at != noTime {
			in.events++
			if at := min(item.at, wall); at > in.latest {
				in.rhythm.follow(in.latest, at, l.cfg.QuietAfter)
				in.latest = at
			}
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
func (l *Lane) take(input int, r *kgo.Record, wall event.Instant) event.Instant {
	n := len(l.batch.Events)
	if n < cap(l.batch.Events) {
		l.batch.Events = l.batch.Events[:n+1]
	} else {
		l.batch.Events = append(l.batch.Events, event.Event{})
	}
	e := &l.batch.Events[n]
	reject, ok := l.decodeRecord(input, e, r, wall, &l.arena)
	if !ok {
		l.batch.Events = l.batch.Events[:n]
		l.rejected = append(l.rejected, rejection{input: input, record: r, reject: reject})
		return noTime
	}
	l.sources = append(l.sources, r)
	return e.OccurredAt
}

// decodeAhead decodes an event that waits, so that its time is known. Only where
// the result could be another one when its batch is made is it decoded again
// then: the wall time of the batch bounds how far in the future it may lie, and
// the arena is emptied by then.
func (l *Lane) decodeAhead(input int, item *queued, wall event.Instant) {
	l.scratchArena.Reset()
	e := l.room()
	if _, ok := l.decodeRecord(input, e, item.record, wall, &l.scratchArena); ok {
		item.at = e.OccurredAt
		if l.scratchArena.Len() == 0 && timestamp(item.record) <= wall {
			item.event = e
			return
		}
	}
	l.giveBack(e)
}

// takeAhead is take for an item that has waited.
func (l *Lane) takeAhead(input int, item *queued, wall event.Instant) event.Instant {
	e := item.event
	if e == nil {
		return l.take(input, item.record, wall)
	}
	item.event = nil
	if timestamp(item.record) > wall {
		l.giveBack(e)
		return l.take(input, item.record, wall)
	}
	l.batch.Events = append(l.batch.Events, *e)
	l.sources = append(l.sources, item.record)
	at := e.OccurredAt
	l.giveBack(e)
	return at
}

// room is where an event that waits can lie.
func (l *Lane) room() *event.Event {
	if len(l.spare) == 0 {
		for i, chunk := 0, make([]event.Event, 64); i < len(chunk); i++ {
			l.spare = append(l.spare, &chunk[i])
		}
	}
	last := len(l.spare) - 1
	e := l.spare[last]
	l.spare = l.spare[:last]
	return e
}

// giveBack keeps the room for another event; it holds no record's memory.
func (l *Lane) giveBack(e *event.Event) {
	*e = event.Event{}
	l.spare = append(l.spare, e)
}

// cutBack takes out of the batch, and of the rejects since one, what was
// decoded and is ahead of the other inputs. Control records are none of these:
// those that were rejected have been stepped over.
func (l *Lane) cutBack(rejected int) {
	ahead := func(input int, offset int64) bool {
		return input != l.control && l.queues[input].decoded && offset >= l.queues[input].cut
	}
	n, input, waiting := 0, -1, []queued(nil)
	for i := range l.batch.Events {
		e := &l.batch.Events[i]
		if !ahead(int(e.Input), e.Offset) {
			if n != i {
				l.batch.Events[n], l.sources[n] = *e, l.sources[i]
			}
			n++
			continue
		}
		if int(e.Input) != input {
			input = int(e.Input)
			waiting = l.queues[input].waiting()
		}
		for waiting[0].offset() != e.Offset { // both are in the order of offsets
			waiting = waiting[1:]
		}
		if item := &waiting[0]; item.plain {
			item.event = l.room()
			*item.event = *e
		}
	}
	clear(l.sources[n:])
	l.batch.Events, l.sources = l.batch.Events[:n], l.sources[:n]
	kept := slices.DeleteFunc(l.rejected[rejected:], func(r rejection) bool { return ahead(r.input, r.record.Offset) })
	l.rejected = l.rejected[:rejected+len(kept)]
}

func (l *Lane) decodeRecord(input int, e *event.Event, r *kgo.Record, wall event.Instant,
	arena *decode.Arena) (decode.Reject, bool) {
	record := decode.Record{Key: r.Key, Value: r.Value, HasKey: r.Key != nil, HasValue: r.Value != nil,
		EventIDHeader: header(r, "ce_id"), Timestamp: min(timestamp(r), wall)}
	reject, ok := l.inputs[input].decoder.Decode(e, &record, arena)
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

// skip steps over a batch that decompresses beyond its limit. What is in it
// cannot be known; where it lies goes to the dead-letter topic.
func (l *Lane) skip(input int, e *kgo.ErrDecompressTooLarge) {
	if l.inputs[input].position >= e.NextOffset {
		return
	}
	l.rejected = append(l.rejected, rejection{input: input, undecodable: true,
		record: &kgo.Record{Topic: l.cfg.Inputs[input].Topic, Partition: l.partition, Offset: e.Offset},
		reject: decode.Reject{Reason: decode.BadEncoding, Detail: fmt.Sprintf(
			"batch decompresses beyond its limit; skipped up to offset %d", e.NextOffset)}})
	l.inputs[input].position, l.inputs[input].known = e.NextOffset, true
}
