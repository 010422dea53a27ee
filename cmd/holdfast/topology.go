package main

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/schemas/topics"
)

// topicNames names the topics that have a use in this release.
func topicNames(cfg *config.Config) topics.Names {
	defaults := topics.DefaultNames()
	inputs, sinks := cfg.Kafka.Inputs, cfg.Sinks.Kafka
	return topics.Names{
		topics.Purchases: inputs.Purchases, topics.Visits: inputs.Visits, topics.Complaints: inputs.Complaints,
		topics.AlertFeedback: inputs.AlertFeedback, topics.Erasures: inputs.Erasures,
		topics.Checkpoint: defaults[topics.Checkpoint], topics.BatchLog: defaults[topics.BatchLog],
		topics.Outbox: defaults[topics.Outbox], topics.Internal: defaults[topics.Internal],
		topics.Model: defaults[topics.Model], topics.Population: defaults[topics.Population],
		topics.Alerts: sinks.Alerts, topics.Loyalty: sinks.Loyalty, topics.DeadLetters: sinks.DLQ,
	}
}

// topology is what the brokers have beside what is needed.
type topology struct {
	topics.Report
	brokers int
}

// compareTopics compares and changes nothing.
func compareTopics(ctx context.Context, client *kgo.Client, cfg *config.Config) (topology, error) {
	brokers, layout, err := layoutOf(ctx, client, cfg)
	if err != nil {
		return topology{}, err
	}
	report, err := topics.Plan(ctx, kadm.NewClient(client), topicNames(cfg), layout)
	return topology{report, brokers}, err
}

// createTopics creates what is missing.
func createTopics(ctx context.Context, client *kgo.Client, cfg *config.Config) (topology, error) {
	brokers, layout, err := layoutOf(ctx, client, cfg)
	if err != nil {
		return topology{}, err
	}
	report, err := topics.Ensure(ctx, kadm.NewClient(client), topicNames(cfg), layout)
	return topology{report, brokers}, err
}

// layoutOf is the configured one. Three replicas where nothing is said, or as
// many as there are brokers: one broker is for trying out.
func layoutOf(ctx context.Context, client *kgo.Client, cfg *config.Config) (int, topics.Layout, error) {
	response, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, client)
	if err != nil {
		return 0, topics.Layout{}, fmt.Errorf("ask Kafka for its brokers: %w", err)
	}
	brokers := len(response.Brokers)
	replication := cfg.Kafka.Replication
	if replication == 0 {
		replication = max(1, min(3, brokers))
	}
	return brokers, topics.Layout{Partitions: int32(cfg.Kafka.Partitions), Replication: int16(replication)}, nil
}

// inputNames lists the input topics that are on, in the order of the shards'
// inputs.
func inputNames(cfg *config.Config) []string {
	var names []string
	for _, name := range []string{cfg.Kafka.Inputs.Purchases, cfg.Kafka.Inputs.Visits, cfg.Kafka.Inputs.Complaints,
		cfg.Kafka.Inputs.Erasures, cfg.Kafka.Inputs.AlertFeedback} {
		if name != "" {
			names = append(names, name)
		}
	}
	return append(names, internalTopic())
}

// internalTopic is where the pipeline itself is spoken to.
func internalTopic() string { return topics.DefaultNames()[topics.Internal] }

// outboxTopic is where rows wait for ClickHouse.
func outboxTopic() string { return topics.DefaultNames()[topics.Outbox] }
