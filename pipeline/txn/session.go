package txn

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/assign"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/restore"
)

// session is the life of one client in the group: join, loop, leave.
type session struct {
	p        *Process
	group    *kgo.GroupTransactSession
	client   *kgo.Client
	reader   *kgo.Client // without a group: restores, log ends
	balancer *assign.Balancer
	asker    endsAsker

	inputOf          map[string]int
	topicIDs         map[string][16]byte
	outboxPartitions int32

	life       sessionLife
	partitions *partitions

	active  map[int32]*lane.Lane // restored and read from
	lanes   []*lane.Lane         // the same, in order
	restore *restore.Schedule
	source  *restore.Source // what shards are restored from, as the topics are in this session

	lastCommit       time.Time
	steppedAt        time.Time
	arrived          int // records that were read since
	uncommittedBytes int64
	open             int   // backfills, as last told of
	late             bool  // in the last step a clock has stopped on its way
	fitting          bool  // a fit of the model has more to read at once
	turn             int   // the lane that is first in the next step
	fetchBytes       int32 // of a fetch, as the client was last told
	shareBytes       int32 // of a partition
}

// session runs one client until the context ends (nil), the client must be
// replaced (errReplaceClient) or nothing can be done (any other error).
func (p *Process) session(ctx context.Context) error {
	s := &session{p: p, partitions: newPartitions(), active: map[int32]*lane.Lane{}, inputOf: map[string]int{},
		balancer: assign.New(p.cfg.topicNames()), lastCommit: time.Now(), fetchBytes: fetchMaxBytes,
		shareBytes: fetchPartitionMaxBytes}
	for i := range p.cfg.Inputs {
		s.inputOf[p.cfg.Inputs[i].Topic] = i
	}
	p.watchdog.begin(&p.watchdog.loop, "reach Kafka", patient)
	defer s.close()
	if err := s.connect(ctx); err != nil {
		return err
	}
	if err := s.checkTopics(ctx); err != nil {
		return err
	}
	if err := s.loadVersions(ctx); err != nil {
		return fmt.Errorf("%w: %w", errReplaceClient, err)
	}
	s.life.become(joining)
	if err := s.join(); err != nil {
		return err
	}
	// A restarted process must end its previous life's open transaction before
	// it reads anything: InitProducerID does.
	p.watchdog.begin(&p.watchdog.loop, "begin as a producer", patient)
	if _, _, err := s.client.ProducerID(ctx); err != nil {
		return fmt.Errorf("%w: begin as a producer: %w", errReplaceClient, err)
	}
	if err := s.resolvePending(ctx); err != nil {
		return err
	}
	background, stop := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	tasks.Add(1)
	go func() {
		defer tasks.Done()
		s.asker.run(background, s)
	}()
	s.steppedAt = time.Now()
	s.restore = restore.NewSchedule(background, s.source)
	s.life.become(working)
	err := s.loop(ctx)
	s.waits("close the client", endTimeout)
	// A final error leaves the group: whoever corrects its cause need not wait.
	if err != nil && !errors.Is(err, errReplaceClient) && !s.life.over() {
		s.life.become(leaving)
	}
	stop()
	tasks.Wait()
	s.restore.Wait()
	return err
}

// connect makes the client without a group.
func (s *session) connect(ctx context.Context) error {
	reader, err := kgo.NewClient(append(s.p.common(), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// It writes the records that ask the brokers for the time.
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DisableIdempotentWrite())...)
	if err != nil {
		return fmt.Errorf("make a Kafka client: %w", err)
	}
	s.reader = reader
	if err := reader.Ping(ctx); err != nil {
		s.p.cfg.Observer.Ready(false, "Kafka does not answer: "+err.Error())
		return fmt.Errorf("%w: reach Kafka: %w", errReplaceClient, err)
	}
	if err := CheckBrokers(ctx, reader); errors.Is(err, ErrBrokersTooOld) {
		return err
	} else if err != nil {
		return fmt.Errorf("%w: %w", errReplaceClient, err)
	}
	return nil
}

// join makes the client in the group. It comes after the check of the topics:
// a client that has seen a topic refuses one that is made anew in its place.
func (s *session) join() error {
	group, err := kgo.NewGroupTransactSession(s.options()...)
	if err != nil {
		return fmt.Errorf("make a Kafka client: %w", err)
	}
	s.group, s.client = group, group.Client()
	return nil
}

// close stops taking part in the group without leaving it: a static member that comes
// back finds its place. After a clean stop it says goodbye, when the client is
// closed: one that still runs would join again.
func (s *session) close() {
	if !s.life.over() {
		s.life.become(parting)
	}
	defer s.life.become(closed)
	if s.client != nil {
		s.client.CloseAllowingRebalance()
	}
	if s.life.state() == leaving {
		s.leave()
	}
	if s.reader != nil {
		s.reader.Close()
	}
}

// leave gives up the static membership, so that another instance need not wait
// for the session to run out.
func (s *session) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	admin := kadm.NewClient(s.reader)
	if _, err := admin.LeaveGroup(ctx, kadm.LeaveGroup(s.p.cfg.Group).InstanceIDs(s.p.cfg.InstanceID)); err != nil {
		s.p.cfg.Logger.Debug("leave the group", "error", err.Error())
	}
}

// onAssigned pauses new partitions until their shards are restored.
func (s *session) onAssigned(_ context.Context, cl *kgo.Client, gained map[string][]int32) {
	cl.PauseFetchPartitions(gained)
	for _, numbers := range gained {
		for _, n := range numbers {
			s.partitions.give(n)
		}
	}
}

// onGone notes partitions that were revoked or lost. Cooperative moves call it
// with nothing in it. It never waits: the session calls it under a lock that
// the end of a transaction needs.
func (s *session) onGone(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
	if s.life.over() {
		return
	}
	for _, numbers := range gone {
		for _, n := range numbers {
			s.partitions.takeAway(n)
		}
	}
}
