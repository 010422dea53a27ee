package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// replay applies the batches that a page still needs, from the oldest of them
// to the last committed one, with effects suppressed. Each page takes only the
// batches that are newer than it.
func (s *session) replay(ctx context.Context, w *worker, task *restore, entries []checkpoint.Entry) error {
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
	w.shard.Seek(shard.Position{Batch: batches[0].Batch - 1, Clock: shard.ClockUnset, NextSeq: 1})
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	feeds := make([]*feed, len(s.p.cfg.Inputs))
	for i := range feeds {
		feeds[i] = &feed{records: make(chan *kgo.Record, feedRoom)}
		from, to := batches[0].Inputs[i].From, last.Inputs[i].To
		group.Go(func() error { return s.feed(ctx, feeds[i], i, w.partition, from, to) })
	}
	err := w.replayBatches(ctx, s.p, task, batches, feeds)
	cancel()
	// A feed that fails cancels the others, and the replay with them.
	if feedErr := group.Wait(); feedErr != nil && (err == nil || errors.Is(err, context.Canceled)) {
		err = feedErr
	}
	return err
}

// feedRoom is how many records of an input wait to be replayed.
const feedRoom = 4096

// feed is an input on its way to a replay.
type feed struct {
	records chan *kgo.Record
	next    *kgo.Record // read and not yet due
}

func (s *session) feed(ctx context.Context, f *feed, input int, partition int32, from, to int64) error {
	defer close(f.records)
	for {
		_, err := checkpoint.ReadRange(ctx, s.reader, checkpoint.ReadRangeOptions{
			Topic: s.p.cfg.Inputs[input].Topic, Partition: partition, From: from, To: to,
		}, func(r *kgo.Record) error {
			select {
			case f.records <- r:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if ctx.Err() != nil {
			return nil // the replay has what it needs, or has failed by itself
		}
		skip, skips := undecodable(err)
		if !skips {
			return err
		}
		from = skip.NextOffset // as it was skipped when it came
	}
}

// take gives the next record below an offset; ok is false if there is none.
func (f *feed) take(ctx context.Context, to int64) (r *kgo.Record, ok bool, err error) {
	if f.next == nil {
		select {
		case f.next = <-f.records:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
	if f.next == nil || f.next.Offset >= to {
		return nil, false, nil
	}
	r, f.next = f.next, nil
	return r, true, nil
}

func (w *worker) replayBatches(ctx context.Context, p *Pipeline, task *restore, batches []checkpoint.Entry, feeds []*feed) error {
	for n := range batches {
		e := &batches[n]
		if err := p.checkRanges(e); err != nil {
			return err
		}
		w.batch.Reset()
		w.arena.Reset()
		w.sources = w.sources[:0]
		for i := range feeds {
			if err := w.replayInput(ctx, p, feeds[i], i, e.Inputs[i].To); err != nil {
				return err
			}
		}
		w.batch.Number, w.batch.Clock, w.batch.Wall, w.batch.Replay = e.Batch, event.Instant(e.Clock), event.Instant(e.Wall), true
		if err := w.shard.Apply(&w.batch, &w.effects); err != nil {
			return fmt.Errorf("apply to shard %d: %w", w.partition, err)
		}
		w.shard.Commit()
		p.metrics.restoredRecords.Add(float64(len(w.batch.Events)))
		w.rejected, w.read = w.rejected[:0], 0
		task.remaining.Store(int64(len(batches) - n))
		p.reach(MidRestore)
	}
	return nil
}

func (w *worker) replayInput(ctx context.Context, p *Pipeline, f *feed, input int, to int64) error {
	for {
		r, ok, err := f.take(ctx, to)
		if err != nil || !ok {
			return err
		}
		w.take(p, input, r)
	}
}
