package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/state"
)

// restores are the shards on their way back. Each is an object of its own,
// cancellable, outside any callback; other shards keep running meanwhile.
type restores struct {
	s     *session
	ctx   context.Context
	tasks sync.WaitGroup
	gate  chan struct{}

	mu      sync.Mutex
	running map[int32]*restore
	done    []restored
}

type restore struct {
	partition int32
	cancel    context.CancelFunc
	remaining atomic.Int64 // records that are still to be read, as far as known
}

type restored struct {
	task *restore
	lane *lane.Lane
	err  error
}

// parallelRestores bounds the memory and connections of restores.
const parallelRestores = 4

func newRestores(s *session, ctx context.Context) *restores {
	return &restores{s: s, ctx: ctx, gate: make(chan struct{}, parallelRestores), running: map[int32]*restore{}}
}

// begin starts a restore for every assigned partition that is neither read
// from nor on its way, and cancels those whose partitions went meanwhile, also
// where they came back.
func (r *restores) begin(ctx context.Context, assigned []int32, gone map[int32]bool) error {
	missing := r.missing(assigned, gone)
	if len(missing) == 0 {
		return nil
	}
	all, err := r.s.standings(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errReplaceClient, err)
	}
	for _, n := range missing {
		if l := r.s.p.lanes[n]; l != nil && all[n].known && all[n].mark == l.GroupMark() {
			r.mu.Lock()
			r.done = append(r.done, restored{task: &restore{partition: n}, lane: l})
			r.mu.Unlock()
			continue // it is where the group says: nobody else has worked on it
		}
		delete(r.s.p.lanes, n)
		r.start(n, all[n])
	}
	return nil
}

// missing cancels what is no longer wanted and says what is not there yet.
func (r *restores) missing(assigned []int32, gone map[int32]bool) []int32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n, task := range r.running {
		if gone[n] {
			task.cancel()
			delete(r.running, n)
		}
	}
	r.done = slices.DeleteFunc(r.done, func(d restored) bool { return gone[d.task.partition] })
	return slices.DeleteFunc(slices.Clone(assigned), func(n int32) bool {
		finished := slices.ContainsFunc(r.done, func(d restored) bool { return d.task.partition == n })
		return r.s.active[n] != nil || r.running[n] != nil || finished
	})
}

func (r *restores) start(n int32, st standing) {
	ctx, cancel := context.WithCancel(r.ctx)
	task := &restore{partition: n, cancel: cancel}
	r.mu.Lock()
	r.running[n] = task
	r.mu.Unlock()
	r.tasks.Add(1)
	go func() {
		defer r.tasks.Done()
		defer cancel()
		select {
		case r.gate <- struct{}{}:
			defer func() { <-r.gate }()
		case <-ctx.Done():
			return
		}
		began := time.Now()
		l, err := r.s.restoreShard(ctx, task, st)
		if err == nil {
			r.s.p.metrics.restoreSeconds.Observe(time.Since(began).Seconds())
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.running[n] == task { // else it was cancelled meanwhile
			delete(r.running, n)
			r.done = append(r.done, restored{task: task, lane: l, err: err})
		}
	}()
}

// finished gives the lanes that are ready to be read from.
func (r *restores) finished() ([]*lane.Lane, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ready []*lane.Lane
	for _, d := range r.done {
		if d.err != nil {
			r.done = nil
			return nil, d.err
		}
		ready = append(ready, d.lane)
	}
	r.done = r.done[:0]
	return ready, nil
}

// wait waits for restores that were cancelled to end.
func (r *restores) wait() { r.tasks.Wait() }

// describe says in words what is not ready yet.
func (r *restores) describe() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.running) == 0 {
		return "waiting for partitions to be assigned"
	}
	var remaining int64
	for _, task := range r.running {
		remaining += task.remaining.Load()
	}
	return fmt.Sprintf("restoring %d partitions, about %d records to read", len(r.running), remaining)
}

