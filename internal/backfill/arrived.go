package backfill

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
)

// Arrived is a set of records, by a hash of topic, key and value. A backfill that
// goes on does not send again what it holds: a customer may have more events in
// a stretch than the processor remembers.
type Arrived map[uint64]struct{}

// take reports whether a record is in the set, and takes it out.
func (a Arrived) take(topic string, key, value []byte) bool {
	if len(a) == 0 {
		return false
	}
	name := arrivedName(topic, key, value)
	_, there := a[name]
	delete(a, name)
	return there
}

func arrivedName(topic string, key, value []byte) uint64 {
	var digest xxhash.Digest
	digest.Reset()
	var lengths [8]byte
	binary.LittleEndian.PutUint32(lengths[:], uint32(len(topic)))
	binary.LittleEndian.PutUint32(lengths[4:], uint32(len(key)))
	_, _ = digest.Write(lengths[:])
	_, _ = digest.WriteString(topic)
	_, _ = digest.Write(key)
	_, _ = digest.Write(value)
	return digest.Sum64()
}

const (
	// arrivedRoom bounds the records that are looked at, over all partitions.
	arrivedRoom = 2 << 20
	// arrivedAtLeast is how many are looked at on each partition however many
	// there are: above a stretch, with as many that others wrote in between.
	arrivedAtLeast = 4 * reportEvents
)

// ReadArrived reads what lies on the inputs behind the last stretch of a session,
// of each partition the first records: what the session had sent lies there
// before most of what others have written since. Memory is bounded by that
// number.
func ReadArrived(ctx context.Context, client *kgo.Client, from Offsets) (Arrived, error) {
	arrived := Arrived{}
	if len(from) == 0 {
		return arrived, nil
	}
	var topics []string
	partitions := 0
	for topic, starts := range from {
		topics, partitions = append(topics, topic), partitions+len(starts)
	}
	ends, err := checkpoint.EndOffsets(ctx, client, topics)
	if err != nil {
		return nil, fmt.Errorf("ask for the ends of the inputs: %w", err)
	}
	most := int64(max(arrivedAtLeast, arrivedRoom/max(1, partitions)))
	for topic, starts := range from {
		for partition, start := range starts {
			bounds := ends[topic][partition]
			start = max(start, bounds.Start)
			_, err := checkpoint.ReadRange(ctx, client, checkpoint.ReadRangeOptions{
				Topic: topic, Partition: partition, From: start, To: min(bounds.End, start+most), SkipToLogStart: true,
				Isolation: checkpoint.ReadUncommitted, // what a backfill writes is in no transaction
			}, func(r *kgo.Record) error {
				arrived[arrivedName(topic, r.Key, r.Value)] = struct{}{}
				return nil
			})
			if err != nil {
				return nil, fmt.Errorf("look for what had arrived: %w", err)
			}
		}
	}
	return arrived, nil
}
