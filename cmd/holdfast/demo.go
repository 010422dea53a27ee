package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/schemas/topics"
	"github.com/holdfast/holdfast/sinks/clickhouse"
)

const demoHelp = `Show the whole path at work on one computer, without anything to install: an
embedded Kafka and ClickHouse, and a year of a simulated shop. The models are
fitted to its customers; who is at risk when the history is applied is told, the
most valuable first. Then the last day or so, from when the shop opened in the
morning, is played within a minute, and at the present it goes on as time does.

No score, threshold, guard or holdout is set for the demo: alerts come by the
rules that ship. What it sets it prints. Nothing is kept.`

// demoFlags are the flags of demo.
type demoFlags struct {
	customers  int
	days       int
	shopDay    time.Duration
	seed       uint64
	clickhouse string
	duration   time.Duration
}

func (c *cli) demoCommand() *cobra.Command {
	var flags demoFlags
	command := &cobra.Command{
		Use: "demo", Short: "See it work, with a simulated shop and nothing to install", Long: demoHelp, Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if !command.Flags().Changed("log-level") && c.environ["HOLDFAST_LOG_LEVEL"] == "" {
				c.logLevel = "error" // the demo tells its own story
			}
			return c.demo(command.Context(), flags)
		},
	}
	command.Flags().IntVar(&flags.customers, "customers", 2000, "customers of the shop within its history")
	command.Flags().IntVar(&flags.days, "days", 365, "days of history")
	command.Flags().DurationVar(&flags.shopDay, "speed", 30*time.Second, "how long a day of the shop takes")
	command.Flags().Uint64Var(&flags.seed, "seed", 1, "another seed makes another shop")
	command.Flags().StringVar(&flags.clickhouse, "clickhouse", "embedded", "embedded, off, or the address of a server")
	command.Flags().DurationVar(&flags.duration, "for", 0, "end after so long (default: when interrupted)")
	return command
}

func (c *cli) demo(ctx context.Context, flags demoFlags) (err error) {
	if flags.customers < 1 || flags.customers > 1_000_000 || flags.days < 1 || flags.days > 3650 ||
		flags.shopDay < 10*time.Millisecond {
		return usage("--customers must be 1 to 1000000, --days 1 to 3650, --speed 10ms or more")
	}
	if config.HasPassword(flags.clickhouse) {
		return usage("--clickhouse: do not pass a password in a flag")
	}
	if flags.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, flags.duration)
		defer cancel()
	}
	d := &demonstration{cli: c, flags: flags, board: newBoard()}
	ctx, d.ended = context.WithCancel(ctx)
	defer d.ended()
	if err := d.start(ctx); err != nil {
		return errors.Join(ignoreInterrupt(ctx, err), d.stop())
	}
	err = d.play(ctx)
	held := d.heldBack(context.WithoutCancel(ctx)) // while the tables are there
	err = errors.Join(ignoreInterrupt(ctx, err), d.stop())
	if err == nil {
		d.summary(held)
	}
	return err
}

// ignoreInterrupt drops the errors of work that an interrupt, --for, or an instance
// that has ended brought to an end: the latter's own error comes of stopping it.
func ignoreInterrupt(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// demonstration is one run of the demo.
type demonstration struct {
	*cli
	flags    demoFlags
	engines  *engineSet
	loaded   *config.Loaded
	client   *kgo.Client
	sender   *sender
	instance *instance
	shop     *workload.Shop
	waiting  *workload.Item // read from the shop, not sent yet
	end      time.Time      // of what is sent at once; from there on it is played
	board    *board
	parts    []*part // the instance, then the board's reader
	ended    func()  // ends the demo
}

// start brings up engines, topics and the instance: step 1.
func (d *demonstration) start(ctx context.Context) error {
	fmt.Fprintf(d.stdout, "holdfast %s\n", thisBuild().Version)
	options := engineOptions{}
	if d.flags.clickhouse != "embedded" {
		options.clickhouseListen = "off"
	}
	var err error
	if d.engines, err = d.startEngines(ctx, options); err != nil {
		return err
	}
	d.configure()
	if d.loaded, err = d.load(); err != nil {
		return err
	}
	began := d.now()
	done, err := d.migrate(ctx, d.loaded, clickhouse.MigrateUp, migrateFlags{})
	if err != nil {
		return err
	}
	fmt.Fprintf(d.stdout, "embedded: Kafka on %s (in this process), ClickHouse %s\n", strings.Join(d.engines.kafka.Addrs(),
		","), d.store())
	d.step(1, "topics", strconv.Itoa(len(done.Topics))+" created", began)
	fmt.Fprintf(d.stdout, "      set for the demo: %s; nothing about scores, thresholds, guards or the holdout\n",
		demoSettingsText())
	if err := d.launch(ctx); err != nil {
		return err
	}
	d.sender = &sender{client: d.client, topics: inputTopics(&d.loaded.Config)}
	return nil
}

// launch starts the instance, and the board that reads what it says.
func (d *demonstration) launch(ctx context.Context) (err error) {
	if d.instance, err = d.newInstance(d.loaded, roles{process: true, load: true}); err != nil {
		return err
	}
	detached, ended := context.WithoutCancel(ctx), make(chan struct{}, 2)
	d.parts = append(d.parts, start(detached, "holdfast", ended, func(ctx context.Context) error {
		defer d.ended()
		return d.instance.run(ctx, 20*time.Second)
	}))
	names := topicNames(&d.loaded.Config)
	if d.client, err = d.kafka(ctx, d.loaded, kgo.ProducerLinger(2*time.Millisecond),
		kgo.ConsumeTopics(names[topics.Alerts], names[topics.Loyalty], names[topics.Model]),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxWait(200*time.Millisecond)); err != nil {
		return err
	}
	d.parts = append(d.parts, start(detached, "board", ended, func(ctx context.Context) error {
		d.board.follow(ctx, d.client, names[topics.Model])
		return nil
	}))
	return nil
}

// stop ends the instance (a clean stop), the board and the engines.
func (d *demonstration) stop() error {
	var failures []error
	for _, part := range d.parts {
		part.stop()
		<-part.done
		failures = append(failures, part.err)
	}
	if d.client != nil {
		d.client.Close()
	}
	if d.engines != nil {
		failures = append(failures, d.engines.close())
	}
	return errors.Join(failures...)
}
