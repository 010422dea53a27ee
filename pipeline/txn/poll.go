package txn

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/restore"
)

// poll waits for records until the moment given, and gives them to their
// lanes. It allows a rebalance at once: a revoke makes the commit abort,
// which costs a repetition, while one that had to wait for us could hang
// (kept out of the group, with End waiting for a rebalance that waits for us).
func (s *session) poll(ctx context.Context, until time.Time) error {
	wait := max(time.Until(until), time.Millisecond)
	pollCtx, cancel := context.WithTimeout(ctx, wait)
	s.fitFetches()
	fetches := s.group.PollRecords(pollCtx, s.p.cfg.MaxPollRecords)
	cancel()
	s.group.AllowRebalance()
	var failure error
	fetches.EachError(func(topic string, partition int32, err error) {
		if failure == nil {
			failure = s.fetchFailure(topic, partition, err)
		}
	})
	if failure != nil {
		return failure
	}
	fetches.EachPartition(func(f kgo.FetchTopicPartition) { s.give(&f) })
	return nil
}

// fitFetches asks for less at once where batches grow much when they are
// unpacked: what does not fit into the budget would be fetched again. And it asks
// for a share of every partition: one that is read ahead of the others waits.
func (s *session) fitFetches() {
	// Half of it: the other half is what was fetched before and is not applied yet.
	fits := int32(min(max(s.p.fetchPool.packedBytes(s.p.cfg.FetchBytes/2), leastFetchBytes), fetchMaxBytes))
	largest := s.p.fetchPool.largestBatch()
	share := min(max(fits/int32(max(len(s.lanes)*len(s.p.cfg.Inputs), 1)), largest, leastFetchBytes), fits,
		fetchPartitionMaxBytes)
	differ := func(a, b int32) bool { return a < b/2 || a > 2*b || a > b && (a == fetchMaxBytes || a == largest) }
	if differ(fits, s.fetchBytes) || differ(share, s.shareBytes) {
		s.fetchBytes, s.shareBytes = fits, share
		s.client.UpdateFetchMaxBytes(fits, share)
	}
}

// give hands what was fetched of a partition to its lane.
func (s *session) give(f *kgo.FetchTopicPartition) {
	l := s.active[f.Partition]
	input, known := s.inputOf[f.Topic]
	skip, skips := restore.Undecodable(f.Err)
	if l == nil || !known || len(f.Records) == 0 && !skips {
		for _, r := range f.Records {
			r.Recycle() // let go while it was fetched: its next owner reads it
		}
		return
	}
	now := time.Now()
	taken, bytes := l.Take(input, f.Records, now)
	s.arrived += taken
	s.uncommittedBytes += bytes
	if skips {
		if l.TakeSkip(input, skip, now) {
			s.arrived++
		}
		s.client.SetOffsets(map[string]map[int32]kgo.EpochOffset{
			f.Topic: {f.Partition: {Epoch: skip.Epoch, Offset: skip.NextOffset}}})
	}
}

// fetchFailure decides what an error of a fetch means: nothing, a new client,
// or the end.
func (s *session) fetchFailure(topic string, partition int32, err error) error {
	_, skips := restore.Undecodable(err)
	var membership *kgo.ErrGroupSession
	if errors.As(err, &membership) {
		return s.groupFailure(err)
	}
	switch {
	case skips, errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return nil
	case errors.Is(err, kgo.ErrClientClosed):
		return errReplaceClient
	case errors.Is(err, kerr.OffsetOutOfRange):
		return fmt.Errorf("read %s/%d: %w: %w: records that were not read yet have been deleted by retention; restore them, "+
			"or go on without them: stop, and run `holdfast offsets skip --input %s/%d`, which counts what is lost",
			topic, partition, restore.ErrLostUnread, err, topic, partition)
	case errors.Is(err, kerr.UnknownTopicID), errors.Is(err, kerr.UnknownTopicOrPartition),
		errors.Is(err, kerr.InconsistentTopicID):
		return fmt.Errorf("read %s/%d: %w: %s", topic, partition, err, topicGone)
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.SaslAuthenticationFailed):
		return fmt.Errorf("read %s/%d: %w: grant Read on it to this user", topic, partition, err)
	}
	s.p.cfg.Observer.Trouble("fetch", fmt.Errorf("read %s/%d: %w", topic, partition, err))
	return nil
}

