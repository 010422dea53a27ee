package outbox_test

import (
	"errors"
	"testing"
	"time"

	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox"
	"github.com/holdfast/holdfast/sinks/outbox/conformance"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var first = map[string][]int32{conformance.OutboxTopic: {0}}

// rig is a broker and a store in memory.
type rig struct {
	*conformance.Rig
	store *memory
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return &rig{conformance.NewRig(t), newMemory()}
}

func (r *rig) loader(change func(*outbox.Config)) *outbox.Loader {
	r.T.Helper()
	return r.Loader(r.store, change)
}

// arrived checks that every customer row that was produced is there.
func (r *rig) arrived() {
	r.T.Helper()
	want := 0
	for _, last := range r.Expected() {
		want += int(last)
	}
	for _, table := range r.store.Tables(signal.TableCustomer) {
		if n := len(r.store.Rows(r.T, table)); n != want {
			r.T.Errorf("%d rows in %s, want %d; log:\n%s", n, table, want, r.Log)
		}
	}
}

// TestTransactionsAreFollowedToTheEnd: aborted blocks are not loaded, and the
// markers do not leave a lag behind.
func TestTransactionsAreFollowedToTheEnd(t *testing.T) {
	r := newRig(t)
	producer := r.Client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionalID("shop-1"))
	inTransaction := func(shard uint16, end kgo.TransactionEndTry) {
		if err := producer.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		block := score.NewCustomerBlock(conformance.Euros)
		for n := range 10 {
			block.Append(conformance.CustomerRow(shard, r.Expected()[shard]+uint64(n)+1))
		}
		record := &kgo.Record{Topic: conformance.OutboxTopic, Partition: 1, Value: block.Encode(nil)}
		if err := producer.ProduceSync(t.Context(), record).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := producer.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
		if end == kgo.TryCommit {
			r.Expect(shard, 10)
		}
	}
	inTransaction(0, kgo.TryCommit)
	inTransaction(1, kgo.TryAbort)
	inTransaction(0, kgo.TryCommit)
	inTransaction(2, kgo.TryAbort)
	r.Running(r.loader(nil))
	r.AwaitLoaded()
	r.arrived()
	if lag := r.Lag(); lag[1].Committed != lag[1].End || lag[1].End != 8 {
		t.Errorf("lag %+v", lag)
	}
}

// TestRebalances: loaders come and go while rows flow; nothing is skipped.
func TestRebalances(t *testing.T) {
	r := newRig(t)
	older := r.Running(r.loader(nil))
	for i := range 6 {
		for range 4 {
			r.Customers(int32(i%2), uint16(i%3), 30, nil)
		}
		l := r.loader(nil)
		newer := r.Running(l)
		r.Customers(0, 5, 20, nil)
		r.Await("the second loader has a partition", func() bool { return l.Owns() == 1 })
		r.Customers(1, 6, 20, nil)
		if i%2 == 0 {
			older()
			older = newer
			continue
		}
		newer()
	}
	r.AwaitLoaded()
	r.arrived()
}

// TestLostPartitionIsNotCommitted: a worker whose partition is taken away in the
// middle of an insert neither commits nor outlives the call.
func TestLostPartitionIsNotCommitted(t *testing.T) {
	r := newRig(t)
	r.Customers(0, 0, 10, nil)
	release := r.store.held()
	l := r.loader(nil)
	r.Running(l)
	<-r.store.waits
	w, _ := l.Owned(0)
	l.Lose(w, first)
	if !w.Ended() {
		t.Fatal("the worker outlived its partition")
	}
	release()
	if err := w.CommitLate(t.Context(), 1); !errors.Is(err, outbox.ErrStopped) {
		t.Errorf("a late commit: %v", err)
	}
	if lag := r.Lag(); lag[0].Committed != 0 {
		t.Errorf("committed: %+v", lag)
	}
	// Empty lists come with cooperative rebalances.
	l.Revoke(w, nil)
	l.Assign(w, map[string][]int32{conformance.OutboxTopic: nil})
}

// TestStopIsBounded: a stop does not wait for a store that does not answer.
func TestStopIsBounded(t *testing.T) {
	r := newRig(t)
	defer r.store.held()()
	r.Customers(0, 0, 10, nil)
	stop := r.Running(r.loader(func(c *outbox.Config) { c.StopTimeout = 50 * time.Millisecond }))
	<-r.store.waits
	if got := r.Metric("holdfast_sink_pending_rows", "table", "customer"); got != 10 {
		t.Errorf("%v rows pending before the stop", got)
	}
	begun := time.Now()
	stop()
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("stopped after %s", took)
	}
	if got := r.Metric("holdfast_sink_pending_rows", "table", "customer"); got != 0 {
		t.Errorf("%v rows pending after the stop", got)
	}
}

