package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/sinks/clickhouse"
)

const demoHelp = `Show the whole path at work on one computer, without anything to install: an
embedded Kafka and ClickHouse, half a year of a simulated shop that ended about
120 days ago, and then the days since, at a shop day every second or two, so
that silences mature while you watch. At the present it goes on as time does.

The demo sets model parameters that fit its shop, and lifts the guard that keeps
alerts about the past from being delivered; it prints both. Nothing is kept.`

// demoFlags are the flags of demo.
type demoFlags struct {
	customers  int
	days       int
	shopDay    time.Duration
	seed       uint64
	clickhouse string
	duration   time.Duration
}

// sinceHistory is how long ago the history ends: long enough to watch silences
// mature, short enough to reach the present within minutes.
const sinceHistory = 120 * 24 * time.Hour

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
	command.Flags().IntVar(&flags.days, "days", 180, "days of history")
	command.Flags().DurationVar(&flags.shopDay, "speed", 1500*time.Millisecond, "how long a day of the shop takes")
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
	d := &demonstration{cli: c, flags: flags, board: &board{open: map[string]boardAlert{}}}
	if err := d.start(ctx); err != nil {
		return errors.Join(ignoreInterrupt(ctx, err), d.stop())
	}
	err = d.play(ctx)
	err = errors.Join(ignoreInterrupt(ctx, err), d.stop())
	if err == nil {
		d.summary()
	}
	return err
}

// ignoreInterrupt drops the errors of work that an interrupt or --for has ended.
func ignoreInterrupt(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// demonstration is one run of the demo.
type demonstration struct {
	*cli
	flags   demoFlags
	engines *engineSet
	loaded  *config.Loaded
	client  *kgo.Client
	sender  *sender
	shop    *workload.Shop
	waiting *workload.Item // read from the shop, not sent yet
	end     time.Time      // of the history
	history int64          // events in it
	board   *board
	parts   []*part // the instance, then the board's reader
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
	p := d.loaded.Score.Params
	fmt.Fprintf(d.stdout, "      set for the demo: score.params r=%v alpha=%v a=%v b=%v, which fit its shop; "+
		"alerts.max_event_age %s, so that alerts about the past count\n",
		p.R, p.Alpha, p.A, p.B, d.loaded.Alerts.MaxEventAge)
	instance, err := d.newInstance(d.loaded, roles{process: true, load: true})
	if err != nil {
		return err
	}
	detached, ended := context.WithoutCancel(ctx), make(chan struct{}, 2)
	d.parts = append(d.parts, start(detached, "holdfast", ended, func(ctx context.Context) error {
		return instance.run(ctx, 20*time.Second)
	}))
	if d.client, err = d.kafka(ctx, d.loaded, kgo.ProducerLinger(2*time.Millisecond),
		kgo.ConsumeTopics(d.loaded.Sinks.Kafka.Alerts),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxWait(200*time.Millisecond)); err != nil {
		return err
	}
	d.parts = append(d.parts, start(detached, "board", ended, func(ctx context.Context) error {
		d.board.follow(ctx, d.client)
		return nil
	}))
	d.sender = &sender{client: d.client, topics: inputTopics(&d.loaded.Config)}
	return nil
}

// configure sets what the demo needs; flags stand above file and environment.
func (d *demonstration) configure() {
	p := workload.ShopParameters
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	for path, text := range map[string]string{
		"time.clock": "events", "time.business_zone": "UTC", "money.currency": "EUR",
		"score.params.r": number(p.R), "score.params.alpha": number(p.Alpha), "score.params.a": number(p.A),
		"score.params.b": number(p.B),
		"score.spend.p":  number(p.P), "score.spend.q": number(p.Q), "score.spend.nu": number(p.Nu),
		"alerts.max_event_age": "3660d", "alerts.holdout_percent": "10", "outbox.flush_every": "1s",
	} {
		d.keys[path] = text
	}
	if d.flags.clickhouse != "embedded" && d.flags.clickhouse != "off" {
		d.keys["sinks.clickhouse.dsn"] = d.flags.clickhouse
	}
	if d.keys["ops.listen"] == "" && !portFree("127.0.0.1:9464") {
		d.keys["ops.listen"] = "127.0.0.1:0"
		if listener, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
			d.keys["ops.listen"] = listener.Addr().String()
			_ = listener.Close() // only its number was wanted
		}
		fmt.Fprintf(d.stderr, "127.0.0.1:9464 is in use, probes and metrics are on %s\n", d.keys["ops.listen"])
	}
}

