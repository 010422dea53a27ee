package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/lane"
)

// replay applies the batches that a page still needs, from the oldest of them
// to the last committed one, with effects suppressed. Each page takes only the
// batches that are newer than it.
func (s *session) replay(ctx context.Context, l *lane.Lane, task *restore, entries []checkpoint.Entry) error {
	last := &entries[len(entries)-1]
	first := 0
	for first < len(entries) && entries[first].Batch < last.OldestNeeded {
		first++
	}
	if first == len(entries) {
		return nil // every page is up to date
	}
	if entries[first].Batch != last.OldestNeeded {
		return fmt.Errorf("the batch log begins with batch %d and batch %d is needed: %w", entries[first].Batch, last.OldestNeeded, errHole)
	}
	batches := entries[first:]
	l.BeginReplay(&batches[0], last.Epoch)
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	feeds := make([]*feed, len(s.p.cfg.Inputs))
	for i := range feeds {
		feeds[i] = &feed{records: make(chan fed, feedRoom), room: semaphore.NewWeighted(feedBytes)}
		group.Go(func() error { return s.feed(ctx, feeds[i], i, l.Partition(), stretches(batches, i)) })
	}
	err := s.p.replayBatches(ctx, l, task, batches, feeds)
	cancel()
	// A feed that fails cancels the others, and the replay with them.
	if feedErr := group.Wait(); feedErr != nil && (err == nil || errors.Is(err, context.Canceled)) {
		err = feedErr
	}
	return err
}

// What waits to be replayed of an input of a shard, and what is unpacked at once
// of it: several shards are restored beside each other, from all inputs.
const (
	feedRoom  = 4096    // records
	feedBytes = 4 << 20 // a single larger record apart
)

// feed is an input on its way to a replay.
type feed struct {
	records chan fed
	room    *semaphore.Weighted // of feedBytes
	next    fed                 // read and not yet due
	stretch int                 // that the latest batch took from, counted from 1
	to      int64               // where it ended
}

// fed is a record of a stretch.
type fed struct {
	record  *kgo.Record
	stretch int
}

// stretch is a run of offsets of an input that a replay reads: From ≤ o < To.
// Those below lostBelow may be gone.
type stretch struct{ from, to, lostBelow int64 }

// stretches are the offsets that batches have taken from an input: one run,
// but where an operator has moved the position.
func stretches(batches []checkpoint.Entry, input int) []stretch {
	var all []stretch
	lost := batches[len(batches)-1].Inputs[input].LostBelow
	for i := range batches {
		r := &batches[i].Inputs[input]
		if n := len(all); n > 0 && all[n-1].to == r.From {
			all[n-1].to = r.To
		} else if r.From < r.To {
			all = append(all, stretch{r.From, r.To, lost})
		}
	}
	return all
}

func (s *session) feed(ctx context.Context, f *feed, input int, partition int32, all []stretch) error {
	defer close(f.records)
	for n, one := range all {
		if err := s.feedOne(ctx, f, input, partition, one, n+1); err != nil || ctx.Err() != nil {
			return err
		}
	}
	return nil
}

func (s *session) feedOne(ctx context.Context, f *feed, input int, partition int32, one stretch, number int) error {
	from := one.from
	for {
		_, err := checkpoint.ReadRange(ctx, s.reader, checkpoint.ReadRangeOptions{
			Topic: s.p.cfg.Inputs[input].Topic, Partition: partition, From: from, To: one.to,
			MaxBytes: feedBytes / 4, UnpackedBytes: feedBytes,
		}, func(r *kgo.Record) error {
			if err := f.room.Acquire(ctx, feedWeight(r)); err != nil {
				return err
			}
			select {
			case f.records <- fed{r, number}:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if ctx.Err() != nil {
			return nil // the replay has what it needs, or has failed by itself
		}
		var below *checkpoint.BelowLogStartError
		if skip, skips := undecodable(err); skips {
			from = skip.NextOffset // as it was skipped when it came
		} else if errors.As(err, &below) && below.LogStart <= one.lostBelow {
			if from = below.LogStart; from >= one.to { // an operator has given them up
				return nil
			}
		} else {
			return err
		}
	}
}

// feedWeight is what a record takes of a feed's room.
func feedWeight(r *kgo.Record) int64 { return min(lane.RecordBytes(r), feedBytes) }

// begin turns to the range that a batch took.
func (f *feed) begin(r *checkpoint.InputRange) {
	if r.From < r.To && (f.stretch == 0 || r.From != f.to) {
		f.stretch++
	}
	if r.From < r.To {
		f.to = r.To
	}
}

// take returns the next record of the range; ok is false if there is none.
func (f *feed) take(ctx context.Context) (r *kgo.Record, ok bool, err error) {
	if f.next.record == nil {
		select {
		case f.next = <-f.records:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
	if f.next.record == nil || f.next.stretch > f.stretch || f.next.record.Offset >= f.to {
		return nil, false, nil
	}
	r, f.next.record = f.next.record, nil
	f.room.Release(feedWeight(r))
	return r, true, nil
}

func (p *Pipeline) replayBatches(ctx context.Context, l *lane.Lane, task *restore, batches []checkpoint.Entry, feeds []*feed) error {
	for n := range batches {
		e := &batches[n]
		if err := p.checkRanges(e); err != nil {
			return err
		}
		l.ReplayBatch()
		for i := range feeds {
			if err := replayInput(ctx, l, feeds[i], i, e); err != nil {
				return err
			}
		}
		parameters, cuts, err := p.versions.named(e)
		if err != nil {
			return fmt.Errorf("replay batch %d: %w; restore the topics %s and %s, or, %s", e.Batch, err, p.cfg.Topics.Model,
				p.cfg.Topics.Population, p.anew())
		}
		events, err := l.ApplyReplay(e, parameters, cuts)
		if err != nil {
			return err
		}
		p.metrics.restoredRecords.Add(float64(events))
		task.remaining.Store(int64(len(batches) - n))
		p.reach(MidRestore)
	}
	l.EndReplay()
	return nil
}

func replayInput(ctx context.Context, l *lane.Lane, f *feed, input int, e *checkpoint.Entry) error {
	if f.begin(&e.Inputs[input]); e.Inputs[input].From >= e.Inputs[input].To {
		return nil
	}
	for {
		r, ok, err := f.take(ctx)
		if err != nil || !ok {
			return err
		}
		l.Replay(input, r, e)
	}
}

// checkRanges reports whether an entry was cut from the inputs of now, in their order.
func (p *Pipeline) checkRanges(e *checkpoint.Entry) error {
	topics := p.cfg.topicNames()
	ok := len(e.Inputs) == len(topics)
	for i := 0; ok && i < len(topics); i++ {
		ok = e.Inputs[i].Topic == topics[i]
	}
	if !ok {
		return fmt.Errorf("read batch %d: %w: it was cut from other inputs than are configured; start once more with those "+
			"until it is ready, stop, and change them then", e.Batch, errForeign)
	}
	return nil
}
