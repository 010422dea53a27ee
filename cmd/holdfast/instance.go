package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/connect"
	"github.com/holdfast/holdfast/internal/ops"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/schemas/topics"
	"github.com/holdfast/holdfast/sinks/clickhouse"
	"github.com/holdfast/holdfast/sinks/outbox"
)

// instance is one running Holdfast: pipeline, loader and the ops listener.
type instance struct {
	loaded   *config.Loaded
	logger   *slog.Logger
	pipeline *pipeline.Pipeline // nil without the role process
	loader   *outbox.Loader     // nil without ClickHouse or the role load
	store    *store
	registry *prometheus.Registry
	listener net.Listener // nil where ops.listen is empty
	token    string

	started atomic.Bool
}

// newInstance puts the parts together; it talks to nobody yet, but takes the
// ops port.
func (c *cli) newInstance(loaded *config.Loaded, roles roles) (*instance, error) {
	i := &instance{loaded: loaded, logger: c.logger(), registry: prometheus.NewRegistry()}
	b := thisBuild()
	info := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "holdfast_build_info", Help: "1, with the build as labels.",
		ConstLabels: prometheus.Labels{"version": b.Version, "revision": b.Revision, "goversion": b.Go},
	}, func() float64 { return 1 })
	i.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		info)
	if roles.process {
		cfg, err := c.pipelineConfig(loaded)
		if err != nil {
			return nil, err
		}
		cfg.Registerer = i.registry
		if i.pipeline, err = pipeline.New(cfg); err != nil {
			return nil, fmt.Errorf("make the pipeline: %w", err)
		}
	}
	if roles.load && loaded.Sinks.ClickHouse.On() {
		if err := i.makeLoader(c); err != nil {
			return nil, err
		}
	}
	if err := i.listen(c); err != nil {
		return nil, errors.Join(err, i.closeStore())
	}
	return i, nil
}

// closeStore closes the loader's clients of ClickHouse.
func (i *instance) closeStore() error {
	if i.store == nil {
		return nil
	}
	return i.store.close()
}

func (i *instance) makeLoader(c *cli) error {
	settings := i.loaded.Sinks.ClickHouse
	kafka, err := connect.Kafka(i.loaded.Kafka, c.readFile)
	if err != nil {
		return &coded{exitInvalid, err}
	}
	i.store, err = newStore(func() (*driver.Options, error) {
		options, err := connect.ClickHouse(settings, c.insecureDev, c.readFile)
		if err != nil {
			return nil, &coded{max(codeOf(err), exitInvalid), err}
		}
		c.addToken(options)
		return options, nil
	})
	if err != nil {
		return err
	}
	// A restart takes its predecessor's place at once: without a static id the
	// group would wait for each one that was killed.
	kafka = append(kafka, kgo.InstanceID(i.loaded.Kafka.InstanceID), kgo.SessionTimeout(pipeline.DefaultSessionTimeout))
	names := topicNames(&i.loaded.Config)
	i.loader, err = outbox.New(outbox.Config{
		OutboxTopic: names[topics.Outbox], DeadLetterTopic: names[topics.DeadLetters],
		Group:     clickhouse.LoadGroup(i.loaded.Kafka.Group),
		BatchRows: settings.BatchRows, InsertEvery: settings.InsertEvery.D(), PendingBytes: memoryInForce().pending,
	}, outbox.Deps{Kafka: kafka, Sink: i.store, Registerer: i.registry, Log: i.logger})
	if err != nil {
		return fmt.Errorf("make the loader: %w", err)
	}
	return nil
}

// listen takes the ops port, so that a port in use is reported at the start.
func (i *instance) listen(c *cli) error {
	settings := i.loaded.Ops
	if settings.Listen == "" {
		return nil
	}
	if settings.TokenFile != "" {
		token, err := config.ReadSecret(c.readFile, "ops.token_file", settings.TokenFile)
		if err != nil {
			return &coded{exitInvalid, err}
		}
		i.token = token
	}
	listener, err := net.Listen("tcp", settings.Listen)
	if err != nil {
		return fmt.Errorf("listen for probes and metrics on ops.listen: %w → choose another address by --ops-listen or "+
			"HOLDFAST_OPS_LISTEN", err)
	}
	i.listener = listener
	return nil
}

// run works until ctx ends or a part fails for good, and stops in this order:
// the pipeline (its last commit fills the outbox), the loader (it empties what
// it has in hand), the ops listener.
func (i *instance) run(ctx context.Context, shutdown time.Duration) error {
	detached := context.WithoutCancel(ctx)
	ended := make(chan struct{}, 3)
	parts := []*part{
		start(detached, "process", ended, i.process),
		start(detached, "load", ended, i.load),
		start(detached, "serve probes and metrics", ended, i.serve),
	}
	select {
	case <-ended: // only a failure ends a part before it is asked to stop
	case <-ctx.Done():
	}
	late := time.NewTimer(shutdown)
	defer late.Stop()
	var failures []error
	for _, part := range parts {
		part.stop()
		select {
		case <-part.done:
			failures = append(failures, part.err)
		case <-late.C:
			return errors.Join(append(failures,
				fmt.Errorf("stop within %s: part %q is still at work; nothing is lost, the next start goes on from the last commit",
					shutdown, part.name))...)
		}
	}
	return errors.Join(append(failures, i.closeStore())...)
}

