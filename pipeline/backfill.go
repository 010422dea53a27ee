package pipeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// A backfill into a running instance is announced by records of the internal
// topic. While its session is open, silence counts only as far as the backfill
// has come: events up to `through` lie below offsets that it names, and are
// applied together once all of them are read, as if they had lain there from the
// beginning. So a customer whose history is on its way is not taken for silent,
// and nobody returns from a silence that the other half of the history fills.

// sessionOf is the session that an input is part of, nil if there is none.
// Where several sessions are open no input waits: none of them knows of the
// other, and silence waits for all.
func (w *worker) sessionOf(input int) *checkpoint.Session {
	if len(w.sessions) != 1 {
		return nil
	}
	s := &w.sessions[0]
	if slices.Contains(s.Topics, w.topics[input]) {
		return s
	}
	return nil
}

// limitsOf is up to which event time, and before which offset, an input's items
// may be applied now.
func (w *worker) limitsOf(input int, upTo event.Instant, now time.Time) (event.Instant, int64) {
	const anywhere = 1<<63 - 1
	s := w.sessionOf(input)
	if s == nil {
		return upTo, anywhere
	}
	// A backfill that says nothing holds no event, nor one whose stretches are
	// too large to be held.
	if now.Sub(w.heardOf) > mergePatience || w.neededBytes() > overfull*w.holdBytes {
		return forever, anywhere
	}
	return forever, s.Offsets[slices.Index(s.Topics, w.topics[input])]
}

// overfull is how many times its share of memory a shard may hold for a stretch
// of a backfill that is not read to its end.
const overfull = 4

// needed reports whether more must be read of an input before the control
// record that is next can be acted on.
func (w *worker) needed(input int) bool {
	if w.control < 0 {
		return false
	}
	for _, item := range w.queues[w.control].waiting() {
		if c := item.command; c != nil {
			n := slices.Index(c.Topics, w.topics[input])
			return n >= 0 && n < len(c.Offsets) && w.queues[input].next < c.Offsets[n]
		}
	}
	return false
}

// neededBytes is what waits for the rest of its stretch.
func (w *worker) neededBytes() (n int64) {
	for i := range w.queues {
		if w.needed(i) {
			n += w.queues[i].bytes
		}
	}
	return n
}

// obey acts on the control records that have been read, in their order, as far
// as the inputs have been read up to where they speak of. It reports whether a
// stretch of a backfill has been reached: there may be another one right behind.
func (w *worker) obey(p *Pipeline, in intake) bool {
	w.forgetSilent(p, in)
	if w.control < 0 {
		return false
	}
	n, steps := 0, 0
	for waiting := w.queues[w.control].waiting(); n < len(waiting) && steps == 0; n++ {
		item := &waiting[n]
		if item.flaw != nil {
			w.rejected = append(w.rejected, rejection{input: w.control, record: item.record,
				reject: decode.Reject{Reason: decode.BadSyntax, Detail: item.flaw.Error()}})
			continue
		}
		if item.command == nil {
			continue
		}
		if !w.mayObey(item.command) {
			break
		}
		if w.command(p, item.command, item.record, in) {
			steps++ // one stretch of a backfill a batch: silence must follow it
		}
		w.commands++
		w.heardOf = in.now
	}
	w.admit(p, w.control, n, in.wall)
	return steps > 0
}

// mayObey reports whether the inputs have been read up to where a control
// record speaks of. Who closes a session by hand names no offsets.
func (w *worker) mayObey(c *control.Record) bool {
	if c.Kind != control.BackfillReached && c.Kind != control.BackfillClosed {
		return true
	}
	for i, offset := range c.Offsets {
		if input := slices.Index(w.topics, c.Topics[i]); input >= 0 && w.queues[input].next < offset {
			return false
		}
	}
	return true
}

// command acts on one control record. It reports whether a stretch of a
// backfill has been reached.
func (w *worker) command(p *Pipeline, c *control.Record, r *kgo.Record, in intake) (reached bool) {
	seen := min(event.Instant(r.Timestamp.UnixMicro()), in.wall)
	switch c.Kind {
	case control.BackfillOpened:
		w.open(c, seen)
		p.cfg.Logger.Debug("a backfill begins", "partition", w.partition, "session", c.Session)
	case control.BackfillReached:
		return w.reachedBy(c, seen)
	case control.BackfillClosed:
		w.close(c, in.asked)
		p.cfg.Logger.Debug("a backfill has ended", "partition", w.partition, "session", c.Session)
	case control.RowsResend:
		w.batch.ResendRows = true
		w.modelRows = ""
	case control.ClockRepair:
		w.repair(p, in)
	}
	return false
}