// groupFailure decides what it means that the group could not be joined or
// threw us out. The client joins again by itself.
func (s *session) groupFailure(err error) error {
	err = fmt.Errorf("be a member of group %s: %w", s.p.cfg.Group, err)
	switch {
	case isFenced(err):
		return fmt.Errorf("%w: %w", errReplaceClient, err)
	case errors.Is(err, kerr.GroupAuthorizationFailed):
		return fmt.Errorf("%w: grant Read on it to this user", err)
	}
	s.p.cfg.Observer.Trouble("group", err)
	return nil
}

// step lets every lane make batches of what was read and apply them, until the
// commit at hand holds as much as it may.
func (s *session) step(now time.Time) error {
	asked, _ := s.asker.get()
	wall := s.p.wall()
	if err := s.checkUnread(asked); err != nil {
		return err
	}
	s.steppedAt = now
	if s.p.times.believe(wall, now) != "" {
		s.arrived, s.late = 0, false
		s.pace()
		return nil // what was read waits
	}
	in := lane.Intake{Moment: s.p.moment(now), Asked: asked, Most: max(s.p.cfg.MaxPollRecords/max(len(s.lanes), 1), 1)}
	in.Wall = wall // the one that is believed
	short := s.waitingBytes() > s.p.cfg.FetchBytes/2 || s.p.budget.short(now)
	held, left := atomic.Int64{}, atomic.Int64{}
	held.Store(s.heldBytes())
	group := errgroup.Group{}
	group.SetLimit(s.p.parallel)
	for i := range s.lanes {
		l := s.lanes[(s.turn+i)%len(s.lanes)]
		group.Go(func() error {
			before := l.HeldBytes()
			if held.Load() >= s.p.cfg.EffectBytes {
				left.Add(1) // after the commit
				return nil
			}
			if err := l.Work(&in); err != nil {
				return err
			}
			held.Add(l.HeldBytes() - before)
			l.KeepWaiting(short)
			s.moves("poll and apply") // each shard has its own time
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s.arrived, s.late = 0, s.anyLate()
	if left.Load() > 0 {
		s.turn, s.steppedAt = s.turn+len(s.lanes)-int(left.Load()), time.Time{}
	}
	s.pace()
	return nil
}

// checkUnread refuses to go on where records were deleted before they were
// read: nothing may be concluded from their silence.
func (s *session) checkUnread(asked *lane.LogEnds) error {
	if asked == nil {
		return nil
	}
	for _, l := range s.lanes {
		for i := range asked.Ends {
			if r, next := asked.Ends[i][l.Partition()], l.NextToRead(i); next < r.Start {
				return restore.LostUnread(s.p.cfg.Inputs[i].Topic, l.Partition(), next, r.Start)
			}
		}
	}
	return nil
}

// stepDue reports whether what was read should be applied now: once a commit
// interval, so that a batch is a commit's and not a poll's, or when there is much of it.
func (s *session) stepDue(now time.Time) bool {
	return s.arrived >= s.p.cfg.MaxPollRecords/2 || s.arrivedBytes() >= stepBytes || s.late ||
		now.Sub(s.steppedAt) >= s.p.cfg.CommitEvery
}

// stepBytes is how much may be read before it is applied.
const stepBytes = 8 << 20

func (s *session) arrivedBytes() (n int64) {
	if s.arrived == 0 {
		return 0
	}
	return s.waitingBytes()
}

// waitingBytes is what waits in memory, over all shards.
func (s *session) waitingBytes() (n int64) {
	for _, l := range s.lanes {
		n += l.WaitingBytes()
	}
	return n
}

// anyLate reports whether a shard has left out what it could have applied, or
// its clock has stopped on its way: it goes on at once.
func (s *session) anyLate() bool {
	for _, l := range s.lanes {
		if l.Late() {
			return true
		}
	}
	return false
}

// pace pauses the partitions that are ahead where too much waits, and reads on
// where it does no longer.
func (s *session) pace() {
	pause, resume := map[string][]int32{}, map[string][]int32{}
	now := time.Now()
	for _, l := range s.lanes {
		into := func(m map[string][]int32) func(int) {
			return func(input int) {
				topic := s.p.cfg.Inputs[input].Topic
				m[topic] = append(m[topic], l.Partition())
			}
		}
		l.Pace(now, into(pause), into(resume))
	}
	if len(pause) > 0 {
		s.client.PauseFetchPartitions(pause)
	}
	if len(resume) > 0 {
		s.client.ResumeFetchPartitions(resume)
	}
}
