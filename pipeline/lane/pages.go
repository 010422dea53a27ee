package lane

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

// pagesDue reports whether there is a page to write.
func (l *Lane) pagesDue() bool { return l.shard.Slab().DirtyPages() > 0 }

// choosePages encodes the longest-dirty pages for a commit, and now and then
// asks for the header. On a clean stop all of them go, some hundred a commit.
func (l *Lane) choosePages(c *Commit, a *Around) (header headerKind) {
	slab, batch := l.shard.Slab(), l.shard.Position().Batch
	n := maxPagesPerCommit
	if !a.Flush {
		share := float64(l.cfg.CommitEvery) / (float64(l.cfg.MaxReplay) * replayShare)
		n = min(n, int(float64(slab.DirtyPages())*share)+1)
	}
	for ; n > 0; n-- {
		page, ok := slab.TakeDirty()
		if !ok {
			break
		}
		value := slab.AppendPage(&l.codec, nil, uint32(l.partition), page, batch)
		c.pages = append(c.pages, encodedPage{checkpoint.PageKey(uint32(l.partition), page+1), value})
		c.PageBytes += int64(len(value))
	}
	l.commits++
	if slab.DirtyPages() == 0 && (a.Flush || l.restingSince(a.Now)) {
		return headerLast
	}
	// The first commit that succeeds has it: without a header no page is believed.
	// One that says it is the last must not outlive the next batch.
	if l.headerBatch == 0 || l.headerLast || l.commits%headerEveryCommit == 0 {
		return headerUsual
	}
	return headerNone
}

// headerKind says which header a commit carries.
type headerKind uint8

const (
	headerNone  headerKind = iota
	headerUsual            // batches may follow it
	headerLast             // it says that no batch has followed it
)

// headerStale reports whether batches have been applied since the last header.
func (l *Lane) headerStale() bool { return l.headerBatch != l.shard.Position().Batch }

// restAfter is for how long nothing must have come before a header says that
// there has been no batch since: the state is then whole without the batch log.
const restAfter = 2 * time.Second

// restingSince reports whether nothing has come for a while.
func (l *Lane) restingSince(now time.Time) bool { return now.Sub(l.lastApplied) >= restAfter }

// restDue reports whether a header should be written because nothing comes any more.
func (l *Lane) restDue(now time.Time) bool {
	begun := l.shard.Position().Batch > 0
	return begun && (l.headerStale() || !l.headerLast) && l.restingSince(now) && !l.Busy() && !l.pagesDue() &&
		l.shard.RowsOwed() == 0
}

// addHeader encodes the header of a commit, after describe.
func (l *Lane) addHeader(c *Commit, a *Around, kind headerKind) {
	if kind == headerNone {
		return
	}
	h := checkpoint.Header{
		Entry: l.entries[len(l.entries)-1], Group: l.cfg.Group,
		BatchLog: a.place(l.cfg.Topics.BatchLog), Checkpoint: a.place(l.cfg.Topics.Checkpoint),
		Pages: l.shard.Slab().PagesInUse(), Last: kind == headerLast,
	}
	h.LogOffset = l.logOffsets.before(h.OldestNeeded)
	c.pages = append(c.pages, encodedPage{checkpoint.PageKey(uint32(l.partition), 0), h.Append(nil)})
	l.headerBatch, l.headerLast = h.Batch, h.Last
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
