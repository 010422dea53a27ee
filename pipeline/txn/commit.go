package txn

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/pipeline/lane"
)

// One commit is one Kafka transaction: alerts, dead letters, outbox blocks,
// batch-log entries, some dirty pages, and the applied offsets of every owned
// partition with the mark of its batch. It is begun here and ended here: what
// the batches cause is gathered in the lanes until then.

// errReplaceClient means that the client can do no more: close it, make a
// new one with the same transactional id, and let the group's offsets decide.
var errReplaceClient = errors.New("the client must be replaced")

// commitDue reports whether the commit at hand should be ended now.
func (s *session) commitDue(now time.Time) bool {
	if now.Sub(s.lastCommit) < s.p.cfg.CommitEvery && s.uncommittedBytes < s.p.cfg.CommitBytes && !s.full() {
		return false
	}
	for _, l := range s.lanes {
		if l.CommitDue(now, s.p.stopping.Load()) {
			return true
		}
	}
	return false
}

// full reports whether the commit at hand holds as much as it may.
func (s *session) full() bool { return s.heldBytes() >= s.p.cfg.EffectBytes }

// heldBytes is about what the commit at hand holds.
func (s *session) heldBytes() (held int64) {
	for _, l := range s.lanes {
		held += l.HeldBytes()
	}
	return held
}

// commit ends the commit at hand. A nil error means that Kafka and the
// shards agree: either all of it happened, or it was taken back and reading
// goes on from the last commit.
func (s *session) commit(ctx context.Context, flushPages bool) error {
	s.waits("commit", endTimeout)
	if err := s.prepare(flushPages); err != nil {
		return err
	}
	if err := s.group.Begin(); err != nil {
		return s.abandon(fmt.Errorf("begin a transaction: %w", err))
	}
	// Once begun it is ended, also when a stop is asked for meanwhile: what
	// comes of it would have to be found out again by the next start.
	ctx = context.WithoutCancel(ctx)
	ended, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	produced := newProduced()
	s.produce(ended, produced)
	if err := s.client.Flush(ended); err != nil {
		return s.abandon(fmt.Errorf("flush a transaction: %w", err))
	}
	if err := produced.err(); err != nil {
		// A refused record does not fail the transaction by itself.
		s.p.cfg.Observer.Trouble("commit", err)
		s.p.refused(err)
		committed, endErr := s.group.End(ended, kgo.TryAbort)
		return s.settle(ctx, committed, endErr, "produce")
	}
	committed, err := s.group.End(kgo.PreTxnCommitFnContext(ended, s.offsets), kgo.TryCommit)
	return s.settle(ctx, committed, err, "end")
}

// prepare lets every lane say what the transaction holds of it, in parallel.
func (s *session) prepare(flushPages bool) error {
	a := lane.Around{Moment: s.p.moment(time.Now()), Flush: flushPages, Stopping: s.p.stopping.Load(),
		IDs: s.topicIDs, OutboxPartitions: s.outboxPartitions}
	commits := make([]*lane.Commit, len(s.lanes))
	group := errgroup.Group{}
	group.SetLimit(s.p.parallel)
	for i, l := range s.lanes {
		group.Go(func() (err error) {
			commits[i], err = l.Prepare(&a)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s.p.commits, s.p.commit = commits, commitSteps.step(s.p.commit, committing)
	for _, c := range commits {
		s.p.cfg.Observer.Prepared(c)
	}
	return nil
}

// produce hands the transaction's records to the client.
func (s *session) produce(ctx context.Context, produced *produced) {
	for _, c := range s.p.commits {
		for r := range c.Records() {
			s.client.Produce(ctx, r, produced.done)
		}
	}
}

// settle acts on what End said. Only (true, nil) is a commit for certain: an
// unconfirmed one also arrives as (false, nil).
func (s *session) settle(ctx context.Context, committed bool, err error, reason string) error {
	switch {
	case err == nil && committed:
		s.finish()
		return nil
	case err == nil:
		s.p.cfg.Observer.Ended("aborted", reason)
		return s.resolve(ctx)
	}
	s.p.cfg.Observer.Ended("unknown", reason)
	return s.abandon(fmt.Errorf("end a transaction: %w", err))
}

// finish makes the commit at hand final in every lane.
func (s *session) finish() {
	s.p.keepCommits()
	s.p.cfg.Observer.Ended("committed", "")
	s.lastCommit, s.uncommittedBytes = time.Now(), 0
	s.p.refusal = ""
	s.p.watchdog.committed()
}

// refused notes that brokers do not take a record, and logs it once.
func (p *Process) refused(err error) {
	if p.refusal == "" {
		p.cfg.Logger.Warn("a transaction is taken back, and tried again: a record is refused", "error", err.Error())
	}
	p.refusal = err.Error()
}

// keepCommits makes the commits that were prepared final: Kafka has them.
func (p *Process) keepCommits() {
	for _, c := range p.commits {
		p.cfg.Observer.Committed(c)
		p.lanes[c.Partition].Keep(c)
	}
	p.settle()
}

// abandon leaves the commit's outcome open: the lanes keep the batch and
// what undoes it until the group's offsets have said which it was.
func (s *session) abandon(err error) error {
	s.p.commit = commitSteps.step(s.p.commit, unresolved)
	s.p.cfg.Observer.Trouble("commit", err)
	return fmt.Errorf("%w: %w", errReplaceClient, err)
}

// offsets sets the offsets that the transaction commits: exactly what has been
// applied, for every owned partition of every input, with the mark of the
// shard's batch. The session's own would be what was polled.
func (s *session) offsets(req *kmsg.TxnOffsetCommitRequest) error {
	if req.Generation < 0 {
		// Before the first join a broker would take this commit unfenced.
		return fmt.Errorf("commit before the group is joined: %w", kerr.IllegalGeneration)
	}
	req.Topics = req.Topics[:0]
	for i := range s.p.cfg.Inputs {
		topic := kmsg.NewTxnOffsetCommitRequestTopic()
		topic.Topic = s.p.cfg.Inputs[i].Topic
		topic.TopicID = s.topicIDs[topic.Topic]
		for _, c := range s.p.commits {
			part := kmsg.NewTxnOffsetCommitRequestTopicPartition()
			part.Partition, part.Offset = c.Partition, c.Offsets[i]
			part.Metadata = kmsg.StringPtr(c.Mark.String())
			topic.Partitions = append(topic.Partitions, part)
		}
		req.Topics = append(req.Topics, topic)
	}
	return nil
}

// produced gathers the errors of a transaction's records.
type produced struct {
	mu    sync.Mutex
	first error
}

func newProduced() *produced { return &produced{} }

func (d *produced) done(r *kgo.Record, err error) {
	if err == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.first == nil {
		d.first = fmt.Errorf("produce %d bytes to %s/%d: %w%s", len(r.Key)+len(r.Value), r.Topic, r.Partition, err,
			produceRemedy(err))
	}
}

func (d *produced) err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.first
}

// produceRemedy says what to do about a record that is refused.
func produceRemedy(err error) string {
	switch {
	case errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.RecordListTooLarge):
		return ": raise max.message.bytes of the topic; `holdfast validate` says what it should be"
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.TransactionalIDAuthorizationFailed):
		return ": grant Write on it to this user"
	}
	return ""
}
