package pipeline

import (
	"context"
	"maps"
	"slices"
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
func (c *clock) take(asked *logEnds, partition int32) {
	if c.askedAt != 0 && c.askedAt > c.honest || asked == nil || asked.at == 0 || asked.at <= c.askedAt && c.askedAt != 0 || asked.number < c.fromAsking {
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

// forget drops the target: what was asked for until now says too little. The
// asking that may be on its way began too early as well.
func (c *clock) forget(asked *logEnds) {
	c.askedAt, c.caughtUp = 0, false
	if asked != nil {
		c.fromAsking = asked.number + 2
	}
}

// setBack lets a clock that ran ahead read an earlier moment.
func (c *clock) setBack(reading event.Instant, asked *logEnds) {
	c.last, c.honest = reading, min(c.honest, reading)
	c.forget(asked)
}

// reading is the reading for the batch that ends at the worker's positions.
func (c *clock) reading(w *worker, mode ClockMode, wall event.Instant) event.Instant {
	if len(w.sessions) > 0 {
		c.caughtUp = false
		c.last = max(c.last, min(w.silenceOf(), wall))
		return c.last
	}
	behind, follow := c.behind(w)
	c.caughtUp = !behind
	if !behind {
		c.honest = max(c.honest, c.askedAt)
	}
	reading := c.last
	if c.honest != shard.ClockUnset {
		reading = max(reading, c.honest-w.lateness)
	}
	if behind && follow != shard.ClockUnset {
		reading = max(reading, follow-w.lateness)
	}
	if mode == EventsClock {
		reading = max(c.last, min(reading, w.latest()-w.lateness))
	}
	c.last = max(c.last, min(reading, wall))
	return c.last
}

// behind reports whether an input is not yet applied to the end asked for, and
// up to which event time all such inputs are.
func (c *clock) behind(w *worker) (behind bool, follow event.Instant) {
	follow = forever
	for i := range w.inputs {
		in, q := &w.inputs[i], &w.queues[i]
		switch {
		case c.askedAt != 0 && c.isRead(in, i):
			continue
		case i == w.control:
		case len(q.waiting()) > 0:
			follow = min(follow, w.front)
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
	number uint64                       // counts up
	at     event.Instant                // wall time; 0 where it is not believed
	ends   []map[int32]checkpoint.Range // per input, by partition
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
	asks := slices.Collect(maps.Keys(s.p.versions.topics(&s.p.cfg.Topics)))
	asks = append(asks, topics...)
	missed := 0
	var witnessed time.Time
	number := uint64(0)
	tick := time.NewTicker(endsEvery)
	defer tick.Stop()
	watchdog := s.p.watchdog
	defer watchdog.begin(&watchdog.asker, "end", patient)
	for {
		watchdog.begin(&watchdog.asker, "ask for log ends", askTimeout+s.p.cfg.StuckAfter)
		asking, cancel := context.WithTimeout(ctx, askTimeout)
		if s.witnessDue(witnessed) && s.askBrokers(asking) == nil {
			witnessed = time.Now()
		}
		at := s.p.wall() // before the asking: what came later is not promised
		if s.p.times.believe(at, time.Now()) != "" {
			at = 0 // no clock goes by it
		}
		ends, err := checkpoint.EndOffsets(asking, s.reader, asks)
		if err == nil {
			err = s.readVersions(asking, ends)
		}
		changed := s.watchTopics(asking, &missed)
		cancel()
		number++
		asked := &logEnds{number: number, at: at}
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

// witnessDue reports whether the brokers should be asked for the time: now and
// then, and at once where the host's clock is not believed.
func (s *session) witnessDue(last time.Time) bool {
	if s.p.cfg.ClockTolerance < 0 {
		return false
	}
	return time.Since(last) >= witnessEvery || s.p.times.doubted() != ""
}
