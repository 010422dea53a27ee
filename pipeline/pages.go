package pipeline

import "github.com/holdfast/holdfast/pipeline/checkpoint"

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
	if w.headerBatch == 0 || w.commits%headerEveryCommit == 0 || flush && slab.DirtyPages() == 0 {
		w.headerDue = true
	}
}

// headerStale says whether batches have been applied since the last header.
func (w *worker) headerStale() bool { return w.headerBatch != w.shard.Position().Batch }

// addHeader encodes the header of the commit at hand, after describe.
func (w *worker) addHeader(p *Pipeline) {
	if !w.headerDue || len(w.entries) == 0 {
		return
	}
	h := checkpoint.Header{
		Entry: w.entries[len(w.entries)-1], Topics: p.cfg.topicNames(),
		Pages: uint32(w.shard.Slab().Pages()),
	}
	h.LogOffset = w.logOffsets.before(h.OldestNeeded)
	w.pages = append(w.pages, encodedPage{checkpoint.PageKey(uint32(w.partition), 0), h.Append(nil)})
	w.headerBatch, w.headerDue = h.Batch, false
}

// offsetRing remembers where the latest entries lie in the batch log.
type offsetRing struct {
	places [4096]struct {
		batch  uint64
		offset int64
	}
	floor int64 // an offset at or before every entry that is still needed
}

// note is called with each entry's acknowledged offset, in their order.
func (r *offsetRing) note(batch uint64, offset int64) {
	p := &r.places[batch%uint64(len(r.places))]
	p.batch, p.offset = batch, offset
}

// before is an offset at or before that of a batch's entry. It may be early:
// a restore skips what it does not need.
func (r *offsetRing) before(batch uint64) int64 {
	if p := &r.places[batch%uint64(len(r.places))]; p.batch == batch {
		r.floor = max(r.floor, p.offset)
	} else if q := &r.places[(batch-1)%uint64(len(r.places))]; batch > 0 && q.batch == batch-1 {
		r.floor = max(r.floor, q.offset)
	}
	return r.floor
}
