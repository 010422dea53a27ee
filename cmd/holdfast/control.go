package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/backfill"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/control"
)

const rowsResendHelp = `Let the running instance write a row of every customer again, from its state,
and of the parameters in force: for a ClickHouse that was wiped, or restored from
an old backup. Rows are keyed by customer and newer than those before, so that
sending them to tables that hold them already does no harm. The history of rows
and alerts that only ClickHouse had is not in the state and does not come back.`

func (c *cli) rowsCommand() *cobra.Command {
	rows := &cobra.Command{
		Use: "rows", Short: "Write customer rows to ClickHouse again", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return usage("say what: holdfast rows resend") },
	}
	resend := &cobra.Command{
		Use: "resend", Short: "Write a row of every customer again", Long: rowsResendHelp, Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return c.sendControl(command.Context(), control.Record{Kind: control.RowsResend},
				"every customer's row is on its way; `holdfast wait --caught-up` returns when all are loaded",
				"no instance is running: it is done at the next start")
		},
	}
	c.kafkaFlags(resend)
	rows.AddCommand(resend)
	return rows
}

const clockRepairHelp = `Set shards whose clock is ahead of the host's back to it. That happens where a
clock was once wrong and nothing else could tell: silence was concluded from days
that had not passed. What was concluded of the time after the present is taken
back: levels are left, alerts that were raised are resolved (who got them is told),
rows are written again. Days that left the exact 400 days too early stay in the
life sums; the rows of such customers say approximate. The running instance does
it only while the host's clock agrees with the brokers'.`

func (c *cli) clockCommand() *cobra.Command {
	clock := &cobra.Command{
		Use: "clock", Short: "Set back clocks of shards that ran ahead", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return usage("say what: holdfast clock repair") },
	}
	repair := &cobra.Command{
		Use: "repair", Short: "Set clocks that are ahead of the host's back to it", Long: clockRepairHelp, Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return c.sendControl(command.Context(), control.Record{Kind: control.ClockRepair},
				"clocks that were ahead are set back, and what was concluded since is taken back",
				"no instance is running: it is done at the next start")
		},
	}
	c.kafkaFlags(repair)
	clock.AddCommand(repair)
	return clock
}

// sendControl writes a record to every shard, and waits until a running instance has
// acted on it.
func (c *cli) sendControl(ctx context.Context, record control.Record, done, later string) error {
	loaded, err := c.setup()
	if err != nil {
		return err
	}
	client, err := c.partitionedClient(ctx, loaded)
	if err != nil {
		return err
	}
	defer client.Close()
	topic := internalTopic()
	ends, err := checkpoint.EndOffsets(ctx, client, []string{topic})
	if err != nil {
		return fmt.Errorf("ask for the partitions of %s: %w → create what is missing with `holdfast migrate up`", topic, err)
	}
	shards := slices.Sorted(maps.Keys(ends[topic]))
	written, err := backfill.WriteControl(ctx, client, topic, shards, func(int32) control.Record { return record })
	if err != nil {
		return err
	}
	running, err := backfill.AwaitApplied(ctx, client, loaded.Kafka.Group, topic, written)
	switch {
	case errors.Is(err, backfill.ErrNotApplied):
		return &coded{exitPartial, fmt.Errorf("%w → look at what /readyz says; it acts on it as soon as it can", err)}
	case err != nil:
		return err
	case !running:
		done = later
	}
	if !c.quiet {
		fmt.Fprintln(c.stderr, done)
	}
	return nil
}

// partitionedClient connects a client that places records by their Partition.
func (c *cli) partitionedClient(ctx context.Context, loaded *config.Loaded) (*kgo.Client, error) {
	return c.kafka(ctx, loaded, kgo.RecordPartitioner(kgo.ManualPartitioner()))
}
