package clickhouse

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	outboxTopic     = "holdfast.outbox.v1"
	deadTopic       = "holdfast.dlq.v1"
	outboxPartition = 2
)

var euros = signal.Meta{Currency: "EUR", CurrencyExponent: 2, TimeZone: "Europe/Berlin"}

// rig is a broker, an engine with our schema, and what was produced.
type rig struct {
	t        *testing.T
	engine   *enginetest.Engine
	conn     driver.Conn
	cluster  *kfake.Cluster
	producer *kgo.Client
	registry *prometheus.Registry
	log      *logLines

	lock     sync.Mutex
	expected map[uint16]uint64
}

// logLines keeps what was logged.
type logLines struct {
	lock sync.Mutex
	text strings.Builder
}

func (l *logLines) Write(p []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.Write(p)
}

func (l *logLines) String() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.String()
}

func connect(t *testing.T, engine *enginetest.Engine) driver.Conn {
	t.Helper()
	conn, err := Open(engine.DSN(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func newRig(t *testing.T, engine *enginetest.Engine) *rig {
	t.Helper()
	r := &rig{t: t, engine: engine, conn: connect(t, engine), registry: prometheus.NewRegistry(),
		log: &logLines{}, expected: map[uint16]uint64{}}
	if _, err := Migrate(t.Context(), r.conn, MigrateUp); err != nil {
		t.Fatal(err)
	}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(outboxPartition, outboxTopic), kfake.SeedTopics(6, deadTopic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	r.cluster = cluster
	r.producer = r.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	return r
}

func (r *rig) client(opts ...kgo.Opt) *kgo.Client {
	r.t.Helper()
	client, err := kgo.NewClient(append(r.kafka(), opts...)...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(client.CloseAllowingRebalance)
	return client
}

func (r *rig) kafka() []kgo.Opt {
	return []kgo.Opt{kgo.SeedBrokers(r.cluster.ListenAddrs()...), kgo.MetadataMinAge(50 * time.Millisecond),
		kgo.HeartbeatInterval(50 * time.Millisecond), kgo.FetchMaxWait(100 * time.Millisecond)}
}

// customers produces a block of n customer rows of a shard with the next row
// numbers, and spoil may change each.
func (r *rig) customers(partition int32, shard uint16, n int, spoil func(i int, row *signal.CustomerRow)) {
	r.t.Helper()
	block := signal.NewCustomerBlock(euros)
	r.lock.Lock()
	for i := range n {
		r.expected[shard]++
		row := customerRow(shard, r.expected[shard])
		if spoil != nil {
			spoil(i, row)
		}
		block.Append(row)
	}
	r.lock.Unlock()
	r.produce(partition, block.Encode(nil))
}

// alerts is customers for rows of alert_event.
func (r *rig) alerts(partition int32, shard uint16, n int) {
	r.t.Helper()
	block := signal.NewAlertBlock(euros)
	r.lock.Lock()
	for range n {
		r.expected[shard]++
		block.Append(alertRow(shard, r.expected[shard]))
	}
	r.lock.Unlock()
	r.produce(partition, block.Encode(nil))
}

func (r *rig) produce(partition int32, value []byte) {
	r.t.Helper()
	record := &kgo.Record{Topic: outboxTopic, Partition: partition, Value: value,
		Headers: []kgo.RecordHeader{{Key: signal.FormatHeader, Value: []byte(signal.FormatVersion)}}}
	if err := r.producer.ProduceSync(context.WithoutCancel(r.t.Context()), record).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
}

// customerRow is a row of one of a hundred customers of the shard.
func customerRow(shard uint16, seq uint64) *signal.CustomerRow {
	now := signal.Instant(time.Now().UnixMicro())
	return &signal.CustomerRow{
		CustomerID: fmt.Appendf(nil, "c-%d-%d", shard, seq%100), Segment: "retail", Currency: "EUR", TimeZone: "Europe/Berlin",
		FirstPurchaseDay: signal.Some(signal.Day(20_000)), LastPurchaseDay: signal.Some(signal.Day(20_300)),
		FrequencyRepeat: uint32(seq % 9), MonetaryNetLife: signal.Money(1999), PAlive: signal.Some(.5),
		Level: signal.LevelWatch, LifecycleState: signal.LifecycleWatch, ReasonCodes: []signal.ReasonCode{signal.Overdue},
		ParamVersion: "v1", AsOf: now, Watermark: now, ComputedAt: now, SrcPartition: shard, Seq: seq,
	}
}

func alertRow(shard uint16, seq uint64) *signal.AlertRow {
	now := signal.Instant(time.Now().UnixMicro())
	return &signal.AlertRow{
		AlertID: fmt.Sprintf("a-%d-%d", shard, seq), AlertSeq: 1, Kind: "churn_risk", Family: "churn", Action: signal.Raised,
		CustomerID: fmt.Appendf(nil, "c-%d-%d", shard, seq%100), ReasonTexts: []string{"silent for 40 days"},
		AtStake: signal.Some(2500.), RaisedAt: now, AsOf: now, ComputedAt: now, SrcPartition: shard, Seq: seq,
	}
}

func (r *rig) loader() *Loader {
	r.t.Helper()
	config := Config{OutboxTopic: outboxTopic, DeadLetterTopic: deadTopic, Group: "shop",
		InsertEvery: 20 * time.Millisecond, InsertTimeout: 20 * time.Second}
	l, err := New(config, Deps{Kafka: r.kafka(), ClickHouse: r.conn, Registerer: r.registry,
		Log: slog.New(slog.NewTextHandler(r.log, nil))})
	if err != nil {
		r.t.Fatal(err)
	}
	l.looks = 0 // what is told is told by what is tried
	l.times = times{least: 10 * time.Millisecond, most: 100 * time.Millisecond, busy: 20 * time.Millisecond, configuration: 50 * time.Millisecond}
	return l
}

// running runs a loader until stop is called; the test fails on its error.
func (r *rig) running(l *Loader) (stop func()) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.t.Context()))
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				r.t.Errorf("the loader ended with: %v", err)
			}
		})
	}
	r.t.Cleanup(stop)
	return stop
}

// awaitLoaded waits until the group has committed all that the outbox holds.
func (r *rig) awaitLoaded() {
	r.t.Helper()
	target, err := Lag(r.t.Context(), r.producer, "shop", outboxTopic)
	if err != nil {
		r.t.Fatal(err)
	}
	r.await("the outbox is loaded", func() bool {
		now, err := Lag(r.t.Context(), r.producer, "shop", outboxTopic)
		return err == nil && Loaded(now, target)
	})
}

// await waits for a condition, half a minute at most.
func (r *rig) await(what string, condition func() bool) {
	r.t.Helper()
	for range 1500 {
		if condition() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	r.t.Fatalf("not in time: %s; log:\n%s", what, r.log)
}

// checkAudit compares the tables with what was produced.
func (r *rig) checkAudit() {
	r.t.Helper()
	r.lock.Lock()
	defer r.lock.Unlock()
	report, err := Audit(r.t.Context(), r.conn, r.expected)
	if err != nil {
		r.t.Fatal(err)
	}
	if !report.OK() {
		r.t.Errorf("audit: %+v", report)
	}
	for _, s := range report.Shards {
		if s.Rows != s.Expected || s.Unasked || s.Beyond != 0 {
			r.t.Errorf("shard %+v", s)
		}
	}
}

func (r *rig) count(query string, args ...any) uint64 {
	r.t.Helper()
	var n uint64
	if err := r.conn.QueryRow(r.t.Context(), query, args...).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}
