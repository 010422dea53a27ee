package pipeline

import (
	"context"
	"sync"
	"time"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// clock is a shard's honest clock. It may declare silence only when it is
// really silence: the log ends of all inputs are asked for, with the wall time
// of the asking; once everything up to them is applied, all that had reached
// Kafka by then is counted, and the clock may move to that time − lateness.
// Until then it follows the events of the inputs that are behind. There is no
// time-out and no guess in it, and it never runs backwards.
type clock struct {
	last     event.Instant // the reading of the last batch
	askedAt  event.Instant // wall time of the latest asking taken over; 0 = none
	ends     []checkpoint.Range
	caughtUp bool // at the last reading
	honest   event.Instant
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
func (c *clock) take(asked *logEnds, partition int32) {
	if c.askedAt != 0 && c.askedAt > c.honest || asked == nil || asked.at <= c.askedAt {
		return
	}
	for i, byPartition := range asked.ends {
		r, ok := byPartition[partition]
		if !ok {
			return
		}
		c.ends[i] = r
	}
	c.askedAt = asked.at
}

// reading is the reading for the batch that ends at the worker's positions.
func (c *clock) reading(w *worker, mode ClockMode) event.Instant {
	c.caughtUp = c.askedAt != 0
	behind, follow := false, event.Instant(1<<62)
	for i := range w.inputs {
		in := &w.inputs[i]
		if c.askedAt != 0 && c.isRead(in, i) {
			continue
		}
		behind, c.caughtUp = true, false
		if in.latest == 0 {
			follow = shard.ClockUnset // nothing seen of it: it says nothing
		} else {
			follow = min(follow, in.latest)
		}
	}
	lateness := w.lateness
	if !behind {
		c.honest = max(c.honest, c.askedAt)
	}
	reading := c.last
	if c.honest != shard.ClockUnset {
		reading = max(reading, c.honest-lateness)
	}
	if behind && follow != shard.ClockUnset {
		reading = max(reading, follow-lateness)
	}
	if mode == EventsClock {
		reading = max(c.last, min(reading, w.latest()-lateness))
	}
	c.last = reading
	return reading
}

// isRead says whether everything below the end asked for is applied. An empty
// log counts as read, wherever it begins.
func (c *clock) isRead(in *inputState, i int) bool {
	return c.ends[i].Start >= c.ends[i].End || in.position >= c.ends[i].End
}

// latest is the latest event time seen on any input.
func (w *worker) latest() event.Instant {
	latest := shard.ClockUnset
	for i := range w.inputs {
		if w.inputs[i].latest != 0 {
			latest = max(latest, w.inputs[i].latest)
		}
	}
	return latest
}

// logEnds is one asking: what had reached Kafka by the time of it.
type logEnds struct {
	at   event.Instant
	ends []map[int32]checkpoint.Range // per input, by partition
}

const (
	askTimeout  = 5 * time.Second
	silentAfter = 2 // askings in a row
)

// endsAsker asks for the log starts and ends of all inputs, read uncommitted,
// about once a second, and whether the topics are still what they were.
type endsAsker struct {
	mu     sync.Mutex
	latest *logEnds
	failed int   // askings in a row without an answer
	why    error // of the last of them
	err    error // of the topics; it ends the session
}

// silence says why the brokers are taken to be away; nil while they answer.
func (a *endsAsker) silence() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed < silentAfter {
		return nil
	}
	return a.why
}

func (a *endsAsker) get() (*logEnds, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.latest, a.err
}

func (a *endsAsker) run(ctx context.Context, s *session) {
	topics := s.p.cfg.topicNames()
	missed := 0
	tick := time.NewTicker(endsEvery)
	defer tick.Stop()
	for {
		at := s.p.wall() // before the asking: what came later is not promised
		asking, cancel := context.WithTimeout(ctx, askTimeout)
		ends, err := checkpoint.EndOffsets(asking, s.reader, topics)
		changed := s.watchTopics(asking, &missed)
		cancel()
		asked := &logEnds{at: at}
		for _, t := range topics {
			asked.ends = append(asked.ends, ends[t])
		}
		a.mu.Lock()
		if a.failed, a.why = a.failed+1, err; err == nil {
			a.latest, a.failed = asked, 0
		}
		if a.err == nil {
			a.err = changed
		}
		a.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
