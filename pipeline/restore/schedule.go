package restore

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/holdfast/holdfast/pipeline/lane"
)

// Schedule holds the shards on their way back. Each is an object of its own,
// cancellable, outside any callback; other shards keep running meanwhile.
type Schedule struct {
	source *Source
	ctx    context.Context
	tasks  sync.WaitGroup
	gate   chan struct{}

	mu      sync.Mutex
	running map[int32]*task
	done    []finished
}

// task is the restore of one partition number.
type task struct {
	cancel   context.CancelFunc
	progress Progress
}

type finished struct {
	partition int32
	lane      *lane.Lane
	err       error
}

// parallelRestores bounds the memory and connections of restores.
const parallelRestores = 4

// NewSchedule makes an empty one; what is started ends with ctx.
func NewSchedule(ctx context.Context, source *Source) *Schedule {
	return &Schedule{source: source, ctx: ctx, gate: make(chan struct{}, parallelRestores), running: map[int32]*task{}}
}

// Cancel ends the restores of partition numbers that are gone, also of those
// that came back meanwhile, as the values say.
func (s *Schedule) Cancel(gone map[int32]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, t := range s.running {
		if _, is := gone[n]; is {
			t.cancel()
			delete(s.running, n)
		}
	}
	s.done = slices.DeleteFunc(s.done, func(d finished) bool {
		_, is := gone[d.partition]
		return is
	})
}

// Reuse takes a lane that needs no restore: nobody else has worked on it.
func (s *Schedule) Reuse(l *lane.Lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = append(s.done, finished{partition: l.Partition(), lane: l})
}

// Start begins to restore a partition number; some run at a time, the others wait.
func (s *Schedule) Start(n int32, st lane.Standing) {
	ctx, cancel := context.WithCancel(s.ctx)
	t := &task{cancel: cancel}
	s.mu.Lock()
	s.running[n] = t
	s.mu.Unlock()
	s.tasks.Add(1)
	go func() {
		defer s.tasks.Done()
		defer cancel()
		select {
		case s.gate <- struct{}{}:
			defer func() { <-s.gate }()
		case <-ctx.Done():
			return
		}
		began := time.Now()
		l, err := s.source.Restore(ctx, n, st, &t.progress)
		if err == nil && s.source.Restored != nil {
			s.source.Restored(time.Since(began))
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.running[n] == t { // else it was cancelled meanwhile
			delete(s.running, n)
			s.done = append(s.done, finished{partition: n, lane: l, err: err})
		}
	}()
}

// Finished returns the lanes that are ready to be read for, each once.
func (s *Schedule) Finished() ([]*lane.Lane, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ready []*lane.Lane
	for _, d := range s.done {
		if d.err != nil {
			s.done = nil
			return nil, d.err
		}
		ready = append(ready, d.lane)
	}
	s.done = s.done[:0]
	return ready, nil
}

// Wait waits for restores that were cancelled to end.
func (s *Schedule) Wait() { s.tasks.Wait() }

// Describe says in words what is not ready yet.
func (s *Schedule) Describe() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.running) == 0 {
		return "waiting for partitions to be assigned"
	}
	var remaining int64
	for _, t := range s.running {
		remaining += t.progress.remaining.Load()
	}
	return fmt.Sprintf("restoring %d partitions, about %d records to read", len(s.running), remaining)
}
