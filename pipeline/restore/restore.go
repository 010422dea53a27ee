package restore

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/state"
)

// Restore brings a shard to where the group's offsets say it stands: pages, then
// the batches that they do not reflect yet. Its error wraps ErrTransient where
// another try, with another client, may mend it.
func (s *Source) Restore(ctx context.Context, partition int32, st lane.Standing, p *Progress) (*lane.Lane, error) {
	l, err := s.restore(ctx, partition, st, p)
	if err == nil {
		return l, nil
	}
	var below *checkpoint.BelowLogStartError
	var refused refusal
	err = fmt.Errorf("restore shard %d: %w", partition, err)
	switch {
	case errors.As(err, &refused):
		return nil, err
	case errors.As(err, &below):
		return nil, fmt.Errorf("%w; restore them, or go on without them: stop, and run `holdfast offsets skip --input "+
			"%s/%d`, which counts "+
			"what is lost", err, below.Topic, below.Partition)
	case isDamage(err):
		return nil, fmt.Errorf("%w; restore it, or, %s", err, s.Anew())
	}
	return nil, fmt.Errorf("%w: %w", ErrTransient, err)
}

// ErrTransient says that another try may mend it.
var ErrTransient = errors.New("a restore has failed")

// refusal is an error that says by itself what to do.
type refusal struct{ error }

// Unwrap returns what is refused.
func (r refusal) Unwrap() error { return r.error }

func (s *Source) restore(ctx context.Context, partition int32, st lane.Standing, p *Progress) (*lane.Lane, error) {
	ranges, err := checkpoint.EndOffsets(ctx, s.Reader, s.inputs())
	if err != nil {
		return nil, fmt.Errorf("ask for log starts and ends: %w", err)
	}
	loaded, err := s.Load(ctx, partition, st, p)
	if err != nil {
		return nil, err
	}
	l, starts := loaded.Lane, s.starts(ranges, partition)
	if len(loaded.Entries) == 0 {
		l.BeginAfresh(starts, newEpoch(s.Wall()))
		return l, nil
	}
	due, err := loaded.due()
	if err == nil {
		err = loaded.Replay(ctx, due)
	}
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	if loaded.Header != nil {
		if err := l.Shard().Slab().CheckWhole(loaded.Header.Pages); err != nil {
			return nil, fmt.Errorf("read pages: %w", err)
		}
	}
	l.Resume(loaded.last(), loaded.Places, starts, st.Mark)
	if err := s.checkPositions(l, st, ranges); err != nil {
		return nil, refusal{err}
	}
	return l, nil
}

// Loaded is a shard as pages and batch log have it: checked, and standing behind
// the oldest of its pages. Replay brings it on, as often as there are entries: a
// restore ends after those of the log, and whoever follows a log that grows may
// go on for ever.
type Loaded struct {
	Lane    *lane.Lane
	Header  *checkpoint.Header // nil where there is none
	Entries []checkpoint.Entry // from the oldest that a page still needs on, and the last; none without history
	Places  []int              // where each input stands in the last entry, see CheckInputs

	source   *Source
	progress *Progress
	began    bool // to replay
}

// Load reads a shard's pages and its batch log, and reports whether they fit each
// other, the topics and the group.
func (s *Source) Load(ctx context.Context, partition int32, st lane.Standing, p *Progress) (*Loaded, error) {
	l, err := lane.New(partition, s.Lanes)
	if err != nil {
		return nil, err
	}
	l.SetTopicIDs(s.IDs)
	header, err := s.readPages(ctx, l, p)
	if err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
	}
	if err := s.checkHeader(header); err != nil {
		return nil, refusal{err}
	}
	entries, err := s.readLog(ctx, l, p, header, st)
	if err != nil {
		return nil, fmt.Errorf("read the batch log: %w", err)
	}
	if err := s.checkHistory(l, st, header, entries); err != nil {
		return nil, refusal{err}
	}
	l.FinishLoading()
	loaded := &Loaded{Lane: l, Header: header, Entries: entries, source: s, progress: p}
	if len(entries) > 0 {
		if loaded.Places, err = s.checkInputs(loaded.last()); err != nil {
			return nil, refusal{err}
		}
	}
	return loaded, nil
}

func (l *Loaded) last() *checkpoint.Entry { return &l.Entries[len(l.Entries)-1] }

// due are the entries that a page still needs.
func (l *Loaded) due() ([]checkpoint.Entry, error) {
	oldest, first := l.last().OldestNeeded, 0
	for first < len(l.Entries) && l.Entries[first].Batch < oldest {
		first++
	}
	if first < len(l.Entries) && l.Entries[first].Batch != oldest {
		return nil, fmt.Errorf("the batch log begins with batch %d and batch %d is needed: %w", l.Entries[first].Batch,
			oldest, errHole)
	}
	return l.Entries[first:], nil
}

