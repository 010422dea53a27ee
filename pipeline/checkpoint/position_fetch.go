package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	fetchWait         = 100 * time.Millisecond
	requestTimeout    = 10 * time.Second
	lastTimeout       = time.Second // for the attempt that crosses the deadline
	emptyAnswersProve = 2
)

// fetched is what one fetch gave: records, the offset after all that the
// answer covered, and an error that the records before it do not share.
type fetched struct {
	records []*kgo.Record
	next    int64
	err     error
}

// partitionLeader is where to send fetches, and the identity of the topic.
type partitionLeader struct {
	node    int32
	topicID [16]byte
}

func unknownLeader() partitionLeader { return partitionLeader{node: -1} }

// partitionBounds is what the broker said last; -1 where it did not.
type partitionBounds struct {
	logStart, lastStable, highWatermark int64
}

func unknownBounds() partitionBounds { return partitionBounds{-1, -1, -1} }

// step makes one attempt to get further. A nil error without progress means
// try again; lastFailure then says what was wrong, if anything was.
func (r *PositionReader) step(ctx context.Context, remaining time.Duration) (fetched, error) {
	ctx, cancel := context.WithTimeout(ctx, min(max(remaining, lastTimeout), requestTimeout))
	defer cancel()
	if r.leader.node < 0 {
		if err := r.findLeader(ctx); err != nil {
			return fetched{}, r.tolerate(err)
		}
	}
	partition, err := r.fetch(ctx)
	if err != nil {
		return fetched{}, r.tolerate(err)
	}
	if partition.ErrorCode == kerr.OffsetOutOfRange.Code {
		return fetched{}, r.outOfRange(ctx)
	}
	if err := kerr.ErrorForCode(partition.ErrorCode); err != nil {
		return fetched{}, r.tolerate(err)
	}
	r.lastFailure = nil
	return r.process(partition)
}

// tolerate decides whether a failure is transient (nil: refresh the leader and
// try again until the deadline) or final.
func (r *PositionReader) tolerate(err error) error {
	var recreated *TopicRecreatedError
	if errors.As(err, &recreated) {
		return err
	}
	var refusal *kerr.Error
	if errors.As(err, &refusal) && !refusal.Retriable && !errors.Is(err, kerr.UnknownTopicID) {
		return err
	}
	r.lastFailure = err
	r.leader.node = -1
	return nil
}

// findLeader asks for the partition's leader. A topic id that differs from
// the one seen first is another topic of the same name: offsets mean nothing.
func (r *PositionReader) findLeader(ctx context.Context) error {
	request := kmsg.NewPtrMetadataRequest()
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = kmsg.StringPtr(r.options.Topic)
	request.Topics = append(request.Topics, topic)
	response, err := request.RequestWith(ctx, r.client)
	if err != nil {
		return fmt.Errorf("ask for the leader: %w", err)
	}
	for _, topic := range response.Topics {
		if topic.Topic == nil || *topic.Topic != r.options.Topic {
			continue
		}
		if err := kerr.ErrorForCode(topic.ErrorCode); err != nil {
			return fmt.Errorf("ask for the leader: %w", err)
		}
		return r.takeLeader(topic)
	}
	return fmt.Errorf("ask for the leader: %w", kerr.UnknownTopicOrPartition)
}

func (r *PositionReader) takeLeader(topic kmsg.MetadataResponseTopic) error {
	none := [16]byte{}
	if r.leader.topicID != none && topic.TopicID != r.leader.topicID {
		return &TopicRecreatedError{Topic: r.options.Topic}
	}
	for _, partition := range topic.Partitions {
		if partition.Partition != r.options.Partition {
			continue
		}
		if partition.Leader < 0 {
			return fmt.Errorf("ask for the leader: %w", kerr.LeaderNotAvailable)
		}
		r.leader = partitionLeader{node: partition.Leader, topicID: topic.TopicID}
		return nil
	}
	return fmt.Errorf("ask for the leader: %w", kerr.UnknownTopicOrPartition)
}

