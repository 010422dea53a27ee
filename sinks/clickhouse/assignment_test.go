package clickhouse

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/holdfast/holdfast/internal/devclickhouse"
	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"
)

// TestDiesBetweenInsertAndCommit: the rows are there, the offset is not; the
// next loader inserts them again and nothing is doubled.
func TestDiesBetweenInsertAndCommit(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	var refuse atomic.Bool
	refuse.Store(true)
	r.cluster.ControlKey(int16(kmsg.OffsetCommit), func(request kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		if !refuse.Load() {
			return nil, nil, false
		}
		response := request.ResponseKind().(*kmsg.OffsetCommitResponse)
		for _, topic := range request.(*kmsg.OffsetCommitRequest).Topics {
			answer := kmsg.OffsetCommitResponseTopic{Topic: topic.Topic, TopicID: topic.TopicID}
			for _, p := range topic.Partitions {
				answer.Partitions = append(answer.Partitions, kmsg.OffsetCommitResponseTopicPartition{
					Partition: p.Partition, ErrorCode: kerr.CoordinatorLoadInProgress.Code})
			}
			response.Topics = append(response.Topics, answer)
		}
		return response, nil, true
	})
	for i := range 4 {
		r.customers(int32(i%2), uint16(i), 50, nil)
		r.alerts(int32(i%2), uint16(i), 7)
	}
	l := r.loader()
	l.config.StopTimeout = 100 * time.Millisecond
	stop := r.running(l)
	r.await("the rows are there", func() bool {
		return r.count("SELECT count() FROM score_history FINAL") == 200 && r.count("SELECT count() FROM alert_event FINAL") == 28
	})
	stop()
	if lag, err := Lag(t.Context(), r.producer, "shop", outboxTopic); err != nil || lag[0].Committed != 0 {
		t.Fatalf("the commit was not refused: %+v, %v", lag, err)
	}
	refuse.Store(false)
	r.running(r.loader())
	r.awaitLoaded()
	r.checkAudit()
	if n := r.count("SELECT count() FROM score_history"); n < 200 {
		t.Errorf("%d rows", n)
	}
	if got := r.metric("holdfast_sink_rows_written_total", "table", "alert_event"); got < 56 {
		t.Errorf("%v rows written: nothing was repeated, so the test tries nothing", got)
	}
}

// TestTransactionsAreFollowedToTheEnd: aborted blocks are not loaded, and the
// markers do not leave a lag behind.
func TestTransactionsAreFollowedToTheEnd(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	producer := r.client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionalID("shop-1"))
	inTransaction := func(shard uint16, end kgo.TransactionEndTry) {
		if err := producer.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		block := signal.NewCustomerBlock(euros)
		for n := range 10 {
			block.Append(customerRow(shard, r.expected[shard]+uint64(n)+1))
		}
		record := &kgo.Record{Topic: outboxTopic, Partition: 1, Value: block.Encode(nil)}
		if err := producer.ProduceSync(t.Context(), record).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := producer.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
		if end == kgo.TryCommit {
			r.expected[shard] += 10
		}
	}
	inTransaction(0, kgo.TryCommit)
	inTransaction(1, kgo.TryAbort)
	inTransaction(0, kgo.TryCommit)
	inTransaction(2, kgo.TryAbort)
	r.running(r.loader())
	r.awaitLoaded()
	r.checkAudit()
	lag, err := Lag(t.Context(), r.producer, "shop", outboxTopic)
	if err != nil || lag[1].Committed != lag[1].End || lag[1].End != 8 {
		t.Errorf("lag %+v, %v", lag, err)
	}
}

// TestRebalances: loaders come and go while rows flow; nothing is skipped.
func TestRebalances(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	first := r.running(r.loader())
	for i := range 6 {
		for range 4 {
			r.customers(int32(i%2), uint16(i%3), 30, nil)
		}
		l := r.loader()
		other := r.running(l)
		r.customers(0, 5, 20, nil)
		r.await("the second loader has a partition", func() bool { return len(l.owned()) == 1 })
		r.customers(1, 6, 20, nil)
		if i%2 == 0 {
			first()
			first = other
			continue
		}
		other()
	}
	r.awaitLoaded()
	r.checkAudit()
}

// gate is a connection whose inserts wait while it is shut.
type gate struct {
	driver.Conn
	shut    atomic.Bool
	waiting chan struct{}
}

