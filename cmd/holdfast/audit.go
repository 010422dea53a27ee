package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/schemas/topics"
	"github.com/holdfast/holdfast/sinks/clickhouse"
)

const auditHelp = `Count the row numbers in ClickHouse. Every shard numbers its rows 1, 2, 3, …; the
batch log says how far it has come, so each number up to there must be in the
tables, once. Rows that are still on their way are waited for.

Exit codes: 0 no hole and no double, 1 otherwise.`

func (c *cli) auditCommand() *cobra.Command {
	var timeout time.Duration
	command := &cobra.Command{
		Use: "audit", Short: "Check that every row is in ClickHouse, once", Long: auditHelp, Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return c.audit(command.Context(), timeout) },
	}
	command.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long to wait for rows on their way")
	c.kafkaFlags(command)
	c.clickhouseFlags(command)
	return command
}

func (c *cli) audit(ctx context.Context, timeout time.Duration) error {
	loaded, err := c.setup()
	if err != nil {
		return err
	}
	client, err := c.kafka(ctx, loaded)
	if err != nil {
		return err
	}
	defer client.Close()
	conn, err := c.clickhouse(ctx, loaded)
	if err != nil {
		return err
	}
	if conn == nil {
		return errNoClickHouse
	}
	defer conn.Close()
	expected, err := lastRows(ctx, client, topicNames(&loaded.Config)[topics.BatchLog])
	if err != nil {
		return err
	}
	if err := awaitLoaded(ctx, client, loaded, timeout); err != nil {
		return err
	}
	report, err := clickhouse.Audit(ctx, conn, expected)
	if err != nil {
		return err
	}
	if err := c.printAudit(report); err != nil {
		return err
	}
	if !report.OK() {
		return findings{exitFailed}
	}
	return nil
}

// lastRows reads off the batch log the number of each shard's last row, with
// the epoch above it as in the column seq.
func lastRows(ctx context.Context, client *kgo.Client, batchLog string) (map[uint16]uint64, error) {
	ends, err := checkpoint.EndOffsets(ctx, client, []string{batchLog})
	if err != nil {
		return nil, fmt.Errorf("ask for the end of the batch log: %w", err)
	}
	expected := map[uint16]uint64{}
	for partition, log := range ends[batchLog] {
		entry, found, err := lastEntry(ctx, client, batchLog, partition, log)
		if err != nil {
			return nil, fmt.Errorf("read the batch log of shard %d: %w", partition, err)
		}
		expected[uint16(partition)] = 0
		if found && entry.NextSeq > 1 {
			expected[uint16(partition)] = signal.Seq(entry.Epoch, entry.NextSeq-1)
		}
	}
	return expected, nil
}

// lastEntry looks for the last committed entry, in ever larger pieces from the
// end: transaction markers and aborted entries may fill the tail.
func lastEntry(ctx context.Context, client *kgo.Client, topic string, partition int32, log checkpoint.Range) (entry checkpoint.Entry, found bool, err error) {
	for piece := int64(100); ; piece *= 10 {
		from := max(log.Start, log.End-piece)
		_, err = checkpoint.ReadRange(ctx, client, checkpoint.ReadRangeOptions{Topic: topic, Partition: partition, From: from, To: log.End},
			func(record *kgo.Record) error {
				decoded, err := checkpoint.DecodeEntry(record.Value)
				entry, found = decoded, err == nil
				return err
			})
		if err != nil || found || from == log.Start {
			return entry, found, err
		}
	}
}

// awaitLoaded waits until what is in the outbox now is loaded.
func awaitLoaded(ctx context.Context, client *kgo.Client, loaded *config.Loaded, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	target, err := clickhouse.Lag(ctx, client, loaded.Kafka.Group, outboxTopic())
	for now := target; err == nil && !clickhouse.Loaded(now, target); {
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(100 * time.Millisecond):
			now, err = clickhouse.Lag(ctx, client, loaded.Kafka.Group, outboxTopic())
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("rows are still on their way after %s: is a loader running?", timeout)
	}
	return err
}

func (c *cli) printAudit(report clickhouse.Report) error {
	if c.output == "json" {
		encoder := json.NewEncoder(c.stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	text := &strings.Builder{}
	fmt.Fprintf(text, "%5s  %12s  %12s  %8s  %8s  %8s\n", "shard", "expected", "rows", "holes", "doubles", "beyond")
	for _, shard := range report.Shards {
		fmt.Fprintf(text, "%5d  %12d  %12d  %8d  %8d  %8d\n", shard.Shard, shard.Expected, shard.Rows, shard.Missing, shard.Repeated, shard.Beyond)
	}
	fmt.Fprintf(text, "%d holes, %d doubles, %d customers whose row is older than their history\n", report.Missing(), report.Repeated(), report.StaleCustomers)
	_, err := fmt.Fprint(c.stdout, text)
	return err
}