// readPages loads every page of the shard's checkpoint, the latest of each,
// and returns its header; nil if there is none.
func (s *Source) readPages(ctx context.Context, l *lane.Lane, p *Progress) (*checkpoint.Header, error) {
	var header *checkpoint.Header
	topic := s.Lanes.Topics.Checkpoint
	err := s.readAll(ctx, topic, l.Partition(), 0, p, func(r *kgo.Record) error {
		shardNumber, page, ok := checkpoint.ParsePageKey(r.Key)
		switch {
		case !ok || r.Value == nil:
			return nil
		case shardNumber != uint32(l.Partition()):
			return fmt.Errorf("%s/%d offset %d: a page of shard %d lies here: %w", topic, l.Partition(), r.Offset,
				shardNumber, state.ErrPageMisplace)
		case page == 0:
			h, err := checkpoint.DecodeHeader(r.Value)
			if err != nil {
				return fmt.Errorf("%s/%d offset %d: %w", topic, l.Partition(), r.Offset, err)
			}
			header = &h
			return nil
		}
		if err := l.LoadPage(r.Value, page-1); err != nil {
			return fmt.Errorf("%s/%d offset %d: %w", topic, l.Partition(), r.Offset, err)
		}
		return nil
	})
	return header, err
}

// readLog reads the entries that the header does not make dispensable, and
// keeps those that a replay needs, and the last.
func (s *Source) readLog(ctx context.Context, l *lane.Lane, p *Progress, header *checkpoint.Header,
	st lane.Standing) ([]checkpoint.Entry, error) {
	var entries []checkpoint.Entry
	from := int64(0)
	if header != nil {
		from = header.LogOffset
	}
	topic := s.Lanes.Topics.BatchLog
	err := s.readAll(ctx, topic, l.Partition(), from, p, func(r *kgo.Record) error {
		e, err := checkpoint.DecodeEntry(r.Value)
		if err != nil {
			return fmt.Errorf("%s/%d offset %d: %w", topic, l.Partition(), r.Offset, err)
		}
		if n := len(entries); n > 0 && e.Batch != entries[n-1].Batch+1 {
			return fmt.Errorf("%s/%d offset %d: batch %d follows batch %d: %w", topic, l.Partition(), r.Offset,
				e.Batch, entries[n-1].Batch, errHole)
		}
		l.NoteLogged(e.Batch, r.Offset)
		entries = append(dispensed(entries, e.OldestNeeded), e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if header == nil {
		return entries, nil
	}
	l.NoteLogFloor(header.LogOffset)
	if len(entries) > 0 && entries[len(entries)-1].Batch >= header.Batch {
		return entries, nil
	}
	// The log is empty, or ends before the header. The header stands for it
	// only where nothing can have followed: it says so, or the group does.
	if header.Last || st.Known && st.Mark.Batch == header.Batch {
		return []checkpoint.Entry{header.Entry}, nil
	}
	return nil, fmt.Errorf("%s/%d holds no batch from %d on, and the process did not end cleanly: batches that followed "+
		"are lost to retention, and what pages hold of them would be counted twice: %w", topic, l.Partition(), header.Batch,
		errCut)
}

// dispensed drops the entries before the oldest that is needed.
func dispensed(entries []checkpoint.Entry, oldest uint64) []checkpoint.Entry {
	n := 0
	for n < len(entries) && entries[n].Batch < oldest {
		n++
	}
	return entries[:copy(entries, entries[n:])]
}

// checkHistory reports whether pages, batch log and group tell one history.
func (s *Source) checkHistory(l *lane.Lane, st lane.Standing, header *checkpoint.Header,
	entries []checkpoint.Entry) error {
	newest := l.Shard().Slab().NewestPage()
	if len(entries) == 0 {
		if st.Known || newest > 0 {
			return fmt.Errorf("%w: the group stands at batch %d, pages at batch %d, and %s holds nothing: it was deleted or "+
				"emptied; restore it, or, %s", ErrForeign, st.Mark.Batch, newest, s.Lanes.Topics.BatchLog, s.Anew())
		}
		return nil
	}
	last := &entries[len(entries)-1]
	switch {
	case newest > last.Batch:
		return fmt.Errorf("%w: a page reflects batch %d and the batch log ends with %d: its end was lost, and batches "+
			"would be "+
			"counted twice; restore the topic %s, or, %s", ErrForeign, newest, last.Batch, s.Lanes.Topics.BatchLog, s.Anew())
	case header == nil && last.OldestNeeded > 1:
		// The first commit carries a header. Without one the pages are gone, too.
		return fmt.Errorf("read pages: %w; restore the topic %s, or, %s", state.ErrPageMissing, s.Lanes.Topics.Checkpoint,
			s.Anew())
	case last.Partitions != s.Lanes.Partitions:
		return fmt.Errorf("%w: the state was written for %d partitions and the inputs have %d now: keys have moved to other "+
			"partitions, and Kafka takes no partition back; %s", ErrForeign, last.Partitions, s.Lanes.Partitions, s.Anew())
	case st.Known && st.Mark.Batch != last.Batch:
		return fmt.Errorf("%w: the group stands at batch %d and the batch log ends with %d: one of them was changed by "+
			"hand; "+
			"restore it, or, %s", ErrForeign, st.Mark.Batch, last.Batch, s.Anew())
	}
	if last.ConfigHash != s.Lanes.ConfigHash && last.OldestNeeded <= last.Batch {
		s.Logger.Warn("replaying batches that were written under another configuration",
			"batches", last.Batch-last.OldestNeeded+1)
	}
	return nil
}

// starts are the log starts of the inputs of a partition number.
func (s *Source) starts(ranges map[string]map[int32]checkpoint.Range, partition int32) (all []int64) {
	for _, topic := range s.inputs() {
		all = append(all, ranges[topic][partition].Start)
	}
	return all
}
