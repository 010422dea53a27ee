package checkpoint_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
)

const testGroup = "processing"

var firstPartition = map[string][]int32{logTopic: {0}}

// commitOffset sends a group's offset inside the writer's open transaction.
func (l *testLog) commitOffset(offset int64, metadata string) {
	l.t.Helper()
	id, epoch, err := l.writer.ProducerID(l.ctx)
	if err != nil {
		l.t.Fatal(err)
	}
	partition := kmsg.NewTxnOffsetCommitRequestTopicPartition()
	partition.Offset, partition.Metadata = offset, &metadata
	topic := kmsg.NewTxnOffsetCommitRequestTopic()
	topic.Topic, topic.TopicID = logTopic, l.cluster.TopicInfo(logTopic).TopicID
	topic.Partitions = append(topic.Partitions, partition)
	request := kmsg.NewPtrTxnOffsetCommitRequest()
	request.TransactionalID, request.Group = "writer", testGroup
	request.ProducerID, request.ProducerEpoch = id, epoch
	request.Topics = append(request.Topics, topic)
	response, err := request.RequestWith(l.ctx, l.writer)
	if err != nil {
		l.t.Fatal(err)
	}
	if err := kerr.ErrorForCode(response.Topics[0].Partitions[0].ErrorCode); err != nil {
		l.t.Fatal(err)
	}
}

func TestStableOffsetsWithoutACommit(t *testing.T) {
	log := newTestLog(t, nil)
	for _, partitions := range []map[string][]int32{firstPartition, nil} {
		offsets, err := checkpoint.StableOffsets(log.ctx, log.reader, testGroup, partitions)
		if len(offsets) != 0 || err != nil {
			t.Errorf("%v: got %v, %v", partitions, offsets, err)
		}
	}
}

func TestStableOffsetsAfterACommit(t *testing.T) {
	log := newTestLog(t, nil)
	log.begin("a")
	log.commitOffset(7, "batch 3")
	log.end(kgo.TryCommit)
	offsets, err := checkpoint.StableOffsets(log.ctx, log.reader, testGroup, firstPartition)
	want := map[string]map[int32]checkpoint.GroupOffset{logTopic: {0: {Offset: 7, Metadata: "batch 3"}}}
	if diff := cmp.Diff(want, offsets); diff != "" || err != nil {
		t.Errorf("%v, offsets (-want +got):\n%s", err, diff)
	}
}

func TestStableOffsetsWaitForAPendingFirstCommit(t *testing.T) {
	log := newTestLog(t, nil)
	// The group is there, with a commit of another topic.
	if err := log.cluster.CreateTopic("other.v1", 1, nil); err != nil {
		t.Fatal(err)
	}
	other := make(kadm.Offsets)
	other.Add(kadm.Offset{Topic: "other.v1", At: 1, LeaderEpoch: -1})
	if _, err := kadm.NewClient(log.reader).CommitOffsets(log.ctx, testGroup, other); err != nil {
		t.Fatal(err)
	}
	log.begin("a")
	log.commitOffset(7, "batch 3")
	// Long enough for an answer on a busy machine; it runs out anyway.
	pending, cancel := context.WithTimeout(log.ctx, 2*time.Second)
	defer cancel()
	_, err := checkpoint.StableOffsets(pending, log.reader, testGroup, firstPartition)
	if !errors.Is(err, kerr.UnstableOffsetCommit) || !errors.Is(err, context.DeadlineExceeded) ||
		!strings.Contains(err.Error(), logTopic+"/0") {
		t.Errorf("while it is pending: %v", err)
	}
	asked := log.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Observe: true, Count: -1})
	type answer struct {
		offsets map[string]map[int32]checkpoint.GroupOffset
		err     error
	}
	answers := make(chan answer, 1)
	go func() {
		offsets, err := checkpoint.StableOffsets(log.ctx, log.reader, testGroup, firstPartition)
		answers <- answer{offsets, err}
	}()
	if err := asked.Wait(log.ctx, 2); err != nil {
		t.Fatal(err)
	}
	log.end(kgo.TryCommit)
	if got := <-answers; got.err != nil || got.offsets[logTopic][0].Metadata != "batch 3" {
		t.Errorf("got %+v", got)
	}
}

func TestStableOffsetsReturnsARefusal(t *testing.T) {
	log := newTestLog(t, nil)
	log.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Group: testGroup, Err: kerr.GroupAuthorizationFailed,
		Count: -1})
	_, err := checkpoint.StableOffsets(log.ctx, log.reader, testGroup, firstPartition)
	if !errors.Is(err, kerr.GroupAuthorizationFailed) {
		t.Errorf("got %v", err)
	}
}
