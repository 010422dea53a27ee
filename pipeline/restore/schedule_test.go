package restore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/restore"
)

var kgoTransactional = kgo.TransactionalID("writer")

// finished waits for what a schedule has ready.
func finished(t *testing.T, s *restore.Schedule) ([]*lane.Lane, error) {
	t.Helper()
	for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(5 * time.Millisecond) {
		if ready, err := s.Finished(); err != nil || len(ready) > 0 {
			return ready, err
		}
	}
	t.Fatal("nothing is ready")
	return nil, nil
}

// TestRestoresBesideEachOther: each is handed out once, and a failure once.
func TestRestoresBesideEachOther(t *testing.T) {
	h := busy(t)
	h.put()
	restored := 0
	h.source.Restored = func(time.Duration) { restored++ }
	s := restore.NewSchedule(t.Context(), h.source)
	if got := s.Describe(); got != "waiting for partitions to be assigned" {
		t.Errorf("before the first: %q", got)
	}
	s.Start(ours, h.standing)
	ready, err := finished(t, s)
	if err != nil || len(ready) != 1 || ready[0].Partition() != ours {
		t.Fatalf("%v, %v", ready, err)
	}
	h.same(ready[0])
	s.Reuse(ready[0])
	if again, err := s.Finished(); err != nil || len(again) != 1 || again[0] != ready[0] {
		t.Errorf("a lane that needs no restore: %v, %v", again, err)
	}
	if none, err := s.Finished(); err != nil || len(none) != 0 {
		t.Errorf("handed out twice: %v, %v", none, err)
	}
	wrong := h.standing
	wrong.Mark.Batch++
	s.Start(ours, wrong)
	if _, err := finished(t, s); !errors.Is(err, restore.ErrForeign) {
		t.Errorf("a restore that is refused: %v", err)
	}
	if none, err := s.Finished(); err != nil || len(none) != 0 {
		t.Errorf("refused twice: %v, %v", none, err)
	}
	if s.Wait(); restored != 1 {
		t.Errorf("%d restores are told of, want 1", restored)
	}
}

// TestARestoreIsCancelled while it waits for brokers: nothing of it is handed
// out, and one that is started in its place is.
func TestARestoreIsCancelled(t *testing.T) {
	h := busy(t)
	h.put()
	s := restore.NewSchedule(t.Context(), h.source)
	fault := h.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.NotLeaderForPartition, Count: -1})
	s.Start(ours, h.standing)
	for fault.Hits() == 0 {
		time.Sleep(time.Millisecond)
	}
	if got := s.Describe(); !strings.Contains(got, "restoring 1 partitions") {
		t.Errorf("while it waits: %q", got)
	}
	s.Cancel(map[int32]bool{ours + 1: true}) // another
	if got := s.Describe(); !strings.Contains(got, "restoring 1 partitions") {
		t.Errorf("after another one was cancelled: %q", got)
	}
	s.Cancel(map[int32]bool{ours: false}) // gone, and back by now
	if got := s.Describe(); got != "waiting for partitions to be assigned" {
		t.Errorf("cancelled: %q", got)
	}
	fault.Remove()
	s.Start(ours, h.standing)
	s.Wait()
	ready, err := s.Finished()
	if err != nil || len(ready) != 1 {
		t.Fatalf("%d lanes are ready, %v, want the second's", len(ready), err)
	}
	h.same(ready[0])
}

// TestWhatIsReadyIsGoneWithItsPartition, and so is what failed.
func TestWhatIsReadyIsGoneWithItsPartition(t *testing.T) {
	h := stopped(t)
	h.put()
	s := restore.NewSchedule(t.Context(), h.source)
	s.Start(ours, h.standing)
	wrong := h.standing
	wrong.Mark.Batch++
	s.Wait()
	s.Cancel(map[int32]bool{ours: true})
	s.Start(ours, wrong)
	s.Wait()
	s.Cancel(map[int32]bool{ours: true})
	if ready, err := s.Finished(); err != nil || len(ready) != 0 {
		t.Errorf("%v, %v", ready, err)
	}
}

// TestTheEndOfASession ends what is on its way, and what waits for its turn.
func TestTheEndOfASession(t *testing.T) {
	h := busy(t)
	h.put()
	ctx, cancel := context.WithCancel(t.Context())
	h.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.NotLeaderForPartition, Count: -1})
	s := restore.NewSchedule(ctx, h.source)
	for n := range int32(20) {
		s.Start(n, lane.Standing{})
	}
	cancel()
	began := time.Now()
	s.Wait()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it takes %s", took)
	}
}
