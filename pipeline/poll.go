package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// poll waits for records until the moment given, and gives them to their
// workers. It allows a rebalance at once: a revoke makes the commit abort,
// which costs a repetition, while one that had to wait for us could hang
// (kept out of the group, with End waiting for a rebalance that waits for us).
func (s *session) poll(ctx context.Context, until time.Time) error {
	wait := max(time.Until(until), time.Millisecond)
	pollCtx, cancel := context.WithTimeout(ctx, wait)
	fetches := s.group.PollRecords(pollCtx, s.p.cfg.MaxPollRecords)
	cancel()
	s.group.AllowRebalance()
	var failure error
	fetches.EachError(func(topic string, partition int32, err error) {
		if failure == nil {
			failure = s.fetchFailure(topic, partition, err)
		}
	})
	if failure != nil {
		return failure
	}
	fetches.EachPartition(func(f kgo.FetchTopicPartition) { s.give(&f) })
	return nil
}

// give hands what was fetched of a partition to its worker.
func (s *session) give(f *kgo.FetchTopicPartition) {
	w := s.active[f.Partition]
	input, known := s.inputOf[f.Topic]
	skip, skips := undecodable(f.Err)
	if w == nil || !known || len(f.Records) == 0 && !skips {
		return // nothing, or let go while it was fetched: its next owner reads it
	}
	w.fetched = append(w.fetched, fetchedRecords{input: input, records: f.Records, skip: skip})
	s.uncommittedBytes += bytesOf(f.Records)
	if skips {
		s.client.SetOffsets(map[string]map[int32]kgo.EpochOffset{
			f.Topic: {f.Partition: {Epoch: skip.Epoch, Offset: skip.NextOffset}}})
	}
}

func bytesOf(records []*kgo.Record) (n int64) {
	for _, r := range records {
		n += int64(len(r.Key) + len(r.Value))
	}
	return n
}

// fetchFailure decides what an error of a fetch means: nothing, a new client,
// or the end.
func (s *session) fetchFailure(topic string, partition int32, err error) error {
	_, skips := undecodable(err)
	var membership *kgo.ErrGroupSession
	if errors.As(err, &membership) {
		return s.groupFailure(err)
	}
	switch {
	case skips, errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return nil
	case errors.Is(err, kgo.ErrClientClosed):
		return errReplaceClient
	case errors.Is(err, kerr.OffsetOutOfRange):
		return fmt.Errorf("read %s/%d: %w: records that were not read yet have been deleted by retention; "+
			"restore them or move the group's offsets on purpose", topic, partition, err)
	case errors.Is(err, kerr.UnknownTopicID), errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.InconsistentTopicID):
		return fmt.Errorf("read %s/%d: %w: %s", topic, partition, err, topicGone)
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.SaslAuthenticationFailed):
		return fmt.Errorf("read %s/%d: %w: grant Read on it to this user", topic, partition, err)
	}
	s.p.status.note("fetch", fmt.Errorf("read %s/%d: %w", topic, partition, err))
	return nil
}

// groupFailure decides what it means that the group could not be joined or
// threw us out. The client joins again by itself.
func (s *session) groupFailure(err error) error {
	err = fmt.Errorf("be a member of group %s: %w", s.p.cfg.Group, err)
	switch {
	case isFenced(err):
		return fmt.Errorf("%w: %w", errReplaceClient, err)
	case errors.Is(err, kerr.GroupAuthorizationFailed):
		return fmt.Errorf("%w: grant Read on it to this user", err)
	}
	s.p.status.note("group", err)
	return nil
}

// step lets every worker decode what was polled, cut its batch and apply it.
func (s *session) step() error {
	asked, _ := s.asker.get()
	wall := s.p.wall()
	group := errgroup.Group{}
	group.SetLimit(s.p.parallel)
	for _, w := range s.workers {
		w.clock.take(asked, w.partition)
		group.Go(func() error {
			w.decode(s.p)
			if !w.cut(wall, s.p.cfg.Clock) {
				return nil
			}
			if err := w.apply(s.p); err != nil {
				return fmt.Errorf("apply to shard %d: %w", w.partition, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// decode turns what was polled into events of the batch at hand, and rejects.
func (w *worker) decode(p *Pipeline) {
	w.batch.Reset()
	w.arena.Reset()
	w.sources = w.sources[:0]
	for _, f := range w.fetched {
		for _, r := range f.records {
			w.take(p, f.input, r)
		}
		if f.skip != nil {
			w.skip(p, f.input, f.skip)
		}
	}
	w.fetched = w.fetched[:0]
}

func (w *worker) take(p *Pipeline, input int, r *kgo.Record) {
	in := &w.inputs[input]
	if in.known && r.Offset < in.position {
		return // read already
	}
	in.position, in.known = r.Offset+1, true
	if r.Attrs.IsControl() {
		return
	}
	w.read++
	in.records++
	in.bytes += uint64(len(r.Key) + len(r.Value))
	record := decode.Record{Key: r.Key, Value: r.Value, HasKey: r.Key != nil, HasValue: r.Value != nil,
		EventIDHeader: header(r, "ce_id"), Timestamp: event.Instant(r.Timestamp.UnixMicro())}
	n := len(w.batch.Events)
	if n < cap(w.batch.Events) {
		w.batch.Events = w.batch.Events[:n+1]
	} else {
		w.batch.Events = append(w.batch.Events, event.Event{})
	}
	e := &w.batch.Events[n]
	reject, ok := in.decoder.Decode(e, &record, &w.arena)
	if !ok {
		w.batch.Events = w.batch.Events[:n]
		w.rejected = append(w.rejected, rejection{input: input, record: r, reject: reject})
		return
	}
	w.sources = append(w.sources, r)
	e.Input, e.Partition, e.Offset, e.RecordTime = uint8(input), r.Partition, r.Offset, record.Timestamp
	in.events++
	in.latest = max(in.latest, e.OccurredAt)
}

func header(r *kgo.Record, key string) []byte {
	for i := range r.Headers {
		if r.Headers[i].Key == key {
			return r.Headers[i].Value
		}
	}
	return nil
}

// undecodable says whether an error is of a batch that decompresses beyond its
// limit.
func undecodable(err error) (e *kgo.ErrDecompressTooLarge, is bool) {
	is = errors.As(err, &e)
	return e, is
}

// skip steps over a batch that decompresses beyond its limit. What is in it
// cannot be known; where it lies goes to the dead-letter topic.
func (w *worker) skip(p *Pipeline, input int, e *kgo.ErrDecompressTooLarge) {
	if w.inputs[input].position >= e.NextOffset {
		return
	}
	w.rejected = append(w.rejected, rejection{input: input, undecodable: true,
		record: &kgo.Record{Topic: p.cfg.Inputs[input].Topic, Partition: w.partition, Offset: e.Offset},
		reject: decode.Reject{Reason: decode.BadEncoding, Detail: fmt.Sprintf(
			"batch decompresses beyond its limit; skipped up to offset %d", e.NextOffset)}})
	w.inputs[input].position, w.inputs[input].known = e.NextOffset, true
}

// checkRanges says whether an entry's ranges fit the configured inputs.
func (p *Pipeline) checkRanges(e *checkpoint.Entry) error {
	if len(e.Inputs) != len(p.cfg.Inputs) {
		return fmt.Errorf("read batch %d: it was cut from %d inputs, and %d are configured; "+
			"stop cleanly before changing the inputs", e.Batch, len(e.Inputs), len(p.cfg.Inputs))
	}
	return nil
}
