package apachekafka

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/schemas/topics"
)

func TestIntegrationThreeBrokers(t *testing.T) {
	cluster := ForTest(t, Options{Nodes: 3})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	broker := &realBroker{ctx: ctx, cluster: cluster}
	broker.client = broker.newClient(t)
	broker.admin = kadm.NewClient(broker.client)

	report, err := topics.Ensure(ctx, broker.admin, topics.DefaultNames(), topics.Layout{Partitions: 3, Replication: 3})
	if err != nil || len(report.Problems) != 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	const topic = "holdfast.batch-log.v1"
	writer := broker.writer(t, topic)
	for _, key := range numbered("k", 4) {
		writer.commit(key)
	}
	writer.abort("x")
	bounds := broker.bounds(t, topic)

	leader := broker.leader(t, topic)
	read, next, err := broker.read(checkpoint.ReadRangeOptions{
		Topic: topic, To: bounds.End, MaxBytes: 1, NoProgress: time.Minute,
		Progress: func(position, _ int64) {
			if position == 2 {
				if err := cluster.Kill(leader); err != nil {
					t.Error(err)
				}
			}
		},
	})
	if diff := cmp.Diff(numbered("k", 4), read); diff != "" || next != bounds.End || err != nil {
		t.Errorf("over a dead leader: next %d, %v, keys (-want +got):\n%s", next, err, diff)
	}
	// Markers are written after the transaction's end was answered, so the
	// last one may have come only now.
	if after := broker.bounds(t, topic); after.Start != bounds.Start || after.End < bounds.End {
		t.Errorf("the log was %+v and is %+v", bounds, after)
	}
	writer.commit("more")
	if err := cluster.Restart(leader); err != nil {
		t.Fatal(err)
	}
	if err := cluster.AwaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	stop, cancelStop := context.WithTimeout(ctx, 30*time.Second)
	defer cancelStop()
	if err := cluster.Stop(stop, leader); err != nil {
		t.Errorf("a clean stop: %v", err)
	}
}

// leader returns the node that leads partition 0.
func (b *realBroker) leader(t *testing.T, topic string) int {
	t.Helper()
	details, err := b.admin.ListTopics(b.ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	return int(details[topic].Partitions[0].Leader)
}