// restoreShard brings a shard to where the group's offsets say it stands:
// pages, then the batches that they do not reflect yet.
func (s *session) restoreShard(ctx context.Context, task *restore, st standing) (*lane.Lane, error) {
	l, err := lane.New(task.partition, s.p.laneConfig)
	if err != nil {
		return nil, err
	}
	l.SetTopicIDs(s.topicIDs)
	ranges, err := checkpoint.EndOffsets(ctx, s.reader, s.p.cfg.topicNames())
	if err != nil {
		return nil, fmt.Errorf("%w: ask for log starts and ends: %w", errReplaceClient, err)
	}
	header, err := s.readPages(ctx, l, task)
	if err != nil {
		return nil, s.restoreFailure(task, "read pages", err)
	}
	if err := s.checkHeader(header); err != nil {
		return nil, fmt.Errorf("restore shard %d: %w", task.partition, err)
	}
	entries, err := s.readLog(ctx, l, task, header, st)
	if err != nil {
		return nil, s.restoreFailure(task, "read the batch log", err)
	}
	if err := s.checkHistory(l, st, header, entries); err != nil {
		return nil, fmt.Errorf("restore shard %d: %w", task.partition, err)
	}
	l.FinishLoading()
	if len(entries) == 0 {
		l.BeginAfresh(s.starts(ranges, task.partition), newEpoch(s.p.wall()))
		return l, nil
	}
	last := &entries[len(entries)-1]
	places, err := s.checkInputs(last)
	if err != nil {
		return nil, fmt.Errorf("restore shard %d: %w", task.partition, err)
	}
	if err := s.replay(ctx, l, task, entries); err != nil {
		return nil, s.restoreFailure(task, "replay", err)
	}
	if header != nil {
		if err := l.Shard().Slab().CheckWhole(header.Pages); err != nil {
			return nil, s.restoreFailure(task, "read pages", err)
		}
	}
	l.Resume(last, places, s.starts(ranges, task.partition), st.mark)
	if err := s.checkPositions(l, st, ranges); err != nil {
		return nil, fmt.Errorf("restore shard %d: %w", task.partition, err)
	}
	return l, nil
}

// restoreFailure tells what another try may mend from what it will not.
func (s *session) restoreFailure(task *restore, what string, err error) error {
	var below *checkpoint.BelowLogStartError
	err = fmt.Errorf("restore shard %d: %s: %w", task.partition, what, err)
	switch {
	case errors.As(err, &below):
		return fmt.Errorf("%w; restore them, or go on without them: stop, and run `holdfast offsets skip --input %s/%d`, which counts "+
			"what is lost", err, below.Topic, below.Partition)
	case isDamage(err):
		return fmt.Errorf("%w; restore it, or, %s", err, s.p.anew())
	}
	return fmt.Errorf("%w: %w", errReplaceClient, err)
}

// readPages loads every page of the shard's checkpoint, the latest of each,
// and returns its header; nil if there is none.
func (s *session) readPages(ctx context.Context, l *lane.Lane, task *restore) (*checkpoint.Header, error) {
	var header *checkpoint.Header
	topic := s.p.cfg.Topics.Checkpoint
	err := s.readAll(ctx, topic, l.Partition(), 0, task, func(r *kgo.Record) error {
		shardNumber, page, ok := checkpoint.ParsePageKey(r.Key)
		switch {
		case !ok || r.Value == nil:
			return nil
		case shardNumber != uint32(l.Partition()):
			return fmt.Errorf("%s/%d offset %d: a page of shard %d lies here: %w", topic, l.Partition(), r.Offset,
				shardNumber, state.ErrPageMisplace)
		case page == 0:
			h, err := checkpoint.DecodeHeader(r.Value)
			if err != nil {
				return fmt.Errorf("%s/%d offset %d: %w", topic, l.Partition(), r.Offset, err)
			}
			header = &h
			return nil
		}
		s.p.reach(MidRestore)
		if err := l.LoadPage(r.Value, page-1); err != nil {
			return fmt.Errorf("%s/%d offset %d: %w", topic, l.Partition(), r.Offset, err)
		}
		return nil
	})
	return header, err
}

