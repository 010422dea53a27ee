package outbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// PartitionLag is how far one outbox partition is loaded.
type PartitionLag struct {
	Committed int64 // offset below which everything is loaded; 0 before the first commit
	Start     int64 // of the log
	End       int64 // of the log, open transactions included
}

// Lag asks Kafka how far a sink's consumer group has loaded the outbox, by partition:
// the truth for whoever waits, in this process or another. All of it is loaded
// when Committed has reached the End of an earlier asking. client is any client
// of the cluster.
func Lag(ctx context.Context, client *kgo.Client, group, outboxTopic string) (map[int32]PartitionLag, error) {
	admin := kadm.NewClient(client)
	// Not the last stable offset: where one partition already shows a
	// transaction as committed, another's marker may still be on its way.
	ends, err := admin.ListEndOffsets(ctx, outboxTopic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("list end offsets of %s: %w", outboxTopic, err)
	}
	starts, err := admin.ListStartOffsets(ctx, outboxTopic)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("list start offsets of %s: %w", outboxTopic, err)
	}
	offsets, err := admin.FetchOffsetsForTopics(ctx, group, outboxTopic)
	if err == nil {
		err = offsets.Error()
	}
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) { // no loader has run yet: nothing is committed
		return nil, fmt.Errorf("fetch offsets of group %s: %w", group, err)
	}
	lags := map[int32]PartitionLag{}
	ends.Each(func(end kadm.ListedOffset) {
		lag := PartitionLag{End: end.Offset}
		if start, ok := starts.Lookup(outboxTopic, end.Partition); ok {
			lag.Start = start.Offset
		}
		if offset, ok := offsets.Lookup(outboxTopic, end.Partition); ok && offset.At >= 0 {
			lag.Committed = offset.At
		}
		lags[end.Partition] = lag
	})
	return lags, nil
}

// Loaded reports whether every partition is loaded up to what target says its end
// was: an earlier answer of Lag.
func Loaded(now, target map[int32]PartitionLag) bool {
	for partition, t := range target {
		if t.End > t.Start && now[partition].Committed < t.End {
			return false
		}
	}
	return true
}
