package lane

import (
	"fmt"
	"time"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
)

// Around is what a commit is prepared with besides the lane.
type Around struct {
	Moment
	Flush    bool // all dirty pages are to go: the clean stop
	Stopping bool // rows that are owed are due at once
	// IDs are the ids of the topics, for the header.
	IDs map[string][16]byte
	// OutboxPartitions is how many the outbox has.
	OutboxPartitions int32
}

func (a *Around) place(topic string) checkpoint.Place {
	return checkpoint.Place{Topic: topic, ID: a.IDs[topic]}
}

// CommitDue reports whether the lane has something to say in a commit.
func (l *Lane) CommitDue(now time.Time, stopping bool) bool {
	return l.Busy() || l.pagesDue() || l.flushDue(now, stopping) || l.qualityDue(now, stopping) ||
		l.restDue(now) || l.lagDue()
}

// Busy reports whether something was applied or set aside since the last commit.
func (l *Lane) Busy() bool { return len(l.entries) > 0 || len(l.rejected) > 0 }

// Unfinished reports whether a clean stop still has something to write.
func (l *Lane) Unfinished() bool {
	return l.Busy() || l.shard.RowsOwed() > 0 || l.qualityDue(time.Time{}, true) ||
		l.pagesDue() || l.headerStale() || !l.headerLast
}

// Prepare writes the rows that are owed, chooses and encodes pages, makes the
// last entry say where the shard stands, and returns all of it as a value. The
// value shares the lane's memory until Keep or Undo, one of which must follow
// before anything else is applied. Also a lane that has nothing to say returns
// one: its offsets and its mark go with every commit.
func (l *Lane) Prepare(a *Around) (*Commit, error) {
	l.beginFlush(a)
	needed := l.flush.remaining > 0 || l.modelDue(a) || l.qualityDue(a.Now, a.Stopping) ||
		a.Flush && (l.shard.Slab().DirtyPages() > 0 || l.headerStale() || !l.headerLast) || l.restDue(a.Now) || l.lagDue()
	if len(l.entries) == 0 && (needed || l.Busy() || l.pagesDue()) {
		// Whatever is said in a commit belongs to a batch; an empty one will do.
		l.batch.Reset()
		l.batch.ResendRows, l.batch.RepairClock = false, false
		l.clock.holdTo(max(a.Wall, l.shard.Position().Clock))
		l.stamp(&a.Moment)
		if err := l.apply(); err != nil {
			return nil, fmt.Errorf("apply to shard %d: %w", l.partition, err)
		}
	}
	c := &Commit{Partition: l.partition, topics: &l.cfg.Topics, outboxPartition: l.partition % max(a.OutboxPartitions, 1)}
	if len(l.entries) > 0 {
		l.writeRows(a.Wall)
		if l.qualityDue(a.Now, a.Stopping) {
			l.writeQuality(a.Now, a.Wall)
		}
		header := l.choosePages(c, a)
		l.describe()
		l.addHeader(c, a, header)
	}
	l.tell(c, a.Wall)
	return c, nil
}

// flushDue reports whether rows are being flushed, or it is time to.
func (l *Lane) flushDue(now time.Time, stopping bool) bool {
	return l.flush.remaining > 0 ||
		l.shard.RowsOwed() > 0 && (now.Sub(l.lastFlush) >= l.cfg.FlushEvery || stopping)
}

// beginFlush notes at each flush how many rows are owed.
func (l *Lane) beginFlush(a *Around) {
	if l.flush.remaining > 0 || !l.flushDue(a.Now, a.Stopping) {
		return
	}
	l.lastFlush = a.Now
	l.flush = flushState{remaining: l.shard.RowsOwed(), batch: l.shard.Position().Batch}
}

// modelDue reports whether the model table lacks the parameters in force.
func (l *Lane) modelDue(a *Around) bool { return l.modelRows != a.Parameters.Version }

func (l *Lane) writeRows(wall event.Instant) {
	if l.modelRows != l.inForce.version {
		l.modelRows = l.inForce.version
		l.shard.WriteModel(wall, &l.effects)
	}
	if l.flush.remaining > 0 {
		before := l.shard.RowsOwed()
		l.shard.WriteRows(wall, min(l.flush.remaining, l.cfg.rowsPerCommit()), &l.effects)
		l.flush.remaining -= before - l.shard.RowsOwed()
		if l.flush.remaining <= 0 {
			l.flush.remaining = 0
			l.rowsComplete = max(l.rowsComplete, l.flush.batch)
		}
	}
	if l.shard.RowsOwed() == 0 {
		l.rowsComplete = l.shard.Position().Batch
	}
}

// describe completes the last entry of the commit with where the shard stands.
func (l *Lane) describe() {
	at := l.shard.Position()
	for i := range l.entries {
		e := &l.entries[i]
		e.NextSeq, e.Partitions, e.Epoch = at.NextSeq, l.cfg.Partitions, at.Epoch
		e.ConfigHash = l.cfg.ConfigHash
		e.RowsComplete, e.Counters = l.rowsComplete, at.Counters.Values()
		e.OldestNeeded = at.Batch + 1
		if oldest, dirty := l.shard.Slab().OldestDirty(); dirty {
			e.OldestNeeded = oldest
		}
	}
}

// mark is what the offsets of the commit at hand carry.
func (l *Lane) mark() Mark {
	return Mark{Batch: l.shard.Position().Batch, RowsComplete: l.rowsComplete, Sessions: len(l.sessions),
		ClockLags: l.clockLags(), Incarnation: l.cfg.Incarnation}
}

// clockLags reports whether the clock has not yet come as far as what is applied
// lets it: an input is not known to be read to its end, or more has become due
// than the last batch could bring. What is still to come of it are rows and
// alerts that nobody sent anything for.
func (l *Lane) clockLags() bool { return !l.clock.caughtUp || l.late() }

// lagDue reports whether the last commit says that the clock lags, and it no
// longer does: who waits for it must hear of that.
func (l *Lane) lagDue() bool { return l.groupMark.ClockLags && !l.clockLags() }
