package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/assign"
)

// loop polls, applies and commits until the context ends.
func (s *session) loop(ctx context.Context) error {
	s.p.watchdog.committed()
	for ctx.Err() == nil {
		err := s.once(ctx)
		if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) && !s.p.pending {
			break // the end was asked for in the middle of something that can be left
		}
		if err != nil {
			return err
		}
	}
	return s.stop()
}

// once is one round: what was assigned, what was read, and when it is time, a
// commit.
func (s *session) once(ctx context.Context) error {
	s.moves("poll and apply")
	if _, err := s.asker.get(); err != nil {
		return err
	}
	if err := s.reassign(ctx); err != nil {
		return err
	}
	until := time.Now().Add(idlePoll)
	if due := s.lastCommit.Add(s.p.cfg.CommitEvery); s.anyBusy() && due.Before(until) {
		until = due
	}
	if s.late {
		until = time.Now()
	}
	if err := s.poll(ctx, until); err != nil {
		return err
	}
	s.p.reach(AfterPoll)
	if now := time.Now(); s.stepDue(now) {
		if err := s.step(now); err != nil {
			return err
		}
	}
	if s.commitDue(time.Now()) {
		if err := s.commit(ctx, false); err != nil {
			return err
		}
	}
	s.report()
	// What was taken back comes again at once: until then it counts as input.
	s.p.watchdog.fed(s.anyBusy() || time.Since(s.lastCommit) <= s.p.cfg.CommitEvery)
	s.moves("poll and apply")
	if err := s.p.watchdog.starved(s.p.watchdog.grace()); err != nil {
		return s.p.watchdog.gaveUp(err)
	}
	return nil
}

// moves is the loop's sign of life: it begins something that does not wait for Kafka.
func (s *session) moves(doing string) {
	s.p.watchdog.begin(&s.p.watchdog.loop, doing, s.p.cfg.StuckAfter)
}

// waits is the same for what may wait for Kafka so long.
func (s *session) waits(doing string, may time.Duration) {
	s.p.watchdog.begin(&s.p.watchdog.loop, doing, may+s.p.cfg.StuckAfter)
}

func (s *session) anyBusy() bool {
	if s.arrived > 0 {
		return true
	}
	for _, w := range s.workers {
		if w.busy() {
			return true
		}
	}
	return false
}

// reassign follows the group: workers of partitions that are gone are let go,
// new ones are restored, restored ones are read from.
func (s *session) reassign(ctx context.Context) error {
	s.mu.Lock()
	changed, gone := s.changed, s.gone
	s.changed, s.gone = false, map[int32]bool{}
	assigned := make([]int32, 0, len(s.assigned))
	for n := range s.assigned {
		assigned = append(assigned, n)
	}
	s.mu.Unlock()
	if changed {
		if err := s.release(ctx, assigned, gone); err != nil {
			return err
		}
		if err := s.restore.begin(ctx, assigned, gone); err != nil {
			return err
		}
	}
	done, err := s.restore.finished()
	if err != nil {
		return err
	}
	for _, w := range done {
		s.activate(w)
	}
	return nil
}

// release takes back the commit at hand and lets go of the workers whose
// partitions the group has taken away, also where they have come back since:
// someone else may have worked on them, and reading them is paused. The session
// aborts a commit during which anything was revoked, and says so only once: an
// End must follow before the next revoke is heard of.
func (s *session) release(ctx context.Context, assigned []int32, gone map[int32]bool) error {
	if len(gone) == 0 {
		return nil
	}
	s.waits("take back a commit", endTimeout)
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	if _, err := s.group.End(ctx, kgo.TryAbort); err != nil {
		return s.abandon(fmt.Errorf("abort after a revoke: %w", err))
	}
	s.undoAll()
	for n := range gone {
		delete(s.active, n)
		if !slices.Contains(assigned, n) {
			delete(s.p.workers, n)
			s.p.metrics.forget(n, s.p.cfg.topicNames())
		}
	}
	s.order()
	s.rewind()
	return nil
}