// TestRetentionHole: rows that the outbox no longer has are a visible error.
func TestRetentionHole(t *testing.T) {
	r := newRig(t)
	r.Customers(0, 0, 10, nil)
	stop := r.Running(r.loader(nil))
	r.AwaitLoaded()
	stop()
	for range 3 {
		r.Customers(0, 0, 10, nil)
	}
	request := kmsg.NewPtrDeleteRecordsRequest()
	request.Topics = []kmsg.DeleteRecordsRequestTopic{{Topic: conformance.OutboxTopic,
		Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Partition: 0, Offset: 3}}}}
	if _, err := request.RequestWith(t.Context(), r.Producer); err != nil {
		t.Fatal(err)
	}
	l := r.loader(nil)
	r.Running(l)
	r.Await("the hole is told", func() bool { return l.Problems()[0].Class == "kafka" })
	if lag := r.Lag(); lag[0].Committed != 1 {
		t.Errorf("went on behind the hole: %+v", lag)
	}
}

// TestBackpressure: while inserts wait, the queue stays bounded; afterwards
// everything arrives, also for a successor of a paused partition.
func TestBackpressure(t *testing.T) {
	r := newRig(t)
	for range 5 {
		r.Customers(0, 0, 10, nil)
	}
	release := r.store.held()
	l := r.loader(func(c *outbox.Config) { c.QueueBytes, c.BatchRows = 1, 10 })
	r.Running(l)
	<-r.store.waits
	w, _ := l.Owned(0)
	for range 5 {
		r.Customers(0, 0, 10, nil)
	}
	r.Await("the partition is paused", w.Paused)
	l.Lose(w, first)
	w.Client().SetOffsets(map[string]map[int32]kgo.EpochOffset{conformance.OutboxTopic: {0: {Epoch: -1, Offset: 0}}})
	release()
	l.Assign(w, first)
	r.AwaitLoaded()
	r.arrived()
}

// TestRowsArriveThroughLittleRoom: workers that have to wait for each other's room
// load what they have, all of it arrives, and the room is free again.
func TestRowsArriveThroughLittleRoom(t *testing.T) {
	r := newRig(t)
	for i := range 24 {
		r.Customers(int32(i%conformance.Partitions), uint16(i%3), 50, nil)
	}
	l := r.loader(func(c *outbox.Config) { c.PendingBytes = 200 << 10 }) // less than two blocks
	stop := r.Running(l)
	r.AwaitLoaded()
	r.arrived()
	stop()
	if !l.AllRoomIsFree() {
		t.Error("room is lost")
	}
}

// TestStoreIsTrustedUntilAnInsertFails: checks cost queries, so a store that
// passed is asked again only after a failure, or a while.
func TestStoreIsTrustedUntilAnInsertFails(t *testing.T) {
	r := newRig(t)
	l := r.loader(func(c *outbox.Config) { c.Waits.Trust = time.Hour })
	check := func(what string, want error) {
		t.Helper()
		if err := l.Fits(t.Context()); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
	}
	check("right", nil)
	r.store.Enter(t, conformance.Empty)
	check("trusted", nil)
	l.Distrust()
	check("distrusted", errMissing)
	r.store.Enter(t, conformance.Right)
	check("right again", nil)
}

// TestIdleLoaderSaysWhatTheStoreIs: also while there is nothing to insert.
func TestIdleLoaderSaysWhatTheStoreIs(t *testing.T) {
	r := newRig(t)
	l := r.loader(func(c *outbox.Config) { c.Waits.Look = 20 * time.Millisecond })
	r.Running(l)
	r.Customers(0, 0, 1, nil)
	r.AwaitLoaded()
	for _, state := range []conformance.State{conformance.Away, conformance.Empty, conformance.WrongShape} {
		r.store.Enter(t, state)
		r.Await("it says "+state.String(), func() bool { return len(l.Problems()) == 1 })
		r.store.Enter(t, conformance.Right)
		r.Await("it is over", func() bool { return len(l.Problems()) == 0 })
	}
}

func TestIncompleteConfiguration(t *testing.T) {
	deps := outbox.Deps{Kafka: []kgo.Opt{kgo.ClientID("x")}, Sink: newMemory()}
	for name, c := range map[string]struct {
		config outbox.Config
		deps   outbox.Deps
	}{
		"no dead letters": {outbox.Config{Group: "g", OutboxTopic: "o"}, deps},
		"no group":        {outbox.Config{OutboxTopic: "o", DeadLetterTopic: "d"}, deps},
		"no connections":  {outbox.Config{Group: "g", OutboxTopic: "o", DeadLetterTopic: "d"}, outbox.Deps{}},
	} {
		if _, err := outbox.New(c.config, c.deps); !errors.Is(err, outbox.ErrConfig) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
