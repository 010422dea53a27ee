package lane

import (
	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
)

// cut makes the records of the poll, and time, into the next batch. It is not
// worth one if nothing was read, no deadline is due, the same parameters are in
// force, and the same backfills are open.
func (l *Lane) cut(in *Intake) bool {
	reading := l.clock.reading(l, l.cfg.Clock, in.Wall)
	if len(l.sessions) > 0 {
		reading = min(reading, l.silenceOf())
	} else if silence, holds := l.holding(reading); holds {
		reading = min(reading, silence)
	}
	l.chooseStanding(in.Wall)
	if !l.moved() && !l.shard.NeedsTime(reading) && !l.judgedAnew(in.Parameters) && len(l.batch.Tell) == 0 &&
		!(l.forgotten && !l.ahead(in.Wall)) {
		return false
	}
	l.stamp(&in.Moment)
	l.lastApplied, l.forgotten = in.Now, false
	return true
}

// judgedAnew reports whether other parameters have come into force since the last
// batch: a batch without events says so, or nobody would hear of them before
// something comes.
func (l *Lane) judgedAnew(p *score.Parameters) bool {
	return l.inForce.version != "" && l.inForce.version != p.Version
}

// stamp gives the batch at hand its number, its times, and what it is judged by.
func (l *Lane) stamp(m *Moment) {
	b, position := &l.batch, l.shard.Position()
	b.Number, b.Wall, b.Replay = position.Batch+1, m.Wall, false
	if b.Clock = l.clock.last; !b.RepairClock {
		b.Clock = max(l.within(b.Clock), position.Clock)
	}
	if b.SilenceWaits = len(l.sessions) > 0; b.SilenceWaits {
		b.Silence = min(l.silenceOf(), b.Clock)
	} else if silence, holds := l.holding(b.Clock); holds {
		b.SilenceWaits, b.Silence = true, min(silence, b.Clock)
	}
	l.countVisits()
	b.ActivityHeld = l.activityHeld(b.Clock)
	// Rows hold scores: of who is not judged soon they would stay those of before.
	b.ResendRows = b.ResendRows || l.judgedAnew(m.Parameters)
	b.Parameters, b.Cuts = m.Parameters, m.Cuts
	b.ParametersSince = l.since(b.Parameters, b.Clock)
	l.inForce = inForce{b.Parameters.Version, b.ParametersSince}
}

// within lets the clock stop before more has become due than a batch may bring,
// but not before the batch's own events.
func (l *Lane) within(clock event.Instant) event.Instant {
	limit := l.clockLimit()
	for i := range l.batch.Events {
		if limit >= clock {
			break
		}
		limit = max(limit, l.batch.Events[i].OccurredAt)
	}
	return min(clock, limit)
}

// moved reports whether any position has moved since the last batch.
func (l *Lane) moved() bool {
	for i := range l.inputs {
		if l.inputs[i].position != l.lastTo(i) {
			return true
		}
	}
	return false
}

// lastTo is where the last batch ended in an input.
func (l *Lane) lastTo(input int) int64 {
	if n := len(l.entries); n > 0 {
		return l.entries[n-1].Inputs[input].To
	}
	return l.committed.positions[input].position
}

// apply applies the batch that cut made, and notes its entry.
func (l *Lane) apply() error {
	e := l.entry()
	l.shard.Count(l.records, uint64(len(l.batch.Events)), l.commands, 0)
	l.countRejects()
	if err := l.shard.Apply(&l.batch, &l.effects); err != nil {
		return err
	}
	l.spendStanding()
	l.records, l.commands = 0, 0
	l.recycle()
	if l.cfg.OnBatch != nil {
		l.cfg.OnBatch(l.partition, len(l.batch.Events))
	}
	l.entries = append(l.entries, e)
	return nil
}

// entry is what the batch log says of the batch at hand, but for what describe adds.
func (l *Lane) entry() checkpoint.Entry {
	b := &l.batch
	e := checkpoint.Entry{Batch: b.Number, Clock: int64(b.Clock), Silence: int64(b.Clock), Wall: int64(b.Wall),
		Sessions: copySessions(nil, l.sessions), ParamVersion: b.Parameters.Version, ParamSince: int64(b.ParametersSince)}
	if b.Cuts != nil {
		e.CutsVersion = b.Cuts.Version
	}
	if b.SilenceWaits {
		e.Silence = int64(b.Silence)
	}
	if b.RepairClock {
		e.Actions |= checkpoint.RepairClock
	}
	if b.ActivityHeld {
		e.Actions |= checkpoint.HoldActivity
	}
	if b.ResendRows {
		e.Actions |= checkpoint.ResendRows
	}
	for _, slot := range b.Tell {
		e.Tell = append(e.Tell, uint32(slot))
	}
	for i := range l.inputs {
		in := &l.inputs[i]
		e.Inputs = append(e.Inputs, checkpoint.InputRange{Topic: l.topics[i], ID: in.id, From: l.lastTo(i), To: in.position,
			Latest: int64(in.latest), LostBelow: in.lostBelow,
			Since: int64(in.rhythm.since), Pause: int64(in.rhythm.pause), Doubt: int64(in.rhythm.doubt),
			Volume: in.volume.Volume})
	}
	return e
}

// since is the clock reading from which parameters are in force when a batch is
// the first to be judged by them: 0 for a shard's first batch.
func (l *Lane) since(p *score.Parameters, clock event.Instant) event.Instant {
	switch {
	case l.shard.Position().Batch == 0 || clock < 0:
		return 0
	case p.Version != l.inForce.version:
		return clock
	}
	return l.inForce.since
}

// inForce names what a lane's latest batch was judged by.
type inForce struct {
	version string
	since   event.Instant
}
