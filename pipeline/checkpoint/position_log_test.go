package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
)

const logTopic = "log.v1"

// testLog is one partition on an embedded cluster, written in transactions.
type testLog struct {
	t       *testing.T
	ctx     context.Context
	cluster *kfake.Cluster
	reader  *kgo.Client
	writer  *kgo.Client
}

func newTestLog(t *testing.T, topicConfigs map[string]string) *testLog {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(2))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	if err := cluster.CreateTopic(logTopic, 1, topicConfigs); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	log := &testLog{t: t, ctx: ctx, cluster: cluster}
	log.reader = log.client()
	log.writer = log.client(kgo.TransactionalID("writer"))
	return log
}

func (l *testLog) client(options ...kgo.Opt) *kgo.Client {
	l.t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(l.cluster.ListenAddrs()...),
		kgo.DefaultProduceTopic(logTopic),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.MetadataMinAge(20 * time.Millisecond),
		kgo.ProducerLinger(0),
	}, options...)...)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(cl.Close)
	return cl
}

// begin opens a transaction with the given keys written, and leaves it open.
// The embedded broker has once, on a busy machine, refused a first record as out
// of sequence; the client recovers by an abort, so begin tries once more.
func (l *testLog) begin(keys ...string) {
	l.t.Helper()
	err := l.tryBegin(keys...)
	if errors.Is(err, kerr.OutOfOrderSequenceNumber) {
		l.t.Logf("a transaction is tried again: %v", err)
		l.end(kgo.TryAbort)
		err = l.tryBegin(keys...)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *testLog) tryBegin(keys ...string) error {
	l.t.Helper()
	if err := l.writer.BeginTransaction(); err != nil {
		l.t.Fatal(err)
	}
	records := make([]*kgo.Record, len(keys))
	for i, key := range keys {
		records[i] = kgo.KeySliceRecord([]byte(key), fmt.Appendf(nil, "%s-%d", key, i))
	}
	return l.writer.ProduceSync(l.ctx, records...).FirstErr()
}

func (l *testLog) end(how kgo.TransactionEndTry) {
	l.t.Helper()
	if err := l.writer.EndTransaction(l.ctx, how); err != nil {
		l.t.Fatal(err)
	}
}

func (l *testLog) commit(keys ...string) { l.t.Helper(); l.begin(keys...); l.end(kgo.TryCommit) }
func (l *testLog) abort(keys ...string)  { l.t.Helper(); l.begin(keys...); l.end(kgo.TryAbort) }

// bounds asks for the partition's range.
func (l *testLog) bounds() checkpoint.Range {
	l.t.Helper()
	ends, err := checkpoint.EndOffsets(l.ctx, l.reader, []string{logTopic})
	if err != nil {
		l.t.Fatal(err)
	}
	return ends[logTopic][0]
}

// countFetches counts fetch requests from now on.
func (l *testLog) countFetches() func() int {
	handle := l.cluster.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Fetch}, Count: -1, Observe: true,
	})
	return handle.Hits
}

func (l *testLog) options(from, to int64) checkpoint.ReadRangeOptions {
	return checkpoint.ReadRangeOptions{Topic: logTopic, From: from, To: to, NoProgress: 300 * time.Millisecond}
}

// readKeys reads and returns the keys delivered.
func (l *testLog) readKeys(options checkpoint.ReadRangeOptions) (keys []string, next int64, err error) {
	l.t.Helper()
	next, err = checkpoint.ReadRange(l.ctx, l.reader, options, func(record *kgo.Record) error {
		keys = append(keys, string(record.Key))
		return nil
	})
	return keys, next, err
}
