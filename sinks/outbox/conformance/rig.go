package conformance

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// What a rig's loaders read and write.
const (
	OutboxTopic = "holdfast.outbox.v1"
	DeadTopic   = "holdfast.dlq.v1"
	Group       = "shop-load"

	Partitions     = 2 // of the outbox
	DeadPartitions = 6 // of the dead letters

	// LargeBytes is what the topics take as a record, as ours do (schemas/topics).
	LargeBytes = 8 << 20
)

// Euros is the meta data of a rig's blocks.
var Euros = signal.Meta{Currency: "EUR", CurrencyExponent: 2, TimeZone: "Europe/Berlin"}

// Rig is a broker with the topics of a loader, and what was produced to them. Its
// methods end the test where they fail.
type Rig struct {
	T        *testing.T
	Cluster  *kfake.Cluster
	Producer *kgo.Client
	Registry *prometheus.Registry
	Log      *LogLines

	lock     sync.Mutex
	expected map[uint16]uint64
}

// NewRig starts a broker that goes with the test.
func NewRig(t *testing.T) *Rig {
	t.Helper()
	r := &Rig{T: t, Registry: prometheus.NewRegistry(), Log: &LogLines{}, expected: map[uint16]uint64{}}
	limit := strconv.Itoa(LargeBytes)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1),
		kfake.SeedTopics(Partitions, OutboxTopic), kfake.SeedTopics(DeadPartitions, DeadTopic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	r.Cluster = cluster
	r.Producer = r.Client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(LargeBytes))
	answers, err := kadm.NewClient(r.Producer).AlterTopicConfigs(t.Context(),
		[]kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes", Value: &limit}}, OutboxTopic, DeadTopic)
	if err == nil {
		_, err = answers.On(OutboxTopic, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Client makes a client of the broker that goes with the test.
func (r *Rig) Client(opts ...kgo.Opt) *kgo.Client {
	r.T.Helper()
	client, err := kgo.NewClient(append(r.Kafka(), opts...)...)
	if err != nil {
		r.T.Fatal(err)
	}
	r.T.Cleanup(client.CloseAllowingRebalance)
	return client
}

// Kafka returns the options of a client that hears of changes soon.
func (r *Rig) Kafka() []kgo.Opt {
	return []kgo.Opt{kgo.SeedBrokers(r.Cluster.ListenAddrs()...), kgo.MetadataMinAge(50 * time.Millisecond),
		kgo.HeartbeatInterval(50 * time.Millisecond), kgo.FetchMaxWait(100 * time.Millisecond)}
}

// Customers produces a block of n rows of a shard's customers, each of another
// customer and with the next row number; spoil, if not nil, may change each.
func (r *Rig) Customers(partition int32, shard uint16, n int, spoil func(i int, row *signal.Row)) {
	r.T.Helper()
	block := score.NewCustomerBlock(Euros)
	for i := range n {
		row := CustomerRow(shard, r.number(shard))
		if spoil != nil {
			spoil(i, row)
		}
		block.Append(row)
	}
	r.Produce(partition, block.Encode(nil))
}

// Alerts is Customers for rows of alerts.
func (r *Rig) Alerts(partition int32, shard uint16, n int) {
	r.T.Helper()
	block := signal.NewAlertBlock(Euros)
	for range n {
		block.Append(AlertRow(shard, r.number(shard)))
	}
	r.Produce(partition, block.Encode(nil))
}

func (r *Rig) number(shard uint16) uint64 {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.expected[shard]++
	return r.expected[shard]
}

// Expected returns the number of the last row produced of each shard.
func (r *Rig) Expected() map[uint16]uint64 {
	r.lock.Lock()
	defer r.lock.Unlock()
	all := map[uint16]uint64{}
	for shard, last := range r.expected {
		all[shard] = last
	}
	return all
}

// Expect adds rows that were produced otherwise.
func (r *Rig) Expect(shard uint16, rows uint64) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.expected[shard] += rows
}

// Produce writes a value to the outbox, with the header of our format.
func (r *Rig) Produce(partition int32, value []byte) {
	r.T.Helper()
	r.Send(&kgo.Record{Topic: OutboxTopic, Partition: partition, Value: value,
		Headers: []kgo.RecordHeader{{Key: signal.FormatHeader, Value: []byte(signal.FormatVersion)}}})
}

// Send writes a record as it is.
func (r *Rig) Send(record *kgo.Record) {
	r.T.Helper()
	if err := r.Producer.ProduceSync(context.WithoutCancel(r.T.Context()), record).FirstErr(); err != nil {
		r.T.Fatal(err)
	}
}

// CustomerRow returns a row of a customer that has no other.
func CustomerRow(shard uint16, seq uint64) *signal.Row {
	now := time.Now().UnixMicro()
	return rowtest.New(map[string]any{
		"customer_id": fmt.Sprintf("c-%d-%d", shard, seq), "segment": "retail", "currency": "EUR",
		"time_zone": "Europe/Berlin", "first_purchase_day": 20_000, "last_purchase_day": 20_300,
		"frequency_repeat": seq % 9, "monetary_net_life": 1999, "p_alive": .5, "level": uint8(signal.LevelWatch),
		"lifecycle_state": uint8(signal.LifecycleWatch), "reason_codes": []uint32{uint32(signal.Overdue)},
		"param_version": "v1", "as_of": now, "watermark": now, "computed_at": now, "src_partition": shard, "seq": seq,
	})
}

// AlertRow returns the first row of an alert.
func AlertRow(shard uint16, seq uint64) *signal.AlertRow {
	now := signal.Instant(time.Now().UnixMicro())
	return &signal.AlertRow{
		AlertID: fmt.Sprintf("a-%d-%d", shard, seq), AlertSeq: 1, Kind: "churn_risk",
		Family: "churn", Action: signal.Raised,
		CustomerID: fmt.Appendf(nil, "c-%d-%d", shard, seq%100), ReasonTexts: []string{"silent for 40 days"},
		AtStake: signal.Some(2500.), RaisedAt: now, AsOf: now, ComputedAt: now, SrcPartition: shard, Seq: seq,
	}
}

// Loader makes a loader with short waits; change, if not nil, may set others.
func (r *Rig) Loader(sink outbox.Sink, change func(*outbox.Config)) *outbox.Loader {
	r.T.Helper()
	config := outbox.Config{OutboxTopic: OutboxTopic, DeadLetterTopic: DeadTopic, Group: Group,
		InsertEvery: 20 * time.Millisecond, InsertTimeout: 20 * time.Second,
		Waits: outbox.Waits{Least: 10 * time.Millisecond, Most: 100 * time.Millisecond, Busy: 20 * time.Millisecond,
			Configuration: 50 * time.Millisecond, Trust: time.Nanosecond,
			Look: time.Hour}} // what is told is told by what is tried
	if change != nil {
		change(&config)
	}
	l, err := outbox.New(config, outbox.Deps{Kafka: r.Kafka(), Sink: sink, Registerer: r.Registry,
		Log: slog.New(slog.NewTextHandler(r.Log, nil))})
	if err != nil {
		r.T.Fatal(err)
	}
	return l
}

// Running runs a loader until stop is called, or the test ends.
func (r *Rig) Running(l *outbox.Loader) (stop func()) {
	r.T.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.T.Context()))
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			select {
			case err := <-done:
				r.T.Errorf("the loader ended by itself: %v", err)
			default:
				cancel()
				if err := <-done; err != nil {
					r.T.Errorf("the loader ended with: %v", err)
				}
			}
			cancel()
		})
	}
	r.T.Cleanup(stop)
	return stop
}

// LogLines keeps what was logged.
type LogLines struct {
	lock sync.Mutex
	text bytes.Buffer
}

// Write appends to the log.
func (l *LogLines) Write(p []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.Write(p)
}

// String returns what was logged so far.
func (l *LogLines) String() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.String()
}
