package topics

import (
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/config"
)

func connected(t *testing.T, options ...kfake.Opt) *kgo.Client {
	t.Helper()
	cluster, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); cluster.Close() })
	return client
}

func TestMissingTopicsAreCreatedOnceWithTheirSettings(t *testing.T) {
	cfg, kafka := config.Default(), connected(t)
	plan, err := Look(t.Context(), kafka, &cfg)
	if err != nil || plan.Missing() != 11 || plan.Partitions != 6 {
		t.Fatalf("%+v, %v", plan, err)
	}
	if err := Create(t.Context(), kafka, plan); err != nil {
		t.Fatal(err)
	}
	if plan, err = Look(t.Context(), kafka, &cfg); err != nil || plan.Missing() != 0 || plan.Problems() != 0 {
		t.Fatalf("after creation: %+v, %v", plan, err)
	}
	details, err := kadm.NewClient(kafka).ListTopics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for topic, want := range map[string]int{Checkpoint: 6, BatchLog: 6, Outbox: 1, "retail.visits.v1": 6, "holdfast.dlq.v1": 6} {
		if got := len(details[topic].Partitions); got != want {
			t.Errorf("%s has %d partitions, want %d", topic, got, want)
		}
	}
	settings, err := kadm.NewClient(kafka).DescribeTopicConfigs(t.Context(), Checkpoint, "holdfast.dlq.v1")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"holdfast.checkpoint.v1 cleanup.policy": "compact", "holdfast.checkpoint.v1 max.compaction.lag.ms": "86400000",
		"holdfast.checkpoint.v1 max.message.bytes": "10485760", "holdfast.dlq.v1 max.message.bytes": "10485760", "holdfast.dlq.v1 retention.ms": "1209600000"}
	for _, resource := range settings {
		for _, setting := range resource.Configs {
			if text, ok := want[resource.Name+" "+setting.Key]; ok && setting.MaybeValue() != text {
				t.Errorf("%s of %s is %s, want %s", setting.Key, resource.Name, setting.MaybeValue(), text)
			}
		}
	}
}

func TestMissingTopicsFollowTheInputsThatExist(t *testing.T) {
	cfg, kafka := config.Default(), connected(t, kfake.SeedTopics(4, "retail.purchases.v1", "retail.visits.v1"))
	plan, err := Look(t.Context(), kafka, &cfg)
	if err != nil || plan.Partitions != 4 || plan.Problems() != 0 {
		t.Fatalf("%+v, %v", plan, err)
	}
}

func TestUnequalInputsAreRefusedWithTheReason(t *testing.T) {
	cfg := config.Default()
	kafka := connected(t, kfake.SeedTopics(4, "retail.purchases.v1", "retail.visits.v1"), kfake.SeedTopics(3, "retail.complaints.v1"))
	plan, err := Look(t.Context(), kafka, &cfg)
	if err != nil || plan.Problems() != 1 {
		t.Fatalf("%+v, %v", plan, err)
	}
	err = Create(t.Context(), kafka, plan)
	const want = "the input topics have unequal partition counts: retail.complaints.v1 has 3 partitions where the inputs have 4"
	if !errors.Is(err, ErrUnequal) || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if plan, err = Look(t.Context(), kafka, &cfg); err != nil || plan.Missing() != 8 {
		t.Errorf("something was made all the same: %v", err)
	}
}

func TestReplication(t *testing.T) {
	for _, test := range []struct {
		configured, brokers int
		want                int16
	}{{0, 1, 1}, {0, 2, 2}, {0, 5, 3}, {0, 0, 1}, {2, 5, 2}} {
		if got := replicationOf(test.configured, test.brokers); got != test.want {
			t.Errorf("%+v: %d", test, got)
		}
	}
}