func (g *gate) PrepareBatch(ctx context.Context, query string, opts ...driver.PrepareBatchOption) (driver.Batch, error) {
	if g.shut.Load() {
		select {
		case g.waiting <- struct{}{}:
		default:
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return g.Conn.PrepareBatch(ctx, query, opts...)
}

// TestLostPartitionIsNotCommitted: a worker whose partition is taken away in the
// middle of an insert neither commits nor outlives the call.
func TestLostPartitionIsNotCommitted(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	r.customers(0, 0, 10, nil)
	held := &gate{Conn: r.conn, waiting: make(chan struct{}, 1)}
	held.shut.Store(true)
	r.conn = held
	l := r.loader()
	r.running(l)
	<-held.waiting
	w := l.owned()[0]
	l.lost(t.Context(), w.client, map[string][]int32{outboxTopic: {0}})
	select {
	case <-w.done:
	default:
		t.Fatal("the worker outlived its partition")
	}
	held.shut.Store(false)
	w.next = 1
	if err := w.commitOnce(t.Context()); !errors.Is(err, errStopped) {
		t.Errorf("a late commit: %v", err)
	}
	if lag, err := Lag(t.Context(), r.producer, "shop", outboxTopic); err != nil || lag[0].Committed != 0 {
		t.Errorf("committed: %+v, %v", lag, err)
	}
	// Empty lists come with cooperative rebalances.
	l.revoked(t.Context(), w.client, nil)
	l.lost(t.Context(), w.client, map[string][]int32{})
	l.assigned(t.Context(), w.client, map[string][]int32{outboxTopic: nil})
}

// TestStopIsBounded: a stop does not wait for a ClickHouse that does not answer.
func TestStopIsBounded(t *testing.T) {
	engine := enginetest.StartAlone(t)
	baseline := goleak.IgnoreCurrent()
	r := newRig(t, engine)
	engine.Fault(devclickhouse.Fault{Point: devclickhouse.BeforeBody, Action: devclickhouse.Delay, Match: "INSERT INTO customer_current", Delay: time.Minute})
	r.customers(0, 0, 10, nil)
	l := r.loader()
	l.config.StopTimeout = 50 * time.Millisecond
	stop := r.running(l)
	r.await("rows are pending", func() bool { return r.metric("holdfast_sink_pending_rows", "table", "customer") == 10 })
	stop()
	if got := r.metric("holdfast_sink_pending_rows", "table", "customer"); got != 0 {
		t.Errorf("%v rows pending after the stop", got)
	}
	engine.Kill() // ends the delayed request with its connection
	r.producer.Close()
	r.cluster.Close()
	r.conn.Close()
	goleak.VerifyNone(t, baseline)
}

// TestRetentionHole: rows that the outbox no longer has are a visible error.
func TestRetentionHole(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	r.customers(0, 0, 10, nil)
	stop := r.running(r.loader())
	r.awaitLoaded()
	stop()
	for range 3 {
		r.customers(0, 0, 10, nil)
	}
	request := kmsg.NewPtrDeleteRecordsRequest()
	request.Topics = []kmsg.DeleteRecordsRequestTopic{{Topic: outboxTopic, Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Partition: 0, Offset: 3}}}}
	if _, err := request.RequestWith(t.Context(), r.producer); err != nil {
		t.Fatal(err)
	}
	l := r.loader()
	r.running(l)
	r.await("the hole is told", func() bool { return l.Problems()[0].Class == "kafka" })
	if lag, err := Lag(t.Context(), r.producer, "shop", outboxTopic); err != nil || lag[0].Committed != 1 {
		t.Errorf("went on behind the hole: %+v, %v", lag, err)
	}
}

// TestBackpressure: while inserts wait, the queue stays bounded; afterwards
// everything arrives, also for a successor of a paused partition.
func TestBackpressure(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	for range 5 {
		r.customers(0, 0, 10, nil)
	}
	held := &gate{Conn: r.conn, waiting: make(chan struct{}, 1)}
	held.shut.Store(true)
	r.conn = held
	l := r.loader()
	l.config.QueueBytes, l.config.BatchRows = 1, 10
	r.running(l)
	<-held.waiting
	w := l.owned()[0]
	for range 5 {
		r.customers(0, 0, 10, nil)
	}
	r.await("the partition is paused", func() bool {
		w.queueLock.Lock()
		defer w.queueLock.Unlock()
		return w.paused
	})
	l.lost(t.Context(), w.client, map[string][]int32{outboxTopic: {0}})
	w.client.SetOffsets(map[string]map[int32]kgo.EpochOffset{outboxTopic: {0: {Epoch: -1, Offset: 0}}})
	held.shut.Store(false)
	l.assigned(t.Context(), w.client, map[string][]int32{outboxTopic: {0}})
	r.awaitLoaded()
	r.checkAudit()
}