// store words where rows go.
func (d *demonstration) store() string {
	switch {
	case d.engines.clickhouse != nil:
		return "on " + d.engines.clickhouse.Addr() + " (libchdb)"
	case d.loaded.Sinks.ClickHouse.On():
		return "at " + config.RedactDSN(d.loaded.Sinks.ClickHouse.DSN)
	}
	return "off (signals on topics only)"
}

func (d *demonstration) step(number int, name, text string, began time.Time) {
	fmt.Fprintf(d.stdout, "[%d/4] %-13s %-52s %6.1fs\n", number, name, text, d.now().Sub(began).Seconds())
}

// play sends the history, shows what it means, and goes on: steps 2 to 4.
func (d *demonstration) play(ctx context.Context) error {
	if err := d.sendHistory(ctx); err != nil {
		return err
	}
	began := d.now()
	awaited := pipeline.Awaited{Group: d.loaded.Kafka.Group, Topics: inputNames(&d.loaded.Config)}
	if d.loaded.Sinks.ClickHouse.On() {
		awaited.Outbox, awaited.LoaderGroup = outboxTopic(), clickhouse.LoadGroup(d.loaded.Kafka.Group)
	}
	if err := pipeline.WaitCaughtUp(ctx, d.client, awaited); err != nil {
		return err
	}
	d.board.settle(ctx)
	open, critical, _, _ := d.board.counts()
	d.step(3, "scoring", fmt.Sprintf("%d customers · %d open alerts · %d critical", d.flags.customers, open,
		critical), began)
	fmt.Fprintf(d.stdout, "[4/4] %-13s %-52s running\n", "live traffic", fmt.Sprintf("%.0f days at a shop day every %s",
		sinceHistory.Hours()/24, d.flags.shopDay))
	d.board.printTop(d.stdout, 3)
	d.next()
	return d.live(ctx)
}

// next says what to try.
func (d *demonstration) next() {
	fmt.Fprintln(d.stdout)
	if d.loaded.Sinks.ClickHouse.On() {
		customer := "CUSTOMER"
		if top := d.board.top(1); len(top) > 0 {
			customer = top[0].CustomerID
		}
		flag := ""
		if d.keys["sinks.clickhouse.dsn"] != config.EmbeddedClickHouse {
			flag = " --clickhouse " + config.RedactDSN(d.keys["sinks.clickhouse.dsn"])
		}
		fmt.Fprintf(d.stdout, "Next: holdfast explain %s%s\n", customer, flag)
		if d.engines.clickhouse != nil {
			fmt.Fprintf(d.stdout, "      curl %s -d 'SELECT * FROM v_customers_at_risk LIMIT 5 FORMAT Vertical'\n",
				d.engines.clickhouse.Addr())
		}
	}
	fmt.Fprintf(d.stdout, "      curl %s/readyz\n", d.loaded.Ops.Listen)
	fmt.Fprintln(d.stdout, "Ctrl-C stops and prints a summary.")
	fmt.Fprintln(d.stdout)
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

func (d *demonstration) summary() {
	if d.sender == nil {
		return
	}
	open, critical, raised, resolved := d.board.counts()
	d.board.printTop(d.stdout, 5)
	fmt.Fprintf(d.stdout, "\n%d events sent; %d alerts raised, %d resolved, %d open, %d of them critical.\n",
		d.sender.sent.Load(), raised, resolved, open, critical)
	fmt.Fprintln(d.stdout, "Everything was kept in memory and a temporary folder, and is gone. `holdfast run "+
		"--embedded --data DIR` keeps it.")
}