// activate begins to read for a restored worker, at its own positions.
func (s *session) activate(w *worker) {
	s.active[w.partition] = w
	s.p.workers[w.partition] = w
	s.order()
	w.dropQueues()
	w.clock.fromAsking, w.committed.clock.fromAsking = 0, 0 // this session's askings are all later
	at := map[string]map[int32]kgo.EpochOffset{}
	resume := map[string][]int32{}
	for i := range s.p.cfg.Inputs {
		topic := s.p.cfg.Inputs[i].Topic
		if w.inputs[i].known {
			at[topic] = map[int32]kgo.EpochOffset{w.partition: {Epoch: -1, Offset: w.inputs[i].position}}
		}
		resume[topic] = []int32{w.partition}
	}
	s.client.SetOffsets(at)
	s.client.ResumeFetchPartitions(resume)
}

func (s *session) order() {
	s.workers = s.workers[:0]
	for _, w := range s.p.owned() {
		if s.active[w.partition] == w {
			s.workers = append(s.workers, w)
		}
	}
	for _, w := range s.workers {
		w.holdBytes = max(s.p.cfg.MergeBytes/int64(len(s.workers)), leastHoldBytes)
	}
}

// leastHoldBytes is a shard's share of MergeBytes at least: a record of the
// largest size must find room.
const leastHoldBytes = 1 << 20

// undoAll takes back the commit at hand in every worker.
func (s *session) undoAll() {
	for _, w := range s.workers {
		w.undo()
	}
	s.uncommittedBytes = 0
	s.p.pending = false
}

// rewind lets the client read from where the workers stand. The session's own
// rewind would go to what it believes committed, which is what was polled.
func (s *session) rewind() {
	at := map[string]map[int32]kgo.EpochOffset{}
	for _, w := range s.workers {
		w.dropQueues()
	}
	s.arrived = 0
	for i := range s.p.cfg.Inputs {
		topic := s.p.cfg.Inputs[i].Topic
		at[topic] = map[int32]kgo.EpochOffset{}
		for _, w := range s.workers {
			if w.inputs[i].known {
				at[topic][w.partition] = kgo.EpochOffset{Epoch: -1, Offset: w.inputs[i].position}
			}
		}
	}
	s.client.SetOffsets(at)
}

// stop ends cleanly: what is at hand is committed, all rows and dirty pages
// are written, the group is left.
func (s *session) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	s.p.stopping.Store(true)
	s.p.status.set(false, "stopping")
	for ctx.Err() == nil && s.unfinished() {
		err := s.commit(ctx, true)
		if errors.Is(err, errReplaceClient) {
			s.p.cfg.Logger.Warn("stopped before everything was written; the next start replays it", "reason", err.Error())
			return nil
		}
		if err != nil {
			return err
		}
	}
	s.leaving = true
	return nil
}

// unfinished says whether a clean stop still has something to write.
func (s *session) unfinished() bool {
	for _, w := range s.workers {
		if w.busy() || w.shard.RowsOwed() > 0 || w.pagesDue() || w.headerStale() || !w.headerLast {
			return true
		}
	}
	return false
}

// clockAhead says which shard's clock is ahead of the wall time; empty where none is.
func (s *session) clockAhead() string {
	wall := s.p.wall()
	for _, w := range s.workers {
		if at := max(w.clock.last, w.shard.Position().Clock); at > wall {
			return fmt.Sprintf("the clock of shard %d stands at %s, and the host's says %s: no batch is made; if the host's "+
				"clock is right, a clock was wrong before, and what was concluded since is taken back by `holdfast clock repair`",
				w.partition, timeOf(at), timeOf(wall))
		}
	}
	return ""
}

// report publishes readiness and the gauges.
func (s *session) report() {
	silence, doubted, ahead := s.asker.silence(), s.p.times.doubted(), s.clockAhead()
	switch {
	case silence != nil:
		s.p.status.set(false, "Kafka does not answer: "+silence.Error())
	case doubted != "":
		s.p.status.set(false, doubted)
	case ahead != "":
		s.p.status.set(false, ahead)
	case s.balancer.Role() == assign.RoleIdle:
		s.p.status.set(false, "another instance of the group owns all partitions; several instances: not yet")
	case len(s.workers) < int(s.p.partitions):
		s.p.status.set(false, s.restore.describe())
	default:
		s.p.status.set(true, "")
	}
	s.p.gauges(s)
}
