package main

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/schemas/topics"
)

// namesFor are the topics of one system: inputs shared by all whose inputs
// prefix is the same, the others its own.
func namesFor(inputPrefix, ownPrefix string) topics.Names {
	names := topics.Names{}
	for key, name := range topics.DefaultNames() {
		switch key {
		case topics.Purchases, topics.Visits, topics.Complaints:
			names[key] = inputPrefix + name
		case topics.Checkpoint, topics.BatchLog, topics.Outbox, topics.Alerts, topics.Loyalty, topics.DeadLetters:
			names[key] = ownPrefix + name
		default: // nothing is measured there
		}
	}
	return names
}

// makeTopics makes the topics of a system. The inputs are kept for good: their
// records are as old as their events.
func makeTopics(ctx context.Context, cl *kgo.Client, names topics.Names) error {
	admin := kadm.NewClient(cl)
	for _, in := range inputs {
		_, err := admin.CreateTopic(ctx, partitions, 1, map[string]*string{
			"retention.ms": kadm.StringPtr("-1"), "max.message.bytes": kadm.StringPtr("2000000")}, names[in.key])
		if err != nil {
			return fmt.Errorf("make topic %s: %w", names[in.key], err)
		}
	}
	return makeOwnTopics(ctx, cl, names)
}

func makeOwnTopics(ctx context.Context, cl *kgo.Client, names topics.Names) error {
	report, err := topics.Ensure(ctx, kadm.NewClient(cl), names, topics.Layout{Partitions: partitions, Replication: 1})
	if err != nil {
		return err
	}
	if blocking := report.Blocking(); len(blocking) > 0 {
		return fmt.Errorf("make topics: %v", blocking)
	}
	return nil
}

// forget lets a broker in memory drop what nobody reads again.
func forget(ctx context.Context, cl *kgo.Client, names ...string) error {
	admin := kadm.NewClient(cl)
	ends, err := admin.ListEndOffsets(ctx, names...)
	if err != nil {
		return fmt.Errorf("drop old records: %w", err)
	}
	if _, err := admin.DeleteRecords(ctx, ends.Offsets()); err != nil {
		return fmt.Errorf("drop old records: %w", err)
	}
	return nil
}

// inputsOf and outputsOf are what is dropped once it is read.
func inputsOf(names topics.Names) []string {
	return []string{names[topics.Purchases], names[topics.Visits], names[topics.Complaints]}
}

func outputsOf(names topics.Names) []string {
	return []string{names[topics.Outbox], names[topics.Alerts], names[topics.Loyalty]}
}
