package restore

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
)

// LastEntry is the last committed entry of a shard's batch log, or what its
// header keeps of it; nil where the shard has no history. It reads the log from
// its end, in steps that grow.
func (s *Source) LastEntry(ctx context.Context, n int32) (*checkpoint.Entry, error) {
	topic := s.Lanes.Topics.BatchLog
	ranges, err := checkpoint.EndOffsets(ctx, s.Reader, []string{topic})
	if err != nil {
		return nil, fmt.Errorf("ask for the end of the batch log: %w", err)
	}
	r := ranges[topic][n]
	var last *checkpoint.Entry
	for from, step := r.End, int64(16); last == nil && from > r.Start; step *= 8 {
		from = max(from-step, r.Start)
		_, err := checkpoint.ReadRange(ctx, s.Reader,
			checkpoint.ReadRangeOptions{Topic: topic, Partition: n, From: from, To: r.End,
				SkipToLogStart: true}, func(r *kgo.Record) error {
				e, err := checkpoint.DecodeEntry(r.Value)
				if err != nil {
					return fmt.Errorf("%s/%d offset %d: %w", topic, n, r.Offset, err)
				}
				last = &e
				return nil
			})
		if err != nil {
			return nil, fmt.Errorf("read the end of the batch log: %w", err)
		}
	}
	if last != nil {
		return last, nil
	}
	return s.headerEntry(ctx, n)
}

// headerEntry is the entry that a shard's header keeps; nil where there is none.
func (s *Source) headerEntry(ctx context.Context, n int32) (*checkpoint.Entry, error) {
	topic := s.Lanes.Topics.Checkpoint
	var last *checkpoint.Entry
	err := s.readAll(ctx, topic, n, 0, nil, func(r *kgo.Record) error {
		_, page, ok := checkpoint.ParsePageKey(r.Key)
		if !ok || page != 0 || r.Value == nil {
			return nil
		}
		h, err := checkpoint.DecodeHeader(r.Value)
		if err != nil {
			return fmt.Errorf("%s/%d offset %d: %w", topic, n, r.Offset, err)
		}
		last = &h.Entry
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read headers: %w", err)
	}
	return last, nil
}
