package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/config"
)

const runHelp = `Read events, keep state, raise alerts and load ClickHouse, until interrupted. A
second interrupt ends at once, which is as safe as a crash: nothing is lost or
doubled.

run changes no topic and no table; "holdfast migrate up" does. With --embedded
it starts Kafka and ClickHouse of its own, and prepares those. They are for
trying out: a SIGKILL of run --embedded also kills its broker, and what that
had not written is gone, so the guarantee does not hold for it.`

// runFlags are the flags of run.
type runFlags struct {
	embedded        bool
	data            string
	roles           []string
	startupTimeout  time.Duration
	shutdownTimeout time.Duration
}

func (c *cli) runCommand() *cobra.Command {
	var flags runFlags
	command := &cobra.Command{
		Use: "run", Short: "Read events, raise alerts, load ClickHouse", Long: runHelp, Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return c.run(command.Context(), flags) },
	}
	command.Flags().BoolVar(&flags.embedded, "embedded", false, "start Kafka and ClickHouse inside, for trying out")
	command.Flags().StringVar(&flags.data, "data", "",
		"with --embedded: folder that keeps their data (default: none, data goes with the process)")
	command.Flags().StringSliceVar(&flags.roles, "roles", []string{"process", "load"},
		"what this instance does: process, load")
	command.Flags().DurationVar(&flags.startupTimeout, "startup-timeout", time.Minute,
		"how long to wait for Kafka and its topics")
	command.Flags().DurationVar(&flags.shutdownTimeout, "shutdown-timeout", 30*time.Second, "how long a stop may take")
	c.kafkaFlags(command)
	c.clickhouseFlags(command)
	c.key(command, "instance-id", "kafka.instance_id", "name of this instance (HOLDFAST_KAFKA_INSTANCE_ID)")
	c.key(command, "ops-listen", "ops.listen", "address of probes and metrics (HOLDFAST_OPS_LISTEN)")
	return command
}

func (c *cli) run(ctx context.Context, flags runFlags) (err error) {
	roles, err := rolesOf(flags.roles)
	if err != nil {
		return err
	}
	if flags.data != "" && !flags.embedded {
		return usage("--data is for --embedded")
	}
	c.limitMemory()
	if flags.embedded {
		engines, err := c.startEngines(ctx, engineOptions{data: flags.data})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, engines.close()) }()
	}
	loaded, err := c.setup()
	if err != nil {
		return err
	}
	err = c.awaitTopics(ctx, loaded, flags.startupTimeout)
	if ctx.Err() != nil {
		return nil // interrupted before there was anything to stop
	}
	if err != nil {
		return err
	}
	instance, err := c.newInstance(loaded, roles)
	if err != nil {
		return err
	}
	c.banner(loaded)
	return instance.run(ctx, flags.shutdownTimeout)
}

// roles are the parts of the work that an instance does.
type roles struct{ process, load bool }

func rolesOf(names []string) (roles, error) {
	var r roles
	for _, name := range names {
		switch name {
		case "process":
			r.process = true
		case "load":
			r.load = true
		default:
			return r, usage("--roles: %q is not one of process, load", name)
		}
	}
	return r, nil
}

// awaitTopics waits until Kafka answers and has all topics: what is started
// together does not come up in order.
func (c *cli) awaitTopics(ctx context.Context, loaded *config.Loaded, timeout time.Duration) error {
	if timeout <= 0 {
		return c.topicsFit(ctx, loaded)
	}
	warned := false
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, c.topicsFit(ctx, loaded) },
		backoff.WithBackOff(backoff.NewConstantBackOff(time.Second)), backoff.WithMaxElapsedTime(timeout),
		backoff.WithNotify(func(err error, _ time.Duration) {
			if !warned {
				c.logger().Warn("waiting to start", "for", timeout.String(), "reason", err.Error())
			}
			warned = true
		}))
	return err
}

// topicsFit says why the pipeline could not work on these topics.
func (c *cli) topicsFit(ctx context.Context, loaded *config.Loaded) error {
	client, err := c.kafka(ctx, loaded)
	if err != nil {
		return err
	}
	defer client.Close()
	found, err := compareTopics(ctx, client, &loaded.Config)
	if err != nil {
		return err
	}
	for _, problem := range found.Blocking() {
		return errors.New(problem.String())
	}
	if len(found.Missing) > 0 {
		return fmt.Errorf("%d topics do not exist, %s among them → create them with `holdfast migrate up`",
			len(found.Missing), found.Missing[0].Name)
	}
	return nil
}

// banner says in one place what this instance works on.
func (c *cli) banner(loaded *config.Loaded) {
	store := "off"
	if loaded.Sinks.ClickHouse.On() {
		store = orElse(config.RedactDSN(loaded.Sinks.ClickHouse.DSN), "by "+loaded.Sinks.ClickHouse.DSNFile)
	}
	_, model := modelExpected(&loaded.Config)
	c.logger().Info("holdfast starts", "version", thisBuild().Version, "brokers", loaded.Kafka.Brokers,
		"group", loaded.Kafka.Group, "instance", loaded.Kafka.InstanceID, "inputs", inputNames(&loaded.Config),
		"clickhouse", store, "ops", loaded.Ops.Listen, "clock", loaded.Time.Clock, "data_sufficiency", model, "config_hash",
		fmt.Sprintf("%016x", loaded.Hash()))
}
