package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Range is what a partition held when it was asked: offsets Start (the log
// start) up to but without End (the high watermark, read uncommitted).
// Start == End is an empty partition.
type Range struct {
	Start, End int64
}

// EndOffsets asks for log start and high watermark of all partitions of the
// given topics: two rounds of ListOffsets, one request per broker each. The
// starts are asked first, so that Start <= End holds for what is returned.
// Everything that a broker had acknowledged when the call began lies below
// End.
//
// The map holds the partitions that answered; the error joins what went wrong
// for the others, by topic and partition, and unwraps to the kerr error. Both
// can be set. A missing topic is an error. Where a broker could not be asked
// at all, or refuses access, there is an error and no map.
func EndOffsets(ctx context.Context, cl *kgo.Client, topics []string) (map[string]map[int32]Range, error) {
	if len(topics) == 0 {
		return map[string]map[int32]Range{}, nil
	}
	admin := kadm.NewClient(cl)
	starts, err := admin.ListStartOffsets(ctx, topics...)
	if err != nil {
		return nil, fmt.Errorf("list log starts: %w", err)
	}
	ends, err := admin.ListEndOffsets(ctx, topics...)
	if err != nil {
		return nil, fmt.Errorf("list log ends: %w", err)
	}
	return joinRanges(topics, starts, ends)
}

// joinRanges pairs the two answers, partition by partition.
func joinRanges(topics []string, starts, ends kadm.ListedOffsets) (map[string]map[int32]Range, error) {
	ranges := make(map[string]map[int32]Range, len(topics))
	var failures []error
	for _, topic := range topics {
		if len(ends[topic]) == 0 {
			failures = append(failures, fmt.Errorf("list offsets of %s: no partition answered", topic))
			continue
		}
		ranges[topic] = make(map[int32]Range, len(ends[topic]))
		for _, partition := range slices.Sorted(maps.Keys(ends[topic])) {
			end := ends[topic][partition]
			start, known := starts.Lookup(topic, end.Partition)
			if err := pairError(start, end, known); err != nil {
				failures = append(failures, offsetsError(topic, partition, err))
				continue
			}
			ranges[topic][end.Partition] = Range{Start: start.Offset, End: end.Offset}
		}
	}
	return ranges, errors.Join(failures...)
}

// offsetsError names the partition; kadm reports a topic as such as -1.
func offsetsError(topic string, partition int32, err error) error {
	if partition < 0 {
		return fmt.Errorf("list offsets of %s: %w", topic, err)
	}
	return fmt.Errorf("list offsets of %s/%d: %w", topic, partition, err)
}

func pairError(start, end kadm.ListedOffset, startKnown bool) error {
	switch {
	case end.Err != nil:
		return end.Err
	case !startKnown:
		return errNotInAnswer
	case start.Err != nil:
		return start.Err
	}
	return nil
}
