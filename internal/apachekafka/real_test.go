package apachekafka

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/schemas/topics"
)

// realBroker is one broker with our topics, shared by the subtests below; each
// uses topics or groups of its own.
type realBroker struct {
	ctx     context.Context
	cluster *Cluster
	admin   *kadm.Client
	client  *kgo.Client
}

func (b *realBroker) newClient(t *testing.T, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(b.cluster.Addrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.MetadataMinAge(100 * time.Millisecond),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func TestIntegrationOneBroker(t *testing.T) {
	cluster := ForTest(t, Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	broker := &realBroker{ctx: ctx, cluster: cluster}
	broker.client = broker.newClient(t)
	broker.admin = kadm.NewClient(broker.client)
	// The first subtest makes the topics that the others use.
	t.Run("topics", broker.testTopics)
	t.Run("read to the end by position", broker.testReadRange)
	t.Run("read past compaction", broker.testCompaction)
	t.Run("read below the log start", broker.testDeletedRecords)
	t.Run("assign to one instance", broker.testBalancer)
	t.Run("refuse unequal inputs", broker.testUnequalInputs)
	t.Run("offsets appear after the commit returns", broker.testStableOffsets)
	t.Run("commit without input", broker.testCommitWithoutInput)
	t.Run("commit before joining is not fenced", broker.testUnfencedCommit)
	t.Run("read through a killed broker", broker.testKilledBroker)
}

func (b *realBroker) testTopics(t *testing.T) {
	layout := topics.Layout{Partitions: 3, Replication: 1}
	first, err := topics.Ensure(b.ctx, b.admin, topics.DefaultNames(), layout)
	if err != nil {
		t.Fatal(err)
	}
	second, err := topics.Ensure(b.ctx, b.admin, topics.DefaultNames(), layout)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Created) != len(topics.DefaultNames()) || len(second.Created) != 0 || len(second.Problems) != 0 {
		t.Errorf("first %+v\nsecond %+v", first, second)
	}
	old := &kgo.Record{Topic: "retail.purchases.v1", Value: []byte("{}"), Timestamp: time.Now().AddDate(-3, 0, 0)}
	future := &kgo.Record{Topic: "retail.purchases.v1", Value: []byte("{}"), Timestamp: time.Now().AddDate(3, 0, 0)}
	if err := b.client.ProduceSync(b.ctx, old, future).FirstErr(); err != nil {
		t.Errorf("stamps far from now are refused: %v", err)
	}
	page := &kgo.Record{Topic: "holdfast.checkpoint.v1", Key: []byte("page"), Value: make([]byte, 1<<20)}
	large := b.newClient(t, kgo.ProducerBatchMaxBytes(8<<20), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err := large.ProduceSync(b.ctx, page).FirstErr(); err != nil {
		t.Errorf("a page of 1 MiB is refused: %v", err)
	}
}

// transactions writes to partition 0 of one topic.
type transactions struct {
	t      *testing.T
	ctx    context.Context
	client *kgo.Client
}

func (b *realBroker) writer(t *testing.T, topic string) transactions {
	t.Helper()
	client := b.newClient(t, kgo.DefaultProduceTopic(topic), kgo.TransactionalID("writer of "+topic))
	return transactions{t, b.ctx, client}
}

func (w transactions) begin(keys ...string) {
	w.t.Helper()
	if err := w.client.BeginTransaction(); err != nil {
		w.t.Fatal(err)
	}
	for _, key := range keys {
		if err := w.client.ProduceSync(w.ctx, kgo.KeyStringRecord(key, key)).FirstErr(); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w transactions) end(how kgo.TransactionEndTry) {
	w.t.Helper()
	if err := w.client.EndTransaction(w.ctx, how); err != nil {
		w.t.Fatal(err)
	}
}

func (w transactions) commit(keys ...string) { w.t.Helper(); w.begin(keys...); w.end(kgo.TryCommit) }
func (w transactions) abort(keys ...string)  { w.t.Helper(); w.begin(keys...); w.end(kgo.TryAbort) }

// create makes a topic of the test's own with one partition.
func (b *realBroker) create(t *testing.T, topic string, settings map[string]string) {
	t.Helper()
	configs := map[string]*string{}
	for name, value := range settings {
		configs[name] = kadm.StringPtr(value)
	}
	if _, err := b.admin.CreateTopic(b.ctx, 1, 1, configs, topic); err != nil {
		t.Fatal(err)
	}
}

// bounds asks for partition 0, again while the topic is not known everywhere.
func (b *realBroker) bounds(t *testing.T, topic string) checkpoint.Range {
	t.Helper()
	for {
		ends, err := checkpoint.EndOffsets(b.ctx, b.client, []string{topic})
		if err == nil {
			return ends[topic][0]
		}
		if b.ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

func (b *realBroker) read(options checkpoint.ReadRangeOptions) (keys []string, next int64, err error) {
	if options.NoProgress == 0 {
		options.NoProgress = 10 * time.Second
	}
	next, err = checkpoint.ReadRange(b.ctx, b.client, options, func(record *kgo.Record) error {
		keys = append(keys, string(record.Key))
		return nil
	})
	return keys, next, err
}

func numbered(prefix string, count int) []string {
	keys := make([]string, count)
	for i := range keys {
		keys[i] = fmt.Sprintf("%s%d", prefix, i)
	}
	return keys
}
