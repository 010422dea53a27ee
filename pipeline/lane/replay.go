package lane

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/cuts"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/state"
)

// A replay applies batches again, from their entries and the inputs, with
// effects suppressed: BeginReplay once, and for every batch ReplayBatch, Replay
// for each record of its ranges, input by input, and ApplyReplay. Each page takes
// only the batches that are newer than it.

// BeginReplay sets the shard to before the first batch of a replay.
func (l *Lane) BeginReplay(first *checkpoint.Entry, epoch uint32) {
	l.shard.Seek(shard.Position{Batch: first.Batch - 1, Clock: shard.ClockUnset, Epoch: epoch, NextSeq: 1})
}

// ReplayBatch begins the batch of an entry.
func (l *Lane) ReplayBatch() {
	l.batch.Reset()
	l.arena.Reset()
	l.sources = l.sources[:0]
}

// Replay puts a record of an input into the batch, as it was when it came.
func (l *Lane) Replay(input int, r *kgo.Record, e *checkpoint.Entry) {
	item := queued{record: r}
	switch {
	case r.Attrs.IsControl():
	case input != l.control:
		l.take(input, r, event.Instant(e.Wall))
	default:
		if item.parse(); item.isCredit() {
			l.takeCredit(item.command, r, event.Instant(e.Wall))
		}
	}
}

// ApplyReplay applies the batch of an entry, judged by what it names, and returns
// how many events it had.
func (l *Lane) ApplyReplay(e *checkpoint.Entry, p *score.Parameters, c *cuts.Cuts) (events int, err error) {
	replayOf(e, &l.batch)
	l.batch.Parameters, l.batch.Cuts = p, c
	if err := l.shard.Apply(&l.batch, &l.effects); err != nil {
		return 0, fmt.Errorf("apply to shard %d: %w", l.partition, err)
	}
	l.shard.Commit()
	l.rejected = l.rejected[:0]
	return len(l.batch.Events), nil
}

// EndReplay gives back the room of the largest batch.
func (l *Lane) EndReplay() { l.batch.Shrink(0) }

// replayOf gives a batch the number, times and actions that its entry says.
func replayOf(e *checkpoint.Entry, b *shard.Batch) {
	b.Number, b.Clock, b.Wall, b.Replay = e.Batch, event.Instant(e.Clock), event.Instant(e.Wall), true
	b.SilenceWaits, b.Silence = e.Silence != e.Clock, event.Instant(e.Silence)
	b.ActivityHeld = e.Actions&checkpoint.HoldActivity != 0
	b.ParametersSince = event.Instant(e.ParamSince)
	b.RepairClock = e.Actions&checkpoint.RepairClock != 0
	b.ResendRows = e.Actions&checkpoint.ResendRows != 0
	b.Tell = b.Tell[:0]
	for _, place := range e.Tell {
		b.Tell = append(b.Tell, state.Slot(place))
	}
}
