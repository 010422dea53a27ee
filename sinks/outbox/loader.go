package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/semaphore"
)

// Loader brings the outbox into a store. Make it with New, run it once.
type Loader struct {
	config  Config
	kafka   []kgo.Opt
	sink    Sink
	log     *slog.Logger
	now     func() time.Time
	metrics *metrics
	room    *semaphore.Weighted // of PendingBytes

	lock     sync.Mutex
	workers  map[int32]*worker
	position map[int32]int64
	pending  map[int32]time.Time
	problems map[int32]Problem
	fitted   time.Time // when the store last passed its check
}

// Keys of problems that are of no one partition.
const (
	groupProblem = -1 // the group cannot be joined, or is lost
	storeProblem = -2 // the store is away, or not as it should be
)

// Problem is what keeps a partition from being loaded.
type Problem struct {
	Class string // unreachable, busy, ambiguous, configuration, kafka, kafka_write
	Text  string
	Since time.Time
}

// New checks the configuration and registers metrics; it talks to nobody.
func New(config Config, deps Deps) (*Loader, error) {
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	if deps, err = deps.complete(); err != nil {
		return nil, err
	}
	m, err := newMetrics(deps.Registerer, deps.Sink.Name())
	if err != nil {
		return nil, err
	}
	return &Loader{
		config: config, kafka: deps.Kafka, sink: deps.Sink, log: deps.Log, now: deps.Now, metrics: m,
		room:    semaphore.NewWeighted(config.PendingBytes),
		workers: map[int32]*worker{}, position: map[int32]int64{}, pending: map[int32]time.Time{},
		problems: map[int32]Problem{},
	}, nil
}

// Run loads until ctx is done, and then returns nil once what was in hand is
// loaded or let go. Nothing about the store ends it: while it is away, empty, of
// another shape or closed to this user, it waits and Problems says which. It
// gives up only where Kafka refuses for good.
func (l *Loader) Run(ctx context.Context) error {
	if !l.awaitStore(ctx) {
		return nil
	}
	client, err := kgo.NewClient(append(slices.Clone(l.kafka),
		kgo.ConsumerGroup(l.config.Group),
		kgo.ConsumeTopics(l.config.OutboxTopic),
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()), // below the log start: say so, never skip
		kgo.FetchMaxBytes(int32(min(l.config.QueueBytes, 64<<20))),
		kgo.RecordPartitioner(deadLetterPartitioner),
		kgo.ProducerBatchMaxBytes(largeBatchBytes),
		kgo.OnPartitionsAssigned(l.assigned),
		kgo.OnPartitionsRevoked(l.revoked),
		kgo.OnPartitionsLost(l.lost),
	)...)
	if err != nil {
		return fmt.Errorf("make the loader's Kafka client: %w", err)
	}
	defer client.CloseAllowingRebalance()
	looks, stopLooking := context.WithCancel(ctx)
	var looking sync.WaitGroup
	looking.Go(func() { l.lookAtStore(looks) })
	err = l.poll(ctx, client)
	stopLooking()
	looking.Wait()
	l.stopWorkers(slices.Collect(maps.Keys(l.owned())), l.config.StopTimeout)
	return err
}

// poll hands fetched records to the workers. A rebalance waits until they are
// handed over: records of an old assignment never meet a new worker.
func (l *Loader) poll(ctx context.Context, client *kgo.Client) error {
	for {
		fetches := client.PollRecords(ctx, 1000)
		if ctx.Err() != nil || fetches.IsClientClosed() {
			client.AllowRebalance()
			return nil
		}
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			if p.Err != nil && p.Topic != l.config.OutboxTopic {
				l.fetchFailed(groupProblem, p.Err) // of the group session
				return
			}
			if p.Err != nil {
				l.fetchFailed(p.Partition, p.Err)
			}
			if w := l.owned()[p.Partition]; w != nil && len(p.Records) > 0 {
				l.fetchWorks(p.Partition)
				w.give(p.Records)
			}
		})
		client.AllowRebalance()
	}
}

// fetchFailed says what the client cannot heal by itself.
func (l *Loader) fetchFailed(partition int32, err error) {
	var loss *kgo.ErrDataLoss
	if errors.As(err, &loss) { // the client has gone on by itself
		l.log.Error("outbox has lost records", "partition", partition, "from", loss.ConsumedTo, "to", loss.ResetTo)
		return
	}
	text := clip(err.Error())
	if errors.Is(err, kerr.OffsetOutOfRange) {
		text = "the outbox no longer has the record at the committed offset: rows are missing; " +
			"stop, and run `holdfast offsets skip --loader`, which goes on behind them"
	}
	if l.setProblem(partition, unreadable, text) {
		l.log.Error("outbox cannot be read", "partition", partition, "problem", text)
	}
}

// fetchWorks ends what fetchFailed reported.
func (l *Loader) fetchWorks(partition int32) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.problems[partition].Class == unreadable.String() {
		delete(l.problems, partition)
	}
}

func (l *Loader) owned() map[int32]*worker {
	l.lock.Lock()
	defer l.lock.Unlock()
	return maps.Clone(l.workers)
}

// assigned starts a worker per partition; the lists may be empty. It may come
// before NewClient has returned, so it goes by the client that it is given.
func (l *Loader) assigned(_ context.Context, client *kgo.Client, topics map[string][]int32) {
	l.lock.Lock()
	defer l.lock.Unlock()
	delete(l.problems, groupProblem)
	// The client remembers what an earlier assignment has paused.
	client.ResumeFetchPartitions(map[string][]int32{l.config.OutboxTopic: topics[l.config.OutboxTopic]})
	for _, partition := range topics[l.config.OutboxTopic] {
		w := newWorker(l, client, partition)
		l.workers[partition] = w
		go w.run()
	}
}

// revoked is called while the partitions are still ours: what is in hand may be
// finished. It returns when their workers are gone, because the group does not
// check by partition who commits.
func (l *Loader) revoked(_ context.Context, _ *kgo.Client, topics map[string][]int32) {
	l.stopWorkers(topics[l.config.OutboxTopic], l.config.StopTimeout)
}

// lost is called when they are another's already: nothing may be finished.
func (l *Loader) lost(_ context.Context, _ *kgo.Client, topics map[string][]int32) {
	l.stopWorkers(topics[l.config.OutboxTopic], 0)
}

func (l *Loader) stopWorkers(partitions []int32, within time.Duration) {
	var all sync.WaitGroup
	for _, partition := range partitions {
		l.lock.Lock()
		w := l.workers[partition]
		delete(l.workers, partition)
		l.lock.Unlock()
		if w != nil {
			all.Go(func() { w.stop(within) })
		}
	}
	all.Wait()
	l.lock.Lock()
	defer l.lock.Unlock()
	for _, partition := range partitions {
		delete(l.position, partition)
		delete(l.problems, partition)
	}
}
