package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/sinks/clickhouse"
)

func (c *cli) waitCommand() *cobra.Command {
	var caughtUp bool
	var timeout time.Duration
	command := &cobra.Command{
		Use: "wait", Short: "Wait until everything that is in the input topics now is applied, committed and loaded",
		Long: `Wait until everything that was in the input topics when the command was called is
applied and committed, its rows stand in the outbox and, where ClickHouse is
configured, are loaded. It goes by positions, not by silence.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if !caughtUp {
				return usage("say what to wait for: --caught-up")
			}
			ctx, cancel := context.WithTimeout(command.Context(), timeout)
			defer cancel()
			return c.wait(ctx, timeout)
		},
	}
	command.Flags().BoolVar(&caughtUp, "caught-up", false, "until all input of this moment is done with")
	command.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long to wait at most")
	c.kafkaFlags(command)
	c.clickhouseFlags(command)
	return command
}

func (c *cli) wait(ctx context.Context, timeout time.Duration) error {
	loaded, client, err := c.setupKafka(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	begun := c.now()
	awaited := pipeline.Awaited{Group: loaded.Kafka.Group, Topics: inputNames(&loaded.Config)}
	if loaded.Sinks.ClickHouse.On() {
		awaited.Outbox, awaited.LoaderGroup = outboxTopic(), clickhouse.LoadGroup(loaded.Kafka.Group)
	}
	err = pipeline.WaitCaughtUp(ctx, client, awaited)
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition) && loaded.Origin("kafka.brokers") == config.FromDefault:
		return fmt.Errorf("%w → the brokers at %s have none of these topics: if you mean the embedded engines, wait until "+
			"they are up "+
			"(`holdfast run --embedded` says READY); otherwise create what is missing with `holdfast migrate up`", err,
			loaded.Kafka.Brokers)
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return fmt.Errorf("%w → create what is missing with `holdfast migrate up`", err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("not caught up within %s: %w → is `holdfast run` up?", timeout, err)
	case err != nil:
		return err
	}
	if !c.quiet {
		fmt.Fprintf(c.stderr, "caught up after %s\n", c.now().Sub(begun).Round(time.Millisecond))
	}
	return nil
}