// fetch sends one sessionless fetch to the leader. An answer without the
// partition (a throttled one) counts as a failure of the attempt.
func (r *PositionReader) fetch(ctx context.Context) (*kmsg.FetchResponseTopicPartition, error) {
	partition := kmsg.NewFetchRequestTopicPartition()
	partition.Partition = r.options.Partition
	partition.FetchOffset = r.position
	partition.PartitionMaxBytes = r.packedBytes
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic = r.options.Topic
	topic.TopicID = r.leader.topicID
	topic.Partitions = append(topic.Partitions, partition)
	request := kmsg.NewPtrFetchRequest()
	request.MaxWaitMillis = int32(fetchWait.Milliseconds())
	request.MinBytes = 1
	// The partition's bound is the one that holds. kfake (2026-09-18) leaves
	// out the list of aborted transactions where the answer's own bound cuts
	// it off, so that aborted records come as if they were committed.
	request.MaxBytes = math.MaxInt32
	request.SessionEpoch = -1
	if r.options.Isolation == ReadCommitted {
		request.IsolationLevel = 1
	}
	request.Topics = append(request.Topics, topic)

	answer, err := r.client.Broker(int(r.leader.node)).Request(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	response := answer.(*kmsg.FetchResponse)
	if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	for i := range response.Topics {
		for j := range response.Topics[i].Partitions {
			if response.Topics[i].Partitions[j].Partition == r.options.Partition {
				return &response.Topics[i].Partitions[j], nil
			}
		}
	}
	return nil, errNotInAnswer
}

// process turns an answer into records and the next position.
func (r *PositionReader) process(partition *kmsg.FetchResponseTopicPartition) (fetched, error) {
	r.bounds = partitionBounds{
		logStart:      partition.LogStartOffset,
		lastStable:    partition.LastStableOffset,
		highWatermark: partition.HighWatermark,
	}
	if len(partition.RecordBatches) == 0 {
		return r.emptyAnswer(), nil
	}
	r.emptyRepeat = 0
	isolation := kgo.ReadCommitted()
	if r.options.Isolation == ReadUncommitted {
		isolation = kgo.ReadUncommitted()
	}
	inner, _ := r.client.OptValue(kgo.WithDecompressor).(kgo.Decompressor)
	unpacked := &boundedDecompressor{inner: inner, left: r.options.UnpackedBytes}
	processed, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		Offset:         r.position,
		IsolationLevel: isolation,
		Topic:          r.options.Topic,
		Partition:      r.options.Partition,
	}, partition, unpacked, nil)
	if errors.Is(processed.Err, errAnswerFull) {
		processed.Err = nil // what came before it held no record to deliver
	}
	r.fit(unpacked.left)
	return fetched{records: processed.Records, next: next, err: processed.Err}, nil
}

// fit asks for less where much of an answer could not be unpacked, and for more
// again where there was room.
func (r *PositionReader) fit(left int) {
	switch {
	case left <= 0:
		r.packedBytes = max(r.packedBytes/2, min(leastMaxBytes, r.options.MaxBytes))
	case left > r.options.UnpackedBytes/2:
		r.packedBytes = max(r.packedBytes, min(r.packedBytes, r.options.MaxBytes/2)*2)
	}
}

// errAnswerFull stands for a batch that is not unpacked of this answer.
var errAnswerFull = errors.New("enough of this answer is unpacked")

// boundedDecompressor unpacks the batches of one answer until there is enough;
// what was unpacked before is delivered, the rest is fetched again.
type boundedDecompressor struct {
	inner kgo.Decompressor
	left  int // bytes
}

// Decompress implements kgo.Decompressor.
func (d *boundedDecompressor) Decompress(packed []byte, codec kgo.CompressionCodecType) ([]byte, error) {
	if d.left <= 0 {
		return nil, errAnswerFull
	}
	unpacked, err := d.inner.Decompress(packed, codec)
	d.left -= len(unpacked)
	return unpacked, err
}

// emptyAnswer recognises a hole that reaches to the end of the log: brokers
// answer with nothing when everything from the position on was compacted or
// deleted although the position lies inside the log. Only an answer whose
// readable end reaches the target counts, and only when it comes twice.
func (r *PositionReader) emptyAnswer() fetched {
	readable := r.bounds.highWatermark
	if r.options.Isolation == ReadCommitted {
		readable = min(readable, r.bounds.lastStable)
	}
	if readable < r.options.To {
		r.emptyRepeat = 0
		return fetched{next: r.position}
	}
	r.emptyRepeat++
	if r.emptyRepeat < emptyAnswersProve {
		return fetched{next: r.position}
	}
	return fetched{next: r.options.To}
}

// outOfRange finds out on which side of the log the position lies. Above its
// end it waits (a new leader may not know its end yet) until the deadline.
func (r *PositionReader) outOfRange(ctx context.Context) error {
	r.lastFailure = kerr.OffsetOutOfRange
	ends, err := EndOffsets(ctx, r.client, []string{r.options.Topic})
	bounds, known := ends[r.options.Topic][r.options.Partition]
	if !known {
		if err == nil {
			err = kerr.UnknownTopicOrPartition
		}
		return r.tolerate(err)
	}
	r.bounds = partitionBounds{logStart: bounds.Start, lastStable: -1, highWatermark: bounds.End}
	switch {
	case r.position >= bounds.Start:
		r.leader.node = -1
		return nil
	case r.options.SkipToLogStart:
		r.position = min(bounds.Start, r.options.To)
		return nil
	default:
		return &BelowLogStartError{
			Topic: r.options.Topic, Partition: r.options.Partition,
			Position: r.position, LogStart: bounds.Start,
		}
	}
}
