package txn

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Limits of the client.
const (
	fetchMaxBytes          = 8 << 20   // one fetch's answer, packed: some 100,000 events
	fetchPartitionMaxBytes = 2 << 20   // of one partition
	leastFetchBytes        = 64 << 10  // of both, where batches grow much when they are unpacked
	brokerMaxReadBytes     = 256 << 20 // above the largest record that a topic may allow
	largeBatchBytes        = 8 << 20   // where pages, blocks and dead letters lie: those topics allow as much
	maxProduceBytes        = 32 << 20  // what is written and not acknowledged: a commit of more waits
	usualBatchBytes        = 1_000_012 // elsewhere: what a broker takes unless told otherwise
)

// common are the options of every client.
func (p *Process) common() []kgo.Opt {
	return append([]kgo.Opt{
		kgo.ClientID("holdfast"),
		// Quick at first, for leaders that move; calm later, for brokers that
		// are away. A constant short pause ends retries too early.
		kgo.RetryBackoffFn(func(tries int) time.Duration {
			return min(50*time.Millisecond<<min(tries-1, 8), 500*time.Millisecond)
		}),
		// At the default of 5 s a topic used right after its creation, or after
		// a leader has moved, costs up to that.
		kgo.MetadataMinAge(250 * time.Millisecond),
		kgo.BrokerMaxReadBytes(brokerMaxReadBytes),
		kgo.MaxDecompressBatchBytes(p.cfg.BatchBytes),
		kgo.WithLogger(kgoLogger{p.cfg.Logger}),
	}, p.cfg.Client...)
}

// options are those of the client in the group.
func (s *session) options() []kgo.Opt {
	c := &s.p.cfg
	manual := map[string]bool{c.Topics.Checkpoint: true, c.Topics.BatchLog: true, c.Topics.Outbox: true,
		c.Topics.DeadLetters: true}
	byKey := kgo.StickyKeyPartitioner(nil)
	place := kgo.ManualPartitioner()
	pool, unpack := s.p.fetchPool, s.p.decompressor
	return append(s.p.common(),
		kgo.ConsumeTopics(c.topicNames()...),
		kgo.ConsumerGroup(c.Group),
		kgo.InstanceID(c.InstanceID),
		kgo.Balancers(s.balancer),
		kgo.SessionTimeout(c.SessionTimeout),
		kgo.HeartbeatInterval(c.SessionTimeout/10),
		kgo.RebalanceTimeout(3*c.SessionTimeout),
		kgo.TransactionalID(c.Group+"-"+c.InstanceID),
		kgo.TransactionTimeout(c.TransactionTimeout),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// A marker or an aborted tail must move the position, or the clock
		// would wait for a record that never comes.
		kgo.KeepControlRecords(),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()), // never skip silently what retention deleted
		kgo.WithPools(pool),
		kgo.WithHooks(pool),
		kgo.WithDecompressor(unpack),
		kgo.FetchMaxBytes(fetchMaxBytes),
		kgo.FetchMaxPartitionBytes(fetchPartitionMaxBytes),
		kgo.FetchMaxWait(time.Second),
		kgo.ProducerBatchMaxBytesFn(func(topic string) int32 {
			if manual[topic] && topic != c.Topics.BatchLog {
				return largeBatchBytes
			}
			return usualBatchBytes
		}),
		kgo.ProducerLinger(0),
		kgo.MaxBufferedBytes(maxProduceBytes),
		kgo.RecordPartitioner(partitioner{manual: manual, place: place, byKey: byKey}),
		kgo.OnPartitionsAssigned(s.onAssigned),
		kgo.OnPartitionsRevoked(s.onGone),
		kgo.OnPartitionsLost(s.onGone),
	)
}

// partitioner puts records of internal topics where they say, others by key.
type partitioner struct {
	manual       map[string]bool
	place, byKey kgo.Partitioner
}

// ForTopic implements kgo.Partitioner.
func (p partitioner) ForTopic(topic string) kgo.TopicPartitioner {
	if p.manual[topic] {
		return p.place.ForTopic(topic)
	}
	return p.byKey.ForTopic(topic)
}
