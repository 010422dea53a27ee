package apachekafka

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline/assign"
	"github.com/holdfast/holdfast/pipeline/checkpoint"
)

var inputNames = []string{"retail.complaints.v1", "retail.purchases.v1", "retail.visits.v1"}

// heldPartitions counts what a group member was given.
type heldPartitions struct {
	mu    sync.Mutex
	count int
}

func (h *heldPartitions) add(partitions map[string][]int32, sign int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, numbers := range partitions {
		h.count += sign * len(numbers)
	}
}

func (h *heldPartitions) number() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count
}

func (b *realBroker) member(t *testing.T, balancer *assign.Balancer, group string, options ...kgo.Opt) (*kgo.Client,
	*heldPartitions) {
	t.Helper()
	held := &heldPartitions{}
	client := b.newClient(t, append([]kgo.Opt{
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(inputNames...), kgo.Balancers(balancer), kgo.DisableAutoCommit(),
		kgo.SessionTimeout(6 * time.Second), kgo.HeartbeatInterval(200 * time.Millisecond),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, added map[string][]int32) { held.add(added, 1) }),
		kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, gone map[string][]int32) { held.add(gone, -1) }),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, gone map[string][]int32) { held.add(gone, -1) }),
	}, options...)...)
	return client, held
}

func (b *realBroker) eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	for !holds() {
		if ctx.Err() != nil {
			t.Fatalf("did not happen: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (b *realBroker) testBalancer(t *testing.T) {
	firstBalancer, secondBalancer := assign.New(inputNames), assign.New(inputNames)
	_, first := b.member(t, firstBalancer, "balanced", kgo.InstanceID("holdfast-0"))
	b.eventually(t, "the first instance owns all", func() bool { return first.number() == 9 })
	secondClient, second := b.member(t, secondBalancer, "balanced", kgo.InstanceID("holdfast-1"))
	b.eventually(t, "the second instance idles", func() bool { return secondBalancer.Role() == assign.RoleIdle })
	b.eventually(t, "the first kept all", func() bool { return first.number() == 9 && second.number() == 0 })

	// A static member that comes back finds what it had.
	secondClient.Close()
	again := assign.New(inputNames)
	b.member(t, again, "balanced", kgo.InstanceID("holdfast-1"))
	b.eventually(t, "the second idles again", func() bool { return again.Role() == assign.RoleIdle })
	if first.number() != 9 || firstBalancer.Role() != assign.RoleOwner {
		t.Errorf("the owner holds %d and is %s", first.number(), firstBalancer.Role())
	}
}

func (b *realBroker) testUnequalInputs(t *testing.T) {
	b.create(t, "narrow", nil)
	b.bounds(t, "narrow")
	inputs := append([]string{"narrow"}, inputNames...)
	client, _ := b.member(t, assign.New(inputs), "unequal", kgo.ConsumeTopics(inputs...))
	var err error
	b.eventually(t, "a poll names the counts", func() bool {
		ctx, cancel := context.WithTimeout(b.ctx, time.Second)
		defer cancel()
		err = client.PollFetches(ctx).Err()
		return err != nil && strings.Contains(err.Error(), "narrow=1, retail.complaints.v1=3")
	})
}

// session joins a group of its own on one input topic with one polled record.
func (b *realBroker) session(t *testing.T, name string) *kgo.GroupTransactSession {
	t.Helper()
	b.create(t, name, nil)
	b.bounds(t, name)
	if err := b.client.ProduceSync(b.ctx, &kgo.Record{Topic: name, Value: []byte("x")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	session, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(b.cluster.Addrs()...), kgo.ConsumerGroup(name), kgo.ConsumeTopics(name), kgo.TransactionalID(name),
		kgo.DisableAutoCommit(), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(6*time.Second), kgo.HeartbeatInterval(200*time.Millisecond),
		kgo.MetadataMinAge(100*time.Millisecond),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DefaultProduceTopic("holdfast.alerts.v1"),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.Close)
	if fetches := session.PollRecords(b.ctx, 1); fetches.NumRecords() != 1 {
		t.Fatalf("polled %d records, %v", fetches.NumRecords(), fetches.Err())
	}
	return session
}

// commitBatch commits offset 1 of the topic with the batch as metadata, and a
// produced record where wanted.
func (b *realBroker) commitBatch(t *testing.T, session *kgo.GroupTransactSession, topic, batch string,
	produce bool) (committed bool, err error) {
	t.Helper()
	if err := session.Begin(); err != nil {
		t.Fatal(err)
	}
	if produce {
		if err := session.ProduceSync(b.ctx, kgo.StringRecord(batch)).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	return session.End(kgo.PreTxnCommitFnContext(b.ctx, offsetOf(topic, batch)), kgo.TryCommit)
}

func offsetOf(topic, batch string) func(*kmsg.TxnOffsetCommitRequest) error {
	return func(request *kmsg.TxnOffsetCommitRequest) error {
		partition := kmsg.NewTxnOffsetCommitRequestTopicPartition()
		partition.Offset, partition.Metadata = 1, &batch
		offsets := kmsg.NewTxnOffsetCommitRequestTopic()
		offsets.Topic, offsets.Partitions = topic, []kmsg.TxnOffsetCommitRequestTopicPartition{partition}
		request.Topics = []kmsg.TxnOffsetCommitRequestTopic{offsets}
		return nil
	}
}

// The broker answers EndTxn before the offsets' marker is written: what a
// group has committed must be asked for as stable, by partition, and again
// while it is pending. A group's first commit is the hardest to see.
func (b *realBroker) testStableOffsets(t *testing.T) {
	for group := range 5 {
		name := fmt.Sprintf("stable-%d", group)
		session := b.session(t, name)
		for i := range 12 {
			batch := fmt.Sprint(i)
			if committed, err := b.commitBatch(t, session, name, batch, true); !committed || err != nil {
				t.Fatalf("batch %s: %t, %v", batch, committed, err)
			}
			offsets, err := checkpoint.StableOffsets(b.ctx, b.client, name, map[string][]int32{name: {0}})
			if err != nil {
				t.Fatal(err)
			}
			if got := offsets[name][0]; got.Metadata != batch || got.Offset != 1 {
				t.Fatalf("after batch %s was committed the group shows %+v", batch, got)
			}
		}
	}
}

// A commit of offsets alone meets the markers of the one before it and is
// aborted now and then; one that produces waits for them and never is.
func (b *realBroker) testCommitWithoutInput(t *testing.T) {
	const name = "no-input"
	session := b.session(t, name)
	for i := range 40 {
		if committed, err := b.commitBatch(t, session, name, fmt.Sprint(i), true); !committed || err != nil {
			t.Fatalf("commit %d with a record: %t, %v", i, committed, err)
		}
	}
	aborted := 0
	for i := range 40 {
		committed, err := b.commitBatch(t, session, name, fmt.Sprint(i), false)
		if err != nil {
			t.Fatalf("commit %d of offsets alone: %v", i, err)
		}
		if !committed {
			aborted++
		}
	}
	t.Logf("%d of 40 commits of offsets alone were aborted", aborted)
}

// A session that has not joined sends generation -1, which the broker does not
// fence, even where the group has members: the committer must refuse itself.
func (b *realBroker) testUnfencedCommit(t *testing.T) {
	const name = "unfenced"
	owner := b.session(t, name)
	if committed, err := b.commitBatch(t, owner, name, "owner", true); !committed || err != nil {
		t.Fatal(committed, err)
	}
	stranger, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(b.cluster.Addrs()...), kgo.ConsumerGroup(name), kgo.ConsumeTopics("no-such-topic"),
		kgo.TransactionalID("stranger"),
		kgo.DisableAutoCommit(), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.DefaultProduceTopic("holdfast.alerts.v1"),
		kgo.MetadataMinAge(100*time.Millisecond),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stranger.Close)
	committed, err := b.commitBatch(t, stranger, name, "stranger", true)
	if !committed || err != nil {
		t.Errorf("the broker has begun to fence commits without a generation: %t, %v", committed, err)
	}
}
