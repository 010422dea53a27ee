package lane

import (
	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// clock is a shard's honest clock. It may declare silence only when it is
// really silence: the log ends of all inputs are asked for, with the wall time
// of the asking; once everything up to them is applied, all that had reached
// Kafka by then is counted, and the clock may move to that time − lateness.
// Until then it follows the events of the inputs that are behind. There is no
// time-out and no guess in it. It never runs backwards, and never beyond the
// wall time of its batch.
type clock struct {
	last       event.Instant // the reading of the last batch
	askedAt    event.Instant // wall time of the latest asking taken over; 0 = none
	fromAsking uint64        // earlier askings are of no use
	ends       []checkpoint.Range
	caughtUp   bool // at the last reading
	honest     event.Instant
}

func newClock(inputs int) clock {
	return clock{last: shard.ClockUnset, honest: shard.ClockUnset, ends: make([]checkpoint.Range, inputs)}
}

func (c *clock) copyTo(to *clock) {
	ends := append(to.ends[:0], c.ends...)
	*to = *c
	to.ends = ends
}

// take takes over an asking of log ends. A target that has not been reached
// stays until it is: under steady traffic a newer one would never be reached.
func (c *clock) take(asked *LogEnds, partition int32) {
	if c.askedAt != 0 && c.askedAt > c.honest || asked == nil || asked.At == 0 ||
		asked.At <= c.askedAt && c.askedAt != 0 || asked.Number < c.fromAsking {
		return
	}
	for i, byPartition := range asked.Ends {
		r, ok := byPartition[partition]
		if !ok {
			return
		}
		c.ends[i] = r
	}
	c.askedAt = asked.At
}

// forget drops the target: what was asked for until now says too little. The
// asking that may be on its way began too early as well.
func (c *clock) forget(asked *LogEnds) {
	c.askedAt, c.caughtUp = 0, false
	if asked != nil {
		c.fromAsking = asked.Number + 2
	}
}

// setBack lets a clock that ran ahead read an earlier moment.
func (c *clock) setBack(reading event.Instant, asked *LogEnds) {
	c.last, c.honest = reading, min(c.honest, reading)
	c.forget(asked)
}

// holdTo takes back a reading that no batch has yet: where the wall time turns
// out to have been ahead, what waits to come of it must not come.
func (c *clock) holdTo(latest event.Instant) { c.last = min(c.last, latest) }

// reading is the reading for the batch that ends at the lane's positions.
func (c *clock) reading(l *Lane, mode ClockMode, wall event.Instant) event.Instant {
	if len(l.sessions) > 0 {
		c.caughtUp = false
		c.last = max(c.last, min(l.silenceOf(), wall))
		return c.last
	}
	behind, follow := c.behind(l)
	c.caughtUp = !behind
	if !behind {
		c.honest = max(c.honest, c.askedAt)
	}
	reading := c.last
	if c.honest != shard.ClockUnset {
		reading = max(reading, c.honest-l.lateness)
	}
	if behind && follow != shard.ClockUnset {
		reading = max(reading, follow-l.lateness)
	}
	if mode == EventsClock {
		reading = max(c.last, min(reading, l.latest()-l.lateness))
	}
	c.last = max(c.last, min(reading, wall))
	return c.last
}

// behind reports whether an input is not yet applied to the end asked for, and
// up to which event time all such inputs are.
func (c *clock) behind(l *Lane) (behind bool, follow event.Instant) {
	follow = forever
	for i := range l.inputs {
		in, q := &l.inputs[i], &l.queues[i]
		switch {
		case c.askedAt != 0 && c.isRead(in, i):
			continue
		case i == l.control:
		case len(q.waiting()) > 0:
			follow = min(follow, l.front)
		case in.latest == 0:
			follow = shard.ClockUnset // nothing seen of it: it says nothing
		default:
			follow = min(follow, in.latest)
		}
		behind = true
	}
	if follow == forever {
		follow = shard.ClockUnset
	}
	return behind, max(follow, shard.ClockUnset)
}

// isRead reports whether everything below the end asked for is applied. That
// a log is empty proves nothing: what was not read yet may have been deleted.
func (c *clock) isRead(in *inputState, i int) bool {
	return in.position >= c.ends[i].End
}

// latest is the latest event time seen on any input.
func (l *Lane) latest() event.Instant {
	latest := shard.ClockUnset
	for i := range l.inputs {
		if l.inputs[i].latest != 0 {
			latest = max(latest, l.inputs[i].latest)
		}
	}
	return latest
}

// LogEnds is one asking: what had reached Kafka by the time of it.
type LogEnds struct {
	Number uint64                       // counts up
	At     event.Instant                // wall time; 0 where it is not believed
	Ends   []map[int32]checkpoint.Range // per input, by partition
}
