package restore

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

// Replay applies the batches of entries, which follow those that were replayed
// before, with effects suppressed. Each page takes only the batches that are
// newer than it. It may be called again, with what has been logged since.
func (l *Loaded) Replay(ctx context.Context, batches []checkpoint.Entry) error {
	if len(batches) == 0 {
		return nil // every page is up to date
	}
	if !l.began {
		l.began = true
		l.Lane.BeginReplay(&batches[0], batches[len(batches)-1].Epoch)
	}
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	feeds := make([]*feed, len(l.source.Lanes.Inputs))
	for i := range feeds {
		feeds[i] = &feed{records: make(chan fed, feedRoom), room: semaphore.NewWeighted(feedBytes)}
		group.Go(func() error { return l.source.feed(ctx, feeds[i], i, l.Lane.Partition(), stretches(batches, i)) })
	}
	err := l.replayBatches(ctx, batches, feeds)
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

func (s *Source) feed(ctx context.Context, f *feed, input int, partition int32, all []stretch) error {
	defer close(f.records)
	for n, one := range all {
		if err := s.feedOne(ctx, f, input, partition, one, n+1); err != nil || ctx.Err() != nil {
			return err
		}
	}
	return nil
}

func (s *Source) feedOne(ctx context.Context, f *feed, input int, partition int32, one stretch, number int) error {
	from := one.from
	for {
		_, err := checkpoint.ReadRange(ctx, s.Reader, checkpoint.ReadRangeOptions{
			Topic: s.Lanes.Inputs[input].Topic, Partition: partition, From: from, To: one.to,
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
		if skip, skips := Undecodable(err); skips {
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

func (l *Loaded) replayBatches(ctx context.Context, batches []checkpoint.Entry, feeds []*feed) error {
	s := l.source
	for n := range batches {
		e := &batches[n]
		if err := s.checkRanges(e); err != nil {
			return err
		}
		l.Lane.ReplayBatch()
		for i := range feeds {
			if err := replayInput(ctx, l.Lane, feeds[i], i, e); err != nil {
				return err
			}
		}
		parameters, cuts, err := s.Versions(e)
		if err != nil {
			return refusal{fmt.Errorf("replay batch %d: %w; restore the topics %s and %s, or, %s", e.Batch, err,
				s.Lanes.Topics.Model, s.Lanes.Topics.Population, s.Anew())}
		}
		events, err := l.Lane.ApplyReplay(e, parameters, cuts)
		if err != nil {
			return err
		}
		if s.Replayed != nil {
			s.Replayed(events)
		}
		l.progress.left(int64(len(batches) - n))
	}
	l.Lane.EndReplay()
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
func (s *Source) checkRanges(e *checkpoint.Entry) error {
	topics := s.inputs()
	ok := len(e.Inputs) == len(topics)
	for i := 0; ok && i < len(topics); i++ {
		ok = e.Inputs[i].Topic == topics[i]
	}
	if !ok {
		return refusal{fmt.Errorf("read batch %d: %w: it was cut from other inputs than are configured; start once more "+
			"with those until it is ready, stop, and change them then", e.Batch, ErrForeign)}
	}
	return nil
}
