package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// stablePause is the wait between questions while a transaction is pending:
// markers are normally written within a few milliseconds.
const stablePause = 20 * time.Millisecond

// GroupOffset is what a group has committed for one partition.
type GroupOffset struct {
	// Offset is the next offset to read.
	Offset int64
	// Metadata is what the committer attached.
	Metadata string
}

// StableOffsets returns what the group has committed for the given partitions,
// with no transaction of theirs pending; a partition without a commit is not
// in the map. It waits for pending transactions until ctx ends, and the error
// then unwraps to kerr.UnstableOffsetCommit.
//
// This is the way to learn the outcome of a commit that was not confirmed: a
// broker answers the end of a transaction before the offsets become visible,
// so an ordinary question shows the commit before it. The partitions are named
// on purpose. Asked for all that a group has, a broker leaves out a partition
// whose first commit is pending, as if there were none.
func StableOffsets(ctx context.Context, cl *kgo.Client, group string,
	partitions map[string][]int32) (map[string]map[int32]GroupOffset, error) {
	if len(partitions) == 0 {
		return map[string]map[int32]GroupOffset{}, nil // a request that names nothing means all
	}
	var pending error // what the latest answer said
	offsets, err := backoff.Retry(ctx, func() (map[string]map[int32]GroupOffset, error) {
		offsets, err := fetchStable(ctx, cl, group, partitions)
		if err == nil {
			return offsets, nil
		}
		err = fmt.Errorf("fetch stable offsets of group %s: %w", group, err)
		switch {
		case errors.Is(err, kerr.UnstableOffsetCommit):
			pending = err
		case pending == nil || ctx.Err() == nil: // else ctx has ended in the middle of a question
			return nil, backoff.Permanent(err)
		}
		return nil, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(stablePause)), backoff.WithMaxElapsedTime(0))
	if err != nil && ctx.Err() != nil {
		return nil, errors.Join(err, pending)
	}
	return offsets, err
}

func fetchStable(ctx context.Context, cl *kgo.Client, group string,
	partitions map[string][]int32) (map[string]map[int32]GroupOffset, error) {
	response, err := stableRequest(group, partitions).RequestWith(ctx, cl)
	if err != nil {
		return nil, err
	}
	offsets := make(map[string]map[int32]GroupOffset)
	var failures []error
	for _, answer := range response.Groups {
		err := kerr.ErrorForCode(answer.ErrorCode)
		if errors.Is(err, kerr.GroupIDNotFound) {
			continue // nobody has joined or committed yet
		}
		if err != nil {
			return nil, err
		}
		for _, topic := range answer.Topics {
			for _, partition := range topic.Partitions {
				if err := kerr.ErrorForCode(partition.ErrorCode); err != nil {
					failures = append(failures, fmt.Errorf("%s/%d: %w", topic.Topic, partition.Partition, err))
					continue
				}
				enter(offsets, topic.Topic, partition)
			}
		}
	}
	return offsets, errors.Join(failures...)
}

// enter notes a partition that has a commit.
func enter(offsets map[string]map[int32]GroupOffset, topic string,
	partition kmsg.OffsetFetchResponseGroupTopicPartition) {
	if partition.Offset < 0 {
		return
	}
	if offsets[topic] == nil {
		offsets[topic] = make(map[int32]GroupOffset)
	}
	committed := GroupOffset{Offset: partition.Offset}
	if partition.Metadata != nil {
		committed.Metadata = *partition.Metadata
	}
	offsets[topic][partition.Partition] = committed
}

// stableRequest names every partition, in the form of newer brokers (groups);
// the client turns it into the older one where it must.
func stableRequest(group string, partitions map[string][]int32) *kmsg.OffsetFetchRequest {
	wanted := kmsg.NewOffsetFetchRequestGroup()
	wanted.Group = group
	for topic, numbers := range partitions {
		named := kmsg.NewOffsetFetchRequestGroupTopic()
		named.Topic = topic
		named.Partitions = slices.Clone(numbers)
		wanted.Topics = append(wanted.Topics, named)
	}
	request := kmsg.NewPtrOffsetFetchRequest()
	request.RequireStable = true
	request.Groups = append(request.Groups, wanted)
	return request
}
