package topics_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/schemas/topics"
)

func newAdmin(t *testing.T) (context.Context, *kfake.Cluster, *kadm.Client) {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx, cluster, kadm.NewClient(client)
}

var layout = topics.Layout{Partitions: 6, Replication: 1}

func TestEnsureCreatesEverythingOnce(t *testing.T) {
	ctx, cluster, admin := newAdmin(t)
	plan, err := topics.Plan(ctx, admin, topics.DefaultNames(), layout)
	if err != nil || len(plan.Missing) != 14 || len(plan.Existing) != 0 {
		t.Fatalf("plan %+v, %v", plan, err)
	}
	first, err := topics.Ensure(ctx, admin, topics.DefaultNames(), layout)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Created) != 14 || len(first.Missing) != 0 || len(first.Problems) != 0 {
		t.Errorf("first run: %+v", first)
	}
	second, err := topics.Ensure(ctx, admin, topics.DefaultNames(), layout)
	if err != nil {
		t.Fatal(err)
	}
	if len(second.Created) != 0 || len(second.Problems) != 0 || cmp.Diff(first.Created, second.Existing) != "" {
		t.Errorf("second run: %+v", second)
	}
	for name, want := range map[string]int{"retail.visits.v1": 6, "holdfast.checkpoint.v1": 6, "holdfast.outbox.v1": 1,
		"holdfast.alerts.v1": 3} {
		if got := len(cluster.PartitionInfos(name)); got != want {
			t.Errorf("%s has %d partitions, want %d", name, got, want)
		}
	}
}

func TestEnsureFollowsTheInputsThatExist(t *testing.T) {
	ctx, cluster, admin := newAdmin(t)
	if err := cluster.CreateTopic("retail.complaints.v1", 4, nil); err != nil {
		t.Fatal(err)
	}
	report, err := topics.Ensure(ctx, admin, topics.DefaultNames(), layout)
	if err != nil {
		t.Fatal(err)
	}
	if report.Partitions != 4 || len(cluster.PartitionInfos("holdfast.batch-log.v1")) != 4 ||
		slices.Contains(report.Created, "retail.complaints.v1") {
		t.Errorf("report %+v", report)
	}
}

func TestEnsureCreatesNothingOverUnequalInputs(t *testing.T) {
	ctx, cluster, admin := newAdmin(t)
	if err := errors.Join(cluster.CreateTopic("retail.visits.v1", 4, nil), cluster.CreateTopic("retail.purchases.v1", 5,
		nil)); err != nil {
		t.Fatal(err)
	}
	report, err := topics.Ensure(ctx, admin, topics.DefaultNames(), layout)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Created) != 0 || len(report.Blocking()) != 1 ||
		report.Blocking()[0].Have != "retail.purchases.v1=5, retail.visits.v1=4" {
		t.Errorf("report %+v", report)
	}
}

func TestEnsureChangesNothingThatExists(t *testing.T) {
	ctx, cluster, admin := newAdmin(t)
	if err := cluster.CreateTopic("holdfast.checkpoint.v1", 6, map[string]string{"cleanup.policy": "delete"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		report, err := topics.Ensure(ctx, admin, topics.DefaultNames(), layout)
		if err != nil {
			t.Fatal(err)
		}
		var subjects []string
		for _, problem := range report.Blocking() {
			subjects = append(subjects, problem.Topic+" "+problem.Subject)
		}
		if diff := cmp.Diff([]string{"holdfast.checkpoint.v1 cleanup.policy", "holdfast.checkpoint.v1 max.message.bytes"},
			subjects); diff != "" {
			t.Errorf("blocking problems (-want +got):\n%s", diff)
		}
	}
}

func TestEnsureNamesTheTopicThatWasRefused(t *testing.T) {
	ctx, cluster, admin := newAdmin(t)
	cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Topic: "holdfast.outbox.v1",
		Err: kerr.PolicyViolation, Count: -1})
	report, err := topics.Ensure(ctx, admin, topics.DefaultNames(), layout)
	if !errors.Is(err, kerr.PolicyViolation) || !strings.Contains(err.Error(), "holdfast.outbox.v1") {
		t.Errorf("got %v, want the refusal by name", err)
	}
	if len(report.Created) != 13 || len(report.Missing) != 1 || report.Missing[0].Key != topics.Outbox {
		t.Errorf("created %v, missing %v", report.Created, report.Missing)
	}
}

func TestEnsureAcceptsATopicThatAppearsMeanwhile(t *testing.T) {
	ctx, cluster, admin := newAdmin(t)
	cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Topic: "holdfast.model.v1",
		Err: kerr.TopicAlreadyExists, Count: 1})
	names := topics.Names{topics.Model: "holdfast.model.v1", topics.Purchases: "retail.purchases.v1"}
	short, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	// The topic that "appeared" is not there in truth, so the wait for its
	// leader must name it.
	_, err := topics.Ensure(short, admin, names, layout)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "holdfast.model.v1") {
		t.Errorf("got %v", err)
	}
}

func TestPlanSaysThatSettingsMayNotBeRead(t *testing.T) {
	ctx, cluster, admin := newAdmin(t)
	if _, err := topics.Ensure(ctx, admin, topics.DefaultNames(), layout); err != nil {
		t.Fatal(err)
	}
	cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeConfigs}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	report, err := topics.Plan(ctx, admin, topics.DefaultNames(), layout)
	if err != nil || len(report.Problems) != 14 || report.Problems[0].Subject != "access" || len(report.Blocking()) != 0 {
		t.Errorf("%d problems, %v: %v", len(report.Problems), err, report.Problems)
	}
}

func TestEnsureOfNothing(t *testing.T) {
	ctx, _, admin := newAdmin(t)
	report, err := topics.Ensure(ctx, admin, nil, layout)
	if err != nil || len(report.Created) != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}
