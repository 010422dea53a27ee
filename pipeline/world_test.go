package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/holdfast/holdfast/internal/devkafka"
	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/schemas/topics"
)

// world is an embedded Kafka with our topics and what a test does in it.
type world struct {
	t      testing.TB
	addrs  []string
	dial   dialer // how brokers are reached; nil = by TCP
	client *kgo.Client
	names  topics.Names
}

const testPartitions = 4

// TestMain lets the test binary be a worker process too.
func TestMain(m *testing.M) {
	if text := os.Getenv(workerVariable); text != "" {
		var order workerOrder
		if err := json.Unmarshal([]byte(text), &order); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		flag.Parse()
		os.Exit(runWorker(order))
	}
	goleak.VerifyTestMain(m)
}

func defaultNames() topics.Names { return topics.DefaultNames() }

// consumer reads both alert topics, read committed, without a group.
func (w *world) consumer() *kgo.Client {
	w.t.Helper()
	client, err := kgo.NewClient(append(w.reach(), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeTopics(w.names[topics.Alerts], w.names[topics.Loyalty]),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

func poll(client *kgo.Client) []*kgo.Record {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	return client.PollFetches(ctx).Records()
}

func newWorld(t testing.TB) *world {
	t.Helper()
	cluster, err := devkafka.Start(devkafka.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
	})
	return newWorldAt(t, cluster.Addrs())
}

func newWorldAt(t testing.TB, addrs []string) *world {
	t.Helper()
	w := &world{t: t, addrs: addrs, names: topics.DefaultNames()}
	w.connect()
	return w
}

// reach are the options by which a client reaches the brokers.
func (w *world) reach() []kgo.Opt {
	opts := []kgo.Opt{kgo.SeedBrokers(w.addrs...)}
	if w.dial != nil {
		opts = append(opts, kgo.Dialer(w.dial))
	}
	return opts
}

// connect makes the test's own client, and the topics.
func (w *world) connect() {
	t := w.t
	t.Helper()
	client, err := kgo.NewClient(append(w.reach(), kgo.MetadataMinAge(100*time.Millisecond))...)
	if err != nil {
		t.Fatal(err)
	}
	w.client = client
	t.Cleanup(client.Close)
	layout := topics.Layout{Partitions: testPartitions, Replication: 1}
	report, err := topics.Ensure(w.ctx(), kadm.NewClient(client), w.names, layout)
	if err != nil || len(report.Blocking()) > 0 {
		t.Fatal(err, report)
	}
}

func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	w.t.Cleanup(cancel)
	return ctx
}

func (w *world) topicOf(kind event.Type) string {
	return w.names[map[event.Type]topics.Key{event.Purchase: topics.Purchases, event.Visit: topics.Visits,
		event.Complaint: topics.Complaints}[kind]]
}

// arrivalHeader is when the workload says that a record was written. It cannot
// be the record's timestamp: retention would delete what is old.
const arrivalHeader = "test_at"

func arrival(r *kgo.Record) event.Instant {
	for _, h := range r.Headers {
		if h.Key == arrivalHeader {
			at, _ := strconv.ParseInt(string(h.Value), 10, 64)
			return event.Instant(at)
		}
	}
	return event.Instant(r.Timestamp.UnixMicro())
}

// produce sends the items in their order and waits until they are there.
func (w *world) produce(items []workload.Item) {
	w.t.Helper()
	var mu sync.Mutex
	var failure error
	for _, item := range items {
		r := &kgo.Record{Topic: w.topicOf(item.Topic), Key: item.Key, Value: item.Value,
			Headers: []kgo.RecordHeader{{Key: arrivalHeader, Value: strconv.AppendInt(nil, int64(item.At), 10)}}}
		if w.dial != nil {
			r.Timestamp = workload.TimeOf(item.At) // in virtual time nothing is deleted, and the clock is another
		}
		w.client.Produce(w.ctx(), r, func(_ *kgo.Record, err error) {
			mu.Lock()
			defer mu.Unlock()
			failure = errors.Join(failure, err)
		})
	}
	if err := w.client.Flush(w.ctx()); err != nil || failure != nil {
		w.t.Fatal(err, failure)
	}
}

// produceLive sends the items while a pipeline is at work, so that what it finds
// is on time: nothing is sent before everything that arrives half the allowed
// lateness earlier is there. Sent without that, a visit may be in Kafka before
// a purchase of days ago, which is then late in truth whatever its header says.
func (w *world) produceLive(items []workload.Item) {
	w.t.Helper()
	const most = event.Hour / 2 // half of what config allows
	for len(items) > 0 {
		n := 1
		for n < len(items) && items[n].At-items[0].At <= most {
			n++
		}
		w.produce(items[:n])
		items = items[n:]
	}
}

// config is that of a pipeline in this world.
func (w *world) config() pipeline.Config {
	parameters := score.DefaultParameters()
	parameters.DataSufficiency, parameters.Version = signal.SufficiencyOK, "test"
	if err := parameters.Prepare(); err != nil {
		w.t.Fatal(err)
	}
	rules := policy.Default()
	rules.MaxEventAge = 100 * 365 * event.Day24h
	inputs := []pipeline.Input{}
	for _, kind := range []event.Type{event.Purchase, event.Visit, event.Complaint} {
		inputs = append(inputs, pipeline.Input{Topic: w.topicOf(kind), Decode: decode.Config{Type: kind}})
	}
	inputs = append(inputs, pipeline.Input{Topic: w.names[topics.Internal], Decode: decode.Config{Type: event.Internal}})
	logger := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return pipeline.Config{
		Client: w.reach(),
		Group:  "holdfast", InstanceID: "one", Inputs: inputs,
		Topics: pipeline.Topics{Checkpoint: w.names[topics.Checkpoint], BatchLog: w.names[topics.BatchLog],
			Outbox: w.names[topics.Outbox], Alerts: w.names[topics.Alerts], Loyalty: w.names[topics.Loyalty],
			DeadLetters: w.names[topics.DeadLetters], Model: w.names[topics.Model], Population: w.names[topics.Population]},
		Shard: shard.Config{
			Zone: shard.NewZone(time.UTC), Lateness: event.Hour, Currency: [3]byte{'E', 'U', 'R'}, Segments: []string{"all"},
			Complaints: shard.ComplaintTimes{FirstResponse: 24 * event.Hour, Resolution: 5 * event.Day24h,
				SevereFrom: 4, SevereFirstResponse: 4 * event.Hour, SevereResolution: 2 * event.Day24h},
			Policy: &rules, Parameters: &parameters,
			Alerts: shard.AlertContext{Plays: policy.DefaultPlays(), CurrencyText: "EUR", ConfigHash: "test",
				EngineVersion: "test"},
		},
		PublishSuppressed: true, // topics are held to rows
		Clock:             pipeline.EventsClock, CommitEvery: 50 * time.Millisecond, CommitBytes: 64 << 20,
		TransactionTimeout: 20 * time.Second, MaxReplay: 2 * time.Second, FlushEvery: 200 * time.Millisecond,
		Logger: logger, Registerer: prometheus.NewRegistry(),
	}
}

// running is a pipeline at work.
type running struct {
	*pipeline.Pipeline
	stop func() error
}

func (w *world) run(cfg pipeline.Config) *running {
	w.t.Helper()
	p, err := pipeline.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	var once sync.Once
	var result error
	stop := func() error {
		once.Do(func() {
			cancel()
			result = <-done
		})
		return result
	}
	w.t.Cleanup(func() {
		if err := stop(); err != nil {
			w.t.Error(err)
		}
	})
	return &running{Pipeline: p, stop: stop}
}

// caughtUp waits until everything that is in the inputs now is applied, and
// its rows are in the outbox.
func (w *world) caughtUp(cfg pipeline.Config) {
	w.t.Helper()
	awaited := pipeline.Awaited{Group: cfg.Group}
	for i := range cfg.Inputs {
		awaited.Topics = append(awaited.Topics, cfg.Inputs[i].Topic)
	}
	if err := pipeline.WaitCaughtUp(w.ctx(), w.client, awaited); err != nil {
		w.t.Fatal(err)
	}
}

// read reads a topic whole, read committed, in the order of partitions.
func (w *world) read(topic string) []*kgo.Record {
	w.t.Helper()
	ends, err := checkpoint.EndOffsets(w.ctx(), w.client, []string{topic})
	if err != nil {
		w.t.Fatal(err)
	}
	var all []*kgo.Record
	for n := int32(0); n < int32(len(ends[topic])); n++ {
		r := ends[topic][n]
		if _, err := checkpoint.ReadRange(w.ctx(), w.client, checkpoint.ReadRangeOptions{
			Topic: topic, Partition: n, From: r.Start, To: r.End},
			func(r *kgo.Record) error { all = append(all, r); return nil }); err != nil {
			w.t.Fatal(err)
		}
	}
	return all
}
