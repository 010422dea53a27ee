package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/schemas/topics"
	"github.com/holdfast/holdfast/sinks/clickhouse"
	"github.com/holdfast/holdfast/sinks/outbox"
)

const auditHelp = `Count the row numbers in ClickHouse. Every shard numbers its rows 1, 2, 3, …; the
batch log says how far it has come, so each number up to there must be in the
tables, once. Rows that are still on their way are waited for.

A state that is begun anew numbers its rows from 1 in a new life; what the tables
hold of older lives is shown apart. Holes below a shard's first row are those of
tables that were emptied: --emptied says that this was meant, and counts from
there on.

Exit codes: 0 no hole and no double, 1 otherwise, also where the batch log has
nothing to compare the tables with.`

func (c *cli) auditCommand() *cobra.Command {
	var timeout time.Duration
	var emptied bool
	var metricsFile string
	command := &cobra.Command{
		Use: "audit", Short: "Check that every row is in ClickHouse, once", Long: auditHelp, Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return c.audit(command.Context(), timeout, emptied, metricsFile)
		},
	}
	command.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long to wait for rows on their way")
	command.Flags().BoolVar(&emptied, "emptied", false,
		"the tables were emptied: holes below a shard's first row are none")
	command.Flags().StringVar(&metricsFile, "metrics-file", "",
		"write holes and doubles by shard to this file, as Prometheus' text, for a textfile collector")
	c.kafkaFlags(command)
	c.clickhouseFlags(command)
	return command
}

func (c *cli) audit(ctx context.Context, timeout time.Duration, emptied bool, metricsFile string) error {
	loaded, client, err := c.setupKafka(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	conn, err := c.tables(ctx, loaded)
	if err != nil {
		return err
	}
	defer conn.Close()
	logs, err := readBatchLogs(ctx, client, topicNames(&loaded.Config)[topics.BatchLog])
	if err != nil {
		return err
	}
	if err := awaitLoaded(ctx, client, loaded, timeout); err != nil {
		return err
	}
	report, err := clickhouse.Audit(ctx, conn, logs.expected)
	if err != nil {
		return err
	}
	report.Emptied = emptied
	if metricsFile != "" {
		if err := writeAuditMetrics(metricsFile, report); err != nil {
			return err
		}
	}
	outcome := audited{Report: report, EmptyLogs: logs.emptied, Findings: auditFindings(report, logs)}
	if err := c.printAudit(outcome); err != nil {
		return err
	}
	if len(outcome.Findings) > 0 || !report.OK() {
		return findings{exitFailed}
	}
	return nil
}

// writeAuditMetrics writes the gauges of an audit to a file, in one step: a
// collector never sees half of it.
func writeAuditMetrics(path string, report clickhouse.Report) error {
	registry := prometheus.NewRegistry()
	gauges, err := clickhouse.NewAuditMetrics(registry)
	if err != nil {
		return err
	}
	gauges.Set(report)
	if err := prometheus.WriteToTextfile(path, registry); err != nil {
		return fmt.Errorf("write the audit's metrics: %w", err)
	}
	return nil
}

// batchLogs is what the batch log says of each shard.
type batchLogs struct {
	expected map[uint16]uint64 // the seq of its last row
	emptied  []uint16          // shards whose log has had entries, and has none
	unused   []uint16          // shards whose log has never had one
}

// readBatchLogs reads off the batch log the number of each shard's last row, with
// the epoch above it as in the column seq.
func readBatchLogs(ctx context.Context, client *kgo.Client, batchLog string) (batchLogs, error) {
	logs := batchLogs{expected: map[uint16]uint64{}}
	ends, err := checkpoint.EndOffsets(ctx, client, []string{batchLog})
	if err != nil {
		return logs, fmt.Errorf("ask for the end of the batch log: %w", err)
	}
	for _, partition := range slices.Sorted(maps.Keys(ends[batchLog])) {
		log, shard := ends[batchLog][partition], uint16(partition)
		entry, found, err := lastEntry(ctx, client, batchLog, partition, log)
		switch {
		case err != nil:
			return logs, fmt.Errorf("read the batch log of shard %d: %w", partition, err)
		case found:
			logs.expected[shard] = signal.Seq(entry.Epoch, max(entry.NextSeq, 1)-1)
		case log.Start > 0:
			logs.emptied = append(logs.emptied, shard)
		default:
			logs.unused = append(logs.unused, shard)
		}
	}
	return logs, nil
}

// lastEntry looks for the last committed entry, in ever larger pieces from the
// end: transaction markers and aborted entries may fill the tail.
func lastEntry(ctx context.Context, client *kgo.Client, topic string, partition int32,
	log checkpoint.Range) (entry checkpoint.Entry, found bool, err error) {
	for piece := int64(100); ; piece *= 10 {
		from := max(log.Start, log.End-piece)
		_, err = checkpoint.ReadRange(ctx, client, checkpoint.ReadRangeOptions{Topic: topic, Partition: partition, From: from,
			To: log.End},
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
	group := clickhouse.LoadGroup(loaded.Kafka.Group)
	target, err := outbox.Lag(ctx, client, group, outboxTopic())
	if err == nil {
		_, err = backoff.Retry(ctx, func() (struct{}, error) {
			now, err := outbox.Lag(ctx, client, group, outboxTopic())
			switch {
			case err != nil:
				return struct{}{}, backoff.Permanent(err)
			case !outbox.Loaded(now, target):
				return struct{}{}, errors.New("rows are on their way")
			}
			return struct{}{}, nil
		}, backoff.WithBackOff(backoff.NewConstantBackOff(100*time.Millisecond)), backoff.WithMaxElapsedTime(0))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("rows are still on their way after %s: is a loader running?", timeout)
	}
	return err
}
