package lane

import (
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
func (l *Lane) sessionOf(input int) *checkpoint.Session {
	if len(l.sessions) != 1 {
		return nil
	}
	s := &l.sessions[0]
	if slices.Contains(s.Topics, l.topics[input]) {
		return s
	}
	return nil
}

// limitsOf is up to which event time, and before which offset, an input's items
// may be applied now.
func (l *Lane) limitsOf(input int, upTo event.Instant, now time.Time) (event.Instant, int64) {
	const anywhere = 1<<63 - 1
	s := l.sessionOf(input)
	if s == nil {
		return upTo, anywhere
	}
	// A backfill that says nothing holds no event, nor one whose stretches are
	// too large to be held.
	if now.Sub(l.heardOf) > mergePatience || l.neededBytes() > overfull*l.holdBytes {
		return forever, anywhere
	}
	return forever, s.Offsets[slices.Index(s.Topics, l.topics[input])]
}

// overfull is how many times its share of memory a shard may hold for a stretch
// of a backfill that is not read to its end.
const overfull = 4

// needed reports whether more must be read of an input before the control
// record that is next can be acted on.
func (l *Lane) needed(input int) bool {
	if l.control < 0 {
		return false
	}
	for _, item := range l.queues[l.control].waiting() {
		if c := item.command; c != nil {
			n := slices.Index(c.Topics, l.topics[input])
			return n >= 0 && n < len(c.Offsets) && l.queues[input].next < c.Offsets[n]
		}
	}
	return false
}

// neededBytes is what waits for the rest of its stretch.
func (l *Lane) neededBytes() (n int64) {
	for i := range l.queues {
		if l.needed(i) {
			n += l.queues[i].bytes
		}
	}
	return n
}

// obey acts on the control records that have been read, in their order, as far
// as the inputs have been read up to where they speak of. It reports whether a
// stretch of a backfill has been reached: there may be another one right behind.
func (l *Lane) obey(in *Intake) bool {
	l.forgetSilent(in)
	if l.control < 0 {
		return false
	}
	n, steps, waiting := 0, 0, l.queues[l.control].waiting()
	gate := l.gateOf(waiting, in)
	for ; n < len(waiting) && steps == 0; n++ {
		item := &waiting[n]
		if item.flaw != nil {
			l.rejected = append(l.rejected, rejection{input: l.control, record: item.record,
				reject: decode.Reject{Reason: decode.BadSyntax, Detail: item.flaw.Error()}})
			continue
		}
		if item.command == nil {
			continue
		}
		if item.isCredit() {
			if gate.waits(n, item.command) {
				break
			}
			gate.room--
			l.takeCredit(item.command, item.record, in.Wall)
			continue
		}
		if !l.mayObey(item.command) {
			break
		}
		if l.command(item.command, item.record, in) {
			steps++ // one stretch of a backfill a batch: silence must follow it
		}
		l.commands++
		l.heardOf = in.Now
	}
	l.admit(l.control, n, in.Wall)
	return steps > 0 || gate.room == 0
}

// mayObey reports whether the inputs have been read up to where a control
// record speaks of. Who closes a session by hand names no offsets.
func (l *Lane) mayObey(c *control.Record) bool {
	if c.Kind != control.BackfillReached && c.Kind != control.BackfillClosed {
		return true
	}
	for i, offset := range c.Offsets {
		if input := slices.Index(l.topics, c.Topics[i]); input >= 0 && l.queues[input].next < offset {
			return false
		}
	}
	return true
}

// command acts on one control record. It reports whether a stretch of a
// backfill has been reached.
func (l *Lane) command(c *control.Record, r *kgo.Record, in *Intake) (reached bool) {
	seen := min(event.Instant(r.Timestamp.UnixMicro()), in.Wall)
	switch c.Kind {
	case control.BackfillOpened:
		l.open(c, seen)
		l.log.Debug("a backfill begins", "partition", l.partition, "session", c.Session)
	case control.BackfillReached:
		return l.reachedBy(c, seen)
	case control.BackfillClosed:
		l.close(c, in.Asked)
		l.log.Debug("a backfill has ended", "partition", l.partition, "session", c.Session)
	case control.RowsResend:
		l.batch.ResendRows = true
		l.modelRows, l.quality = "", l.quality.untold()
	case control.ClockRepair:
		l.repair(in)
	case control.ReferralCredit: // an event, which obey has taken
	}
	return false
}

func (l *Lane) open(c *control.Record, seen event.Instant) {
	l.sessions = slices.DeleteFunc(l.sessions, func(s checkpoint.Session) bool { return s.ID == c.Session })
	if len(l.sessions) == maxSessions {
		l.sessions = l.sessions[1:] // the oldest; who opens so many has left it
	}
	l.noteSent(c)
	s := checkpoint.Session{ID: c.Session, SeenAt: int64(seen)}
	for i, topic := range c.Topics {
		input := slices.Index(l.topics, topic)
		if input < 0 || input == l.control {
			continue
		}
		at := l.inputs[input].position
		if i < len(c.Offsets) {
			at = c.Offsets[i]
		}
		s.Topics, s.Offsets = append(s.Topics, topic), append(s.Offsets, at)
	}
	l.sessions = append(l.sessions, s)
}

// maxSessions bounds the sessions that are open at once.
const maxSessions = 16

// reachedBy notes how far a session has come.
func (l *Lane) reachedBy(c *control.Record, seen event.Instant) bool {
	for i := range l.sessions {
		s := &l.sessions[i]
		if s.ID != c.Session {
			continue
		}
		l.noteSent(c)
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
func (l *Lane) close(c *control.Record, asked *LogEnds) {
	l.sessions = slices.DeleteFunc(l.sessions, func(s checkpoint.Session) bool {
		return s.ID == c.Session || c.Session == control.AllSessions
	})
	l.clock.forget(asked)
}

// forgetSilent ends the sessions that have given no sign of life for too long.
func (l *Lane) forgetSilent(in *Intake) {
	l.sessions = slices.DeleteFunc(l.sessions, func(s checkpoint.Session) bool {
		if in.Wall-event.Instant(s.SeenAt) <= event.Instant(l.cfg.BackfillMaxOpen.Microseconds()) {
			return false
		}
		l.log.Warn("a backfill has given no sign of life for backfill.max_open; silence waits for it no longer",
			"partition", l.partition, "session", s.ID)
		l.clock.forget(in.Asked)
		l.forgotten = true
		return true
	})
}

// silenceOf is up to when silence counts while sessions are open.
func (l *Lane) silenceOf() event.Instant {
	through := forever
	for i := range l.sessions {
		through = min(through, event.Instant(l.sessions[i].Through))
	}
	if through == 0 {
		return shard.ClockUnset
	}
	return through - l.lateness
}

// repair sets the clock back to the wall time, if it is ahead of it.
func (l *Lane) repair(in *Intake) {
	wall := in.Wall
	if l.shard.Position().Clock <= wall {
		return
	}
	l.log.Warn("the clock is set back as asked for", "partition", l.partition,
		"from", timeOf(l.shard.Position().Clock), "to", timeOf(wall-l.lateness))
	l.batch.RepairClock = true
	l.clock.setBack(wall-l.lateness, in.Asked)
}

// Sent is how many of a session's events are acknowledged. It is only told: a
// restart forgets it, and the records of the session say it again.
type Sent struct {
	Session      string
	Sent, Events int64
}

// noteSent notes how far a session says it is.
func (l *Lane) noteSent(c *control.Record) {
	l.sent = slices.DeleteFunc(l.sent, func(s Sent) bool { return s.Session == c.Session })
	if c.Events == 0 {
		return // an older release sends it
	}
	if len(l.sent) == maxSessions {
		l.sent = l.sent[1:]
	}
	l.sent = append(l.sent, Sent{c.Session, c.Sent, c.Events})
}

func timeOf(at event.Instant) string {
	return time.UnixMicro(int64(at)).UTC().Format(time.RFC3339)
}
