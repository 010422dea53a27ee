package txn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/assign"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/restore"
)

// loop polls, applies and commits until the context ends.
func (s *session) loop(ctx context.Context) error {
	s.p.watchdog.committed()
	for ctx.Err() == nil {
		err := s.once(ctx)
		if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) && s.p.commit != unresolved {
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
	if s.late || s.fitting {
		until = time.Now()
	}
	if err := s.poll(ctx, until); err != nil {
		return err
	}
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
	s.answerQuestions()
	s.fitting = s.refit(ctx, time.Now())
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
	for _, l := range s.lanes {
		if l.Busy() {
			return true
		}
	}
	return false
}

// reassign follows the group: lanes of partitions that are gone are let go,
// new ones are restored, restored ones are read from.
func (s *session) reassign(ctx context.Context) error {
	if err := s.release(ctx, s.partitions.letGo()); err != nil {
		return err
	}
	if err := s.restoreWaiting(ctx); err != nil {
		return err
	}
	done, err := s.restore.Finished()
	if errors.Is(err, restore.ErrTransient) {
		return fmt.Errorf("%w: %w", errReplaceClient, err)
	}
	if err != nil {
		return err
	}
	for _, l := range done {
		if s.partitions.read(l.Partition()) {
			s.activate(l)
		}
	}
	return nil
}

// restoreWaiting starts a restore for every partition that waits for one.
func (s *session) restoreWaiting(ctx context.Context) error {
	all := s.partitions.waiting()
	if len(all) == 0 {
		return nil
	}
	standings, err := s.standings(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errReplaceClient, err)
	}
	for _, n := range all {
		if !s.partitions.restore(n) {
			continue
		}
		st := standings[n]
		if l := s.p.lanes[n]; l != nil && st.Known && st.Mark == l.GroupMark() {
			s.restore.Reuse(l) // it is where the group says: nobody else has worked on it
			continue
		}
		delete(s.p.lanes, n)
		s.restore.Start(n, st)
	}
	return nil
}

// release takes back the commit at hand and lets go of the lanes whose
// partitions the group has taken away, also where they have come back since:
// someone else may have worked on them, and reading them is paused. The session
// aborts a commit during which anything was revoked, and says so only once: an
// End must follow before the next revoke is heard of.
func (s *session) release(ctx context.Context, gone map[int32]bool) error {
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
	s.restore.Cancel(gone)
	for n, cameBack := range gone {
		delete(s.active, n)
		if !cameBack {
			delete(s.p.lanes, n)
			s.p.cfg.Observer.Released(n)
		}
	}
	s.order()
	s.rewind()
	return nil
}

// activate begins to read for a restored lane, at its own positions.
func (s *session) activate(l *lane.Lane) {
	s.active[l.Partition()] = l
	s.p.lanes[l.Partition()] = l
	s.order()
	l.Begin(time.Now())
	at := map[string]map[int32]kgo.EpochOffset{}
	resume := map[string][]int32{}
	for i := range s.p.cfg.Inputs {
		topic := s.p.cfg.Inputs[i].Topic
		if position, known := l.Position(i); known {
			at[topic] = map[int32]kgo.EpochOffset{l.Partition(): {Epoch: -1, Offset: position}}
		}
		resume[topic] = []int32{l.Partition()}
	}
	s.client.SetOffsets(at)
	s.client.ResumeFetchPartitions(resume)
}

func (s *session) order() {
	s.lanes = s.lanes[:0]
	for _, l := range s.p.owned() {
		if s.active[l.Partition()] == l {
			s.lanes = append(s.lanes, l)
		}
	}
	for _, l := range s.lanes {
		l.SetHoldBytes(s.p.cfg.MergeBytes / int64(len(s.lanes)))
	}
}

// undoAll takes back the commit at hand in every lane.
func (s *session) undoAll() {
	for _, l := range s.lanes {
		l.Undo()
	}
	s.uncommittedBytes = 0
	s.p.settle()
}

// rewind lets the client read from where the lanes stand. The session's own
// rewind would go to what it believes committed, which is what was polled.
func (s *session) rewind() {
	at := map[string]map[int32]kgo.EpochOffset{}
	for _, l := range s.lanes {
		l.Seek(time.Now())
	}
	s.arrived = 0
	for i := range s.p.cfg.Inputs {
		topic := s.p.cfg.Inputs[i].Topic
		at[topic] = map[int32]kgo.EpochOffset{}
		for _, l := range s.lanes {
			if position, known := l.Position(i); known {
				at[topic][l.Partition()] = kgo.EpochOffset{Epoch: -1, Offset: position}
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
	s.life.become(stopping)
	s.p.stopping.Store(true)
	s.p.cfg.Observer.Ready(false, "stopping")
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
	s.life.become(leaving)
	return nil
}

// unfinished reports whether a clean stop still has something to write.
func (s *session) unfinished() bool {
	for _, l := range s.lanes {
		if l.Unfinished() {
			return true
		}
	}
	return false
}

// clockAhead says which shard's clock is ahead of the wall time; empty where none is.
func (s *session) clockAhead() string {
	wall := s.p.wall()
	for _, l := range s.lanes {
		if at := l.ClockReading(); at > wall {
			return fmt.Sprintf("the clock of shard %d stands at %s, and the host's says %s: no batch is made; if the host's "+
				"clock is right, a clock was wrong before, and what was concluded since is taken back by `holdfast clock repair`",
				l.Partition(), timeOf(at), timeOf(wall))
		}
	}
	return ""
}

// tellDoubt logs that the host's clock is not believed, and that it is again.
func (p *Process) tellDoubt(doubt string) {
	switch {
	case doubt != "" && p.doubt == "":
		p.cfg.Logger.Warn("the host's clock is not believed; no batch is made", "reason", doubt)
	case doubt == "" && p.doubt != "":
		p.cfg.Logger.Info("the host's clock is believed again")
	}
	p.doubt = doubt
}

// report publishes readiness and the gauges.
func (s *session) report() {
	silence, doubted, ahead := s.asker.silence(), s.p.times.doubted(), s.clockAhead()
	s.p.tellDoubt(doubted)
	switch {
	case silence != nil:
		s.p.cfg.Observer.Ready(false, "Kafka does not answer: "+silence.Error())
	case doubted != "":
		s.p.cfg.Observer.Ready(false, doubted)
	case ahead != "":
		s.p.cfg.Observer.Ready(false, ahead)
	case s.p.refusal != "":
		s.p.cfg.Observer.Ready(false, "nothing can be committed: "+s.p.refusal)
	case s.balancer.Role() == assign.RoleIdle:
		s.p.cfg.Observer.Ready(false, "another instance of the group owns all partitions; several instances: not yet")
	case len(s.lanes) < int(s.p.partitions):
		s.p.cfg.Observer.Ready(false, s.restore.Describe())
	default:
		s.p.cfg.Observer.Ready(true, "")
	}
	s.look()
}