// readLog reads the entries that the header does not make dispensable, and
// keeps those that a replay needs, and the last.
func (s *session) readLog(ctx context.Context, l *lane.Lane, task *restore, header *checkpoint.Header, st standing) ([]checkpoint.Entry, error) {
	var entries []checkpoint.Entry
	from := int64(0)
	if header != nil {
		from = header.LogOffset
	}
	topic := s.p.cfg.Topics.BatchLog
	err := s.readAll(ctx, topic, l.Partition(), from, task, func(r *kgo.Record) error {
		e, err := checkpoint.DecodeEntry(r.Value)
		if err != nil {
			return fmt.Errorf("%s/%d offset %d: %w", topic, l.Partition(), r.Offset, err)
		}
		if n := len(entries); n > 0 && e.Batch != entries[n-1].Batch+1 {
			return fmt.Errorf("%s/%d offset %d: batch %d follows batch %d: %w", topic, l.Partition(), r.Offset,
				e.Batch, entries[n-1].Batch, errHole)
		}
		l.NoteLogged(e.Batch, r.Offset)
		entries = append(dispensed(entries, e.OldestNeeded), e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if header == nil {
		return entries, nil
	}
	l.NoteLogFloor(header.LogOffset)
	if len(entries) > 0 && entries[len(entries)-1].Batch >= header.Batch {
		return entries, nil
	}
	// The log is empty, or ends before the header. The header stands for it
	// only where nothing can have followed: it says so, or the group does.
	if header.Last || st.known && st.mark.Batch == header.Batch {
		return []checkpoint.Entry{header.Entry}, nil
	}
	return nil, fmt.Errorf("%s/%d holds no batch from %d on, and the process did not end cleanly: batches that followed "+
		"are lost to retention, and what pages hold of them would be counted twice: %w", topic, l.Partition(), header.Batch, errCut)
}

// dispensed drops the entries before the oldest that is needed.
func dispensed(entries []checkpoint.Entry, oldest uint64) []checkpoint.Entry {
	n := 0
	for n < len(entries) && entries[n].Batch < oldest {
		n++
	}
	return entries[:copy(entries, entries[n:])]
}

// checkHistory reports whether pages, batch log and group tell one history.
func (s *session) checkHistory(l *lane.Lane, st standing, header *checkpoint.Header, entries []checkpoint.Entry) error {
	newest := l.Shard().Slab().NewestPage()
	if len(entries) == 0 {
		if st.known || newest > 0 {
			return fmt.Errorf("%w: the group stands at batch %d, pages at batch %d, and %s holds nothing: it was deleted or "+
				"emptied; restore it, or, %s", errForeign, st.mark.Batch, newest, s.p.cfg.Topics.BatchLog, s.p.anew())
		}
		return nil
	}
	last := &entries[len(entries)-1]
	switch {
	case newest > last.Batch:
		return fmt.Errorf("%w: a page reflects batch %d and the batch log ends with %d: its end was lost, and batches would be "+
			"counted twice; restore the topic %s, or, %s", errForeign, newest, last.Batch, s.p.cfg.Topics.BatchLog, s.p.anew())
	case header == nil && last.OldestNeeded > 1:
		// The first commit carries a header. Without one the pages are gone, too.
		return fmt.Errorf("read pages: %w; restore the topic %s, or, %s", state.ErrPageMissing, s.p.cfg.Topics.Checkpoint, s.p.anew())
	case last.Partitions != s.p.partitions:
		return fmt.Errorf("%w: the state was written for %d partitions and the inputs have %d now: keys have moved to other "+
			"partitions, and Kafka takes no partition back; %s", errForeign, last.Partitions, s.p.partitions, s.p.anew())
	case st.known && st.mark.Batch != last.Batch:
		return fmt.Errorf("%w: the group stands at batch %d and the batch log ends with %d: one of them was changed by hand; "+
			"restore it, or, %s", errForeign, st.mark.Batch, last.Batch, s.p.anew())
	}
	if last.ConfigHash != s.p.cfg.ConfigHash && last.OldestNeeded <= last.Batch {
		s.p.cfg.Logger.Warn("replaying batches that were written under another configuration",
			"batches", last.Batch-last.OldestNeeded+1)
	}
	return nil
}

// starts are the log starts of the inputs of a partition number.
func (s *session) starts(ranges map[string]map[int32]checkpoint.Range, partition int32) (all []int64) {
	for _, topic := range s.p.cfg.topicNames() {
		all = append(all, ranges[topic][partition].Start)
	}
	return all
}

// readAll reads a partition from an offset to its high watermark of now.
func (s *session) readAll(ctx context.Context, topic string, partition int32, from int64, task *restore, f func(*kgo.Record) error) error {
	ranges, err := checkpoint.EndOffsets(ctx, s.reader, []string{topic})
	if err != nil {
		return err
	}
	r := ranges[topic][partition]
	_, err = checkpoint.ReadRange(ctx, s.reader, checkpoint.ReadRangeOptions{
		Topic: topic, Partition: partition, From: max(from, r.Start), To: r.End, SkipToLogStart: true,
		Progress: func(position, target int64) { task.remaining.Store(target - position) },
	}, f)
	return err
}