func (w *worker) open(c *control.Record, seen event.Instant) {
	w.sessions = slices.DeleteFunc(w.sessions, func(s checkpoint.Session) bool { return s.ID == c.Session })
	if len(w.sessions) == maxSessions {
		w.sessions = w.sessions[1:] // the oldest; who opens so many has left it
	}
	s := checkpoint.Session{ID: c.Session, SeenAt: int64(seen)}
	for i, topic := range c.Topics {
		input := slices.Index(w.topics, topic)
		if input < 0 || input == w.control {
			continue
		}
		at := w.inputs[input].position
		if i < len(c.Offsets) {
			at = c.Offsets[i]
		}
		s.Topics, s.Offsets = append(s.Topics, topic), append(s.Offsets, at)
	}
	w.sessions = append(w.sessions, s)
}

// maxSessions bounds the sessions that are open at once.
const maxSessions = 16

// reachedBy notes how far a session has come.
func (w *worker) reachedBy(c *control.Record, seen event.Instant) bool {
	for i := range w.sessions {
		s := &w.sessions[i]
		if s.ID != c.Session {
			continue
		}
		s.SeenAt = int64(seen)
		s.Through = max(s.Through, c.Through)
		for k, topic := range c.Topics {
			if n := slices.Index(s.Topics, topic); n >= 0 && k < len(c.Offsets) {
				s.Offsets[n] = max(s.Offsets[n], c.Offsets[k])
			}
		}
		return true
	}
	return false
}

// close ends a session. Silence counts again once all is applied that had
// reached Kafka by now: what was asked before knows nothing of the session's end.
func (w *worker) close(c *control.Record, asked *logEnds) {
	w.sessions = slices.DeleteFunc(w.sessions, func(s checkpoint.Session) bool {
		return s.ID == c.Session || c.Session == control.AllSessions
	})
	w.clock.forget(asked)
}

// forgetSilent ends the sessions that have given no sign of life for too long.
func (w *worker) forgetSilent(p *Pipeline, in intake) {
	w.sessions = slices.DeleteFunc(w.sessions, func(s checkpoint.Session) bool {
		if in.wall-event.Instant(s.SeenAt) <= event.Instant(p.cfg.BackfillMaxOpen.Microseconds()) {
			return false
		}
		p.cfg.Logger.Warn("a backfill has given no sign of life for backfill.max_open; silence waits for it no longer",
			"partition", w.partition, "session", s.ID)
		w.clock.forget(in.asked)
		return true
	})
}

// silenceOf is up to when silence counts while sessions are open.
func (w *worker) silenceOf() event.Instant {
	through := forever
	for i := range w.sessions {
		through = min(through, event.Instant(w.sessions[i].Through))
	}
	if through == 0 {
		return shard.ClockUnset
	}
	return through - w.lateness
}

// repair sets the clock back to the wall time, if it is ahead of it.
func (w *worker) repair(p *Pipeline, in intake) {
	wall := in.wall
	if w.shard.Position().Clock <= wall {
		return
	}
	p.cfg.Logger.Warn("the clock is set back as asked for", "partition", w.partition,
		"from", timeOf(w.shard.Position().Clock), "to", timeOf(wall-w.lateness))
	w.batch.RepairClock = true
	w.clock.setBack(wall-w.lateness, in.asked)
}

// Sessions describes the backfill sessions that are open, each once.
func (p *Pipeline) Sessions() []string {
	p.status.mu.Lock()
	defer p.status.mu.Unlock()
	return p.status.sessions
}

// sessionsOpen notes which sessions are open, for the probes.
func (s *session) sessionsOpen() int {
	var open []string
	ids := map[string]bool{}
	for _, w := range s.workers {
		for i := range w.sessions {
			if b := &w.sessions[i]; !ids[b.ID] {
				ids[b.ID] = true
				through := "nothing yet"
				if b.Through != 0 {
					through = "events up to " + timeOf(event.Instant(b.Through))
				}
				open = append(open, fmt.Sprintf("backfill %s is open: %s; silence waits for its end "+
					"(if it was given up: holdfast backfill --close %s)", b.ID, through, b.ID))
			}
		}
	}
	slices.Sort(open)
	s.p.status.mu.Lock()
	before := len(s.p.status.sessions)
	s.p.status.sessions = open
	s.p.status.mu.Unlock()
	switch {
	case before == 0 && len(open) > 0:
		s.p.cfg.Logger.Info("a backfill is on its way; silence waits for its end", "sessions", len(open))
	case before > 0 && len(open) == 0:
		s.p.cfg.Logger.Info("no backfill is open any more; silence counts again")
	}
	return len(open)
}

func timeOf(at event.Instant) string {
	return time.UnixMicro(int64(at)).UTC().Format(time.RFC3339)
}
