package lane

import (
	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// SetTopicIDs says which topics the lane's positions will be positions in.
func (l *Lane) SetTopicIDs(ids map[string][16]byte) {
	for i, topic := range l.topics {
		l.inputs[i].id = ids[topic]
	}
}

// LoadPage puts in a page of the checkpoint. Its errors are those of the codec
// of pages. FinishLoading follows the last.
func (l *Lane) LoadPage(value []byte, page uint32) error {
	return l.shard.Slab().LoadPage(&l.codec, value, uint32(l.partition), page)
}

// FinishLoading ends the loading of pages.
func (l *Lane) FinishLoading() { l.shard.Slab().FinishLoading() }

// NoteLogged notes where the entry of a batch lies in the batch log.
func (l *Lane) NoteLogged(batch uint64, offset int64) { l.logOffsets.note(batch, offset) }

// NoteLogFloor notes an offset at or before every entry that is still needed.
func (l *Lane) NoteLogFloor(offset int64) { l.logOffsets.floor = offset }

// LogOffset returns an offset of the batch log from which on a restart finds a
// batch and at least one entry. It forgets what is older.
func (l *Lane) LogOffset(batch uint64) int64 { return l.logOffsets.before(batch) }

// BeginAfresh lets a lane without history begin: at an offset of each input, in
// an epoch that is greater than that of any earlier life.
func (l *Lane) BeginAfresh(starts []int64, epoch uint32) {
	for i, start := range starts {
		l.inputs[i].position, l.inputs[i].known = start, true
	}
	l.shard.Seek(shard.Position{Clock: shard.ClockUnset, Epoch: epoch, NextSeq: 1})
	l.shard.FinishRestore()
	l.keep()
}

// Resume sets a lane whose batches were replayed to where its last entry says;
// places says where each input stands in it, -1 where it is new: it is read from
// its start. The mark is that of the group's offsets.
func (l *Lane) Resume(last *checkpoint.Entry, places []int, starts []int64, mark Mark) {
	for i, place := range places {
		in := &l.inputs[i]
		if in.known = true; place < 0 {
			in.position, in.latest = starts[i], 0
			continue
		}
		r := last.Inputs[place]
		in.position, in.latest, in.lostBelow = r.To, event.Instant(r.Latest), r.LostBelow
		in.rhythm = rhythm{since: event.Instant(r.Since), pause: event.Instant(r.Pause), doubt: event.Instant(r.Doubt)}
		in.volume = volume{r.Volume}
	}
	l.sessions = copySessions(l.sessions, last.Sessions)
	l.shard.Seek(shard.Position{Batch: last.Batch, Clock: event.Instant(last.Clock), Epoch: last.Epoch,
		NextSeq:  last.NextSeq,
		Counters: shard.CountersOf(last.Counters)})
	l.shard.HoldActivity(last.Actions&checkpoint.HoldActivity != 0)
	l.shard.FinishRestore()
	l.clock.last = event.Instant(last.Clock)
	l.inForce = inForce{last.ParamVersion, event.Instant(last.ParamSince)}
	l.modelRows, l.rowsComplete, l.groupMark = last.ParamVersion, last.RowsComplete, mark
	l.rejected = l.rejected[:0]
	l.headerBatch = 0
	l.entries = append(l.entries[:0], *last)
	l.keep()
	l.entries = l.entries[:0]
}
