package pipeline

import (
	"time"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
)

// Checkpointing is a trickle: every commit carries the longest-dirty pages, at
// the rate that lets no page stay dirty for longer than checkpoint.max_replay.
// Nothing ever stops for a snapshot.

// encodedPage is a record of the checkpoint topic.
type encodedPage struct{ key, value []byte }

// replayShare is the part of max_replay within which the pages that are dirty
// now shall be written; the rest is for those that become dirty meanwhile.
const replayShare = 0.5

// pagesDue says whether there is a page to write.
func (w *worker) pagesDue() bool { return w.shard.Slab().DirtyPages() > 0 }

// choosePages encodes the longest-dirty pages for the commit at hand, and now
// and then the header. On a clean stop all of them go, some hundred a commit.
func (w *worker) choosePages(p *Pipeline, flush bool) {
	slab, batch := w.shard.Slab(), w.shard.Position().Batch
	n := maxPagesPerCommit
	if !flush {
		share := float64(p.cfg.CommitEvery) / (float64(p.cfg.MaxReplay) * replayShare)
		n = min(n, int(float64(slab.DirtyPages())*share)+1)
	}
	w.pages = w.pages[:0]
	for ; n > 0; n-- {
		page, ok := slab.TakeDirty()
		if !ok {
			break
		}
		value := slab.AppendPage(&w.codec, nil, uint32(w.partition), page, batch)
		w.pages = append(w.pages, encodedPage{checkpoint.PageKey(uint32(w.partition), page+1), value})
		p.metrics.pageBytes.Add(float64(len(value)))
	}
	w.commits++
	// The first one that succeeds has it: without a header no page is believed.
	// One that says it is the last must not outlive the next batch.
	if w.headerBatch == 0 || w.headerLast || w.commits%headerEveryCommit == 0 {
		w.headerDue = true
	}
	if slab.DirtyPages() == 0 && (flush || w.restingSince(time.Now())) {
		w.headerDue, w.resting = true, true
	}
}

// headerStale says whether batches have been applied since the last header.
func (w *worker) headerStale() bool { return w.headerBatch != w.shard.Position().Batch }

// restAfter is for how long nothing must have come before a header says that
// there has been no batch since: the state is then whole without the batch log.
const restAfter = 2 * time.Second

// restingSince reports whether nothing has come for a while.
func (w *worker) restingSince(now time.Time) bool { return now.Sub(w.lastApplied) >= restAfter }

// restDue reports whether a header should be written because nothing comes any more.
func (w *worker) restDue(now time.Time) bool {
	begun := w.shard.Position().Batch > 0
	return begun && (w.headerStale() || !w.headerLast) && w.restingSince(now) && !w.busy() && !w.pagesDue() && w.shard.RowsOwed() == 0
}

// addHeader encodes the header of the commit at hand, after describe.
func (w *worker) addHeader(s *session) {
	if !w.headerDue || len(w.entries) == 0 {
		w.resting = false
		return
	}
	h := checkpoint.Header{
		Entry: w.entries[len(w.entries)-1], Group: s.p.cfg.Group,
		BatchLog: s.placeOf(s.p.cfg.Topics.BatchLog), Checkpoint: s.placeOf(s.p.cfg.Topics.Checkpoint),
		Pages: w.shard.Slab().PagesInUse(), Last: w.resting,
	}
	h.LogOffset = w.logOffsets.before(h.OldestNeeded)
	w.pages = append(w.pages, encodedPage{checkpoint.PageKey(uint32(w.partition), 0), h.Append(nil)})
	w.headerBatch, w.headerLast, w.headerDue, w.resting = h.Batch, h.Last, false, false
}

// logPlaces remembers where entries lie in the batch log, from the newest one
// that is not after what is needed on.
type logPlaces struct {
	places []logPlace
	floor  int64 // an offset at or before every entry that is still needed
}

type logPlace struct {
	batch  uint64
	offset int64
}

// note is called with each entry's acknowledged offset, in their order. A batch
// that was taken back is noted again, at a later place.
func (l *logPlaces) note(batch uint64, offset int64) {
	n := len(l.places)
	for n > 0 && l.places[n-1].batch >= batch {
		n--
	}
	l.places = append(l.places[:n], logPlace{batch, offset})
}

// before is an offset at or before that of a batch's entry, and of an entry: a
// restore that begins there finds at least one. It forgets what is older.
func (l *logPlaces) before(batch uint64) int64 {
	n := 0
	for n+1 < len(l.places) && l.places[n+1].batch <= batch {
		n++
	}
	if len(l.places) > 0 && l.places[n].batch <= batch {
		l.floor = max(l.floor, l.places[n].offset)
		l.places = l.places[:copy(l.places, l.places[n:])]
	}
	return l.floor
}