// part is one goroutine of an instance.
type part struct {
	name string
	stop context.CancelFunc
	done chan struct{}
	err  error // valid after done
}

func start(ctx context.Context, name string, ended chan<- struct{}, work func(context.Context) error) *part {
	ctx, stop := context.WithCancel(ctx)
	p := &part{name: name, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		if err := work(ctx); err != nil {
			p.err = fmt.Errorf("%s: %w", name, err)
		}
		ended <- struct{}{}
	}()
	return p
}

func (i *instance) process(ctx context.Context) error {
	if i.pipeline == nil {
		<-ctx.Done()
		return nil
	}
	return i.pipeline.Run(ctx)
}

// load brings rows into ClickHouse. Nothing about ClickHouse ends it, and with it
// the process: rows wait in the outbox, alerts go on, and loaderCheck says why.
func (i *instance) load(ctx context.Context) error {
	if i.loader == nil {
		<-ctx.Done()
		return nil
	}
	return i.loader.Run(ctx)
}

func (i *instance) serve(ctx context.Context) error {
	if i.listener == nil {
		<-ctx.Done()
		return nil
	}
	server := ops.Server(i.handler())
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // probes need no farewell
	defer stop()
	if err := server.Serve(i.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (i *instance) handler() http.Handler {
	return ops.Handler(ops.Options{
		Live:    i.live,
		Ready:   i.checks,
		Started: func() bool { return i.started.Load() || i.ready() },
		Metrics: i.registry, Token: i.token, Profiles: i.loaded.Ops.Pprof, Log: i.logger,
		Customer: i.customerAnswers(), Local: i.listener != nil && ops.IsLocal(i.listener.Addr()),
	})
}

// live says what stands still in the pipeline. It ends by itself soon after, and
// the process with it: this is for whoever asks before.
func (i *instance) live() error {
	if i.pipeline == nil {
		return nil
	}
	return i.pipeline.Live()
}

// ready reports whether the pipeline is, and remembers that it once was.
func (i *instance) ready() bool {
	if i.pipeline == nil {
		return true
	}
	ready, _ := i.pipeline.Ready()
	if ready {
		i.started.Store(true)
	}
	return ready
}

func (i *instance) checks() []ops.Check {
	var checks []ops.Check
	if i.pipeline != nil {
		ready, why := i.pipeline.Ready()
		if ready {
			i.started.Store(true)
		}
		checks = append(checks, ops.Check{Name: "pipeline", OK: ready, Why: why})
		if open := i.pipeline.Sessions(); len(open) > 0 {
			checks = append(checks, ops.Check{Name: "backfill", Shown: true, Why: strings.Join(open, "; ")})
		}
		if why := describeInputs(i.pipeline.Quiet(), i.pipeline.Low()); why != "" {
			checks = append(checks, ops.Check{Name: "inputs", Shown: true, Why: why})
		}
		if text := i.pipeline.Model(); text != "" {
			checks = append(checks, ops.Check{Name: "model", OK: i.pipeline.ModelEnough(), Shown: true, Why: text})
		}
		if n := i.pipeline.Waiting(); n > 0 {
			checks = append(checks, ops.Check{Name: "alerts", OK: true, Shown: true, Why: strconv.Itoa(n) +
				" customers at risk since before the present wait for their turn to be told (alerts.standing_per_hour)"})
		}
	}
	if i.loader != nil {
		checks = append(checks, i.loaderCheck())
	}
	return checks
}

// describeInputs says which inputs have broken off, and which of visits have in part;
// empty where none has.
func describeInputs(quiet, low []string) string {
	var all []string
	if len(quiet) > 0 {
		all = append(all, strings.Join(quiet, ", ")+
			": nothing has come for much longer than usual, and nothing is concluded from that")
	}
	if len(low) > 0 {
		all = append(all, strings.Join(low, ", ")+
			": much less comes than on the same weekdays before, and nothing is concluded from missing visits")
	}
	return strings.Join(all, "; ")
}

// loaderCheck is shown only: ClickHouse being away delays rows and stops
// nothing.
func (i *instance) loaderCheck() ops.Check {
	problems := i.loader.Problems()
	var words []string
	for _, partition := range slices.Sorted(maps.Keys(problems)) {
		problem := problems[partition]
		what := problem.Class + " since " + problem.Since.UTC().Format(time.RFC3339) + ": " + problem.Text
		if partition >= 0 {
			what = "outbox partition " + strconv.Itoa(int(partition)) + ": " + what
		}
		words = append(words, what)
	}
	return ops.Check{Name: "loader", OK: len(words) == 0, Why: strings.Join(words, "; "), Shown: true}
}
