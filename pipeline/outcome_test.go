package pipeline_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// faulty is an error that brokers answer with, so many times, to one kind of
// request.
type faulty struct {
	key   kmsg.Key
	err   *kerr.Error
	count int
	// renewed says that the client must be replaced first for such a request to
	// be made.
	renewed bool
}

func faults() []faulty {
	var all []faulty
	add := func(key kmsg.Key, renewed bool, codes ...*kerr.Error) {
		for _, code := range codes {
			all = append(all, faulty{key: key, err: code, count: 1, renewed: renewed})
		}
	}
	add(kmsg.TxnOffsetCommit, false, kerr.IllegalGeneration, kerr.RebalanceInProgress, kerr.UnknownMemberID,
		kerr.ConcurrentTransactions, kerr.CoordinatorNotAvailable, kerr.NotCoordinator, kerr.ProducerFenced,
		kerr.InvalidTxnState, kerr.RequestTimedOut, kerr.TransactionAbortable, kerr.FencedInstanceID, kerr.UnknownServerError)
	add(kmsg.EndTxn, false, kerr.ConcurrentTransactions, kerr.CoordinatorNotAvailable, kerr.NotCoordinator,
		kerr.TransactionAbortable, kerr.UnknownServerError, kerr.ProducerFenced, kerr.InvalidProducerEpoch,
		kerr.InvalidTxnState,
		kerr.RequestTimedOut)
	add(kmsg.Produce, false, kerr.NotLeaderForPartition, kerr.RequestTimedOut, kerr.NotEnoughReplicasAfterAppend,
		kerr.NotEnoughReplicas, kerr.InvalidProducerEpoch, kerr.ProducerFenced, kerr.InvalidTxnState,
		kerr.OutOfOrderSequenceNumber,
		kerr.MessageTooLarge, kerr.TransactionAbortable, kerr.UnknownServerError)
	add(kmsg.InitProducerID, true, kerr.ConcurrentTransactions, kerr.CoordinatorNotAvailable, kerr.NotCoordinator,
		kerr.ProducerFenced, kerr.InvalidProducerEpoch, kerr.UnknownServerError)
	add(kmsg.OffsetFetch, true, kerr.UnstableOffsetCommit, kerr.CoordinatorLoadInProgress, kerr.NotCoordinator,
		kerr.CoordinatorNotAvailable, kerr.UnknownServerError)
	add(kmsg.Heartbeat, false, kerr.RebalanceInProgress, kerr.IllegalGeneration, kerr.UnknownMemberID,
		kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.FencedInstanceID, kerr.UnknownServerError)
	add(kmsg.Fetch, false, kerr.NotLeaderForPartition, kerr.UnknownTopicOrPartition, kerr.UnknownTopicID,
		kerr.OffsetNotAvailable, kerr.FencedLeaderEpoch, kerr.UnknownLeaderEpoch, kerr.KafkaStorageError,
		kerr.CorruptMessage, kerr.UnknownServerError, kerr.RequestTimedOut)
	return all
}

// TestPipelineGoesOnAfterErrors answers every kind of request with each error
// that it can meet. The pipeline goes on by itself, and what it wrote is right.
// The bubble of virtual time would not end while a goroutine is left.
func TestPipelineGoesOnAfterErrors(t *testing.T) {
	for _, f := range faults() {
		t.Run(kmsg.NameForKey(int16(f.key))+"/"+f.err.Message, func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) { v.survive(f) })
		})
	}
}

// byPipeline lets requests of the test's own client pass.
func byPipeline(r kmsg.Request) bool {
	produce, is := r.(*kmsg.ProduceRequest)
	return !is || produce.TransactionID != nil
}

func (v *virtual) survive(f faulty) {
	v.t.Helper()
	all := items(dirtyLoad(600))
	v.setWall(all[len(all)-1].At)
	cfg := v.honest()
	v.produce(all[:300])
	p := v.run(cfg)
	v.caughtUp(cfg)
	if f.renewed {
		v.engine.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.InvalidTxnState})
	}
	fired := v.engine.Fault(kfake.Fault{Keys: []kmsg.Key{f.key}, Err: f.err, Count: f.count,
		TopLevel: f.key == kmsg.EndTxn || f.key == kmsg.InitProducerID || f.key == kmsg.Heartbeat,
		When:     byPipeline})
	v.produce(all[300:])
	time.Sleep(10 * time.Second) // so that no request of the test's own meets it
	if fired.Hits() == 0 {
		v.t.Error("the fault did not happen")
	}
	fired.Remove()
	v.caughtUp(cfg)
	if ready, why := p.Ready(); !ready {
		v.t.Errorf("not ready after the fault: %s", why)
	}
	if err := p.stop(); err != nil {
		v.t.Fatal(err)
	}
	v.verify(cfg, len(all))
}
