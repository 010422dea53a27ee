package lane

import (
	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// Partition returns the lane's partition number.
func (l *Lane) Partition() int32 { return l.partition }

// Shard returns the lane's shard, to look at.
func (l *Lane) Shard() *shard.Shard { return l.shard }

// Position returns the next offset of an input to apply; known is false where
// none was found.
func (l *Lane) Position(input int) (offset int64, known bool) {
	return l.inputs[input].position, l.inputs[input].known
}

// NextToRead returns the next offset of an input that is not read yet.
func (l *Lane) NextToRead(input int) int64 { return l.queues[input].next }

// TopicID returns the id of the topic that an input's position is a position in;
// zero where brokers give none.
func (l *Lane) TopicID(input int) [16]byte { return l.inputs[input].id }

// ClockReading returns the latest reading of the clock, not that of the last
// batch: a quiet shard cuts none.
func (l *Lane) ClockReading() event.Instant { return max(l.clock.last, l.shard.Position().Clock) }

// Silence is up to when silence counts: the clock's reading, or less while a
// backfill is open or purchases are quiet. shard.ClockUnset: nowhere yet.
func (l *Lane) Silence() event.Instant {
	if len(l.sessions) > 0 {
		return min(l.silenceOf(), l.clock.last)
	}
	if silence, holds := l.holding(l.clock.last); holds {
		return min(silence, l.clock.last)
	}
	return l.clock.last
}

// CaughtUp reports whether everything that had reached Kafka when last asked was
// applied at the clock's last reading.
func (l *Lane) CaughtUp() bool { return l.clock.caughtUp }

// GroupMark returns the mark of the last commit that was kept, as the group's
// offsets carry it.
func (l *Lane) GroupMark() Mark { return l.groupMark }

// Sessions returns the backfills that are open; the lane owns them.
func (l *Lane) Sessions() []checkpoint.Session { return l.sessions }

// Sent returns how far backfills say they are, those that have ended among them;
// the lane owns it.
func (l *Lane) Sent() []Sent { return l.sent }
