package outbox

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/twmb/franz-go/pkg/kgo"
)

// worker loads one partition for the time of one assignment. A partition that
// is taken away and given back gets a new worker, so nothing of an old
// assignment can act on a new one.
type worker struct {
	loader    *Loader
	client    *kgo.Client
	partition int32

	hard  context.Context // done: let go at once
	letGo context.CancelCauseFunc
	soft  context.Context // done, with hard or before: finish what is in hand, without retries
	halts context.CancelCauseFunc
	done  chan struct{}

	// Handed over by the poll loop.
	queueLock  sync.Mutex
	queue      []*kgo.Record
	queueBytes int64
	paused     bool
	wake       chan struct{}

	// The offset commit is made under this lock, so that it cannot happen after
	// the partition is gone (a late commit moves past what a successor has not
	// loaded).
	commitLock sync.Mutex
	revoked    bool

	// The worker's goroutine alone.
	batches map[signal.Table]*joined
	next    int64 // the offset to commit; -1: nothing was read
	epoch   int32
	since   time.Time      // when the oldest pending record was taken
	rejects map[string]int // rows refused since the last insert that went in, by table
	probe   int
	problem bool
	unfit   bool // a table did not fit since the flush began

	reserved int64 // of the loader's room, for what is pending
}

func newWorker(l *Loader, client *kgo.Client, partition int32) *worker {
	hard, letGo := context.WithCancelCause(context.Background())
	soft, halts := context.WithCancelCause(hard)
	return &worker{
		loader: l, client: client, partition: partition, hard: hard, letGo: letGo, soft: soft, halts: halts,
		done: make(chan struct{}), wake: make(chan struct{}, 1),
		batches: map[signal.Table]*joined{}, next: -1, rejects: map[string]int{},
	}
}

// give hands records over. It never blocks: where too much waits, the partition
// is paused and resumed once the queue is empty.
func (w *worker) give(records []*kgo.Record) {
	w.queueLock.Lock()
	for _, r := range records {
		w.queue = append(w.queue, r)
		w.queueBytes += int64(len(r.Value))
	}
	if w.queueBytes > w.loader.config.QueueBytes && !w.paused {
		w.paused = true
		w.client.PauseFetchPartitions(w.topic())
	}
	w.queueLock.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// take gives the records that wait and makes room.
func (w *worker) take() []*kgo.Record {
	w.queueLock.Lock()
	defer w.queueLock.Unlock()
	records := w.queue
	w.queue, w.queueBytes = nil, 0
	if w.paused {
		w.paused = false
		w.client.ResumeFetchPartitions(w.topic())
	}
	return records
}

func (w *worker) topic() map[string][]int32 {
	return map[string][]int32{w.loader.config.OutboxTopic: {w.partition}}
}

// run is the worker's goroutine.
func (w *worker) run() {
	defer close(w.done)
	defer w.forget()
	due := time.NewTimer(time.Hour)
	defer due.Stop()
	for {
		select {
		case <-w.soft.Done():
			w.finish()
			return
		case <-w.wake:
		case <-due.C:
		}
		if err := w.gather(w.hard, w.take()); err != nil {
			return
		}
		if w.next < 0 || w.since.IsZero() {
			continue
		}
		if wait := w.loader.config.InsertEvery - w.loader.now().Sub(w.since); wait > 0 {
			due.Reset(wait)
			continue
		}
		if err := w.flush(w.hard); err != nil {
			return
		}
	}
}

// finish loads what is in hand once more before the worker ends; what fails
// now is the successor's.
func (w *worker) finish() {
	if !w.since.IsZero() {
		_ = w.flush(w.hard)
	}
}

// flush inserts all that is pending, then commits its offset. Where a table did
// not fit meanwhile, it inserts all again: whoever put that one right may have
// made the others anew, too.
func (w *worker) flush(ctx context.Context) error {
	for again := true; again; again = w.unfit {
		w.unfit = false
		if err := w.insert(ctx); err != nil {
			return err
		}
	}
	if err := w.commit(ctx); err != nil {
		return err
	}
	w.forget()
	return nil
}

// insert brings all that is pending into its tables.
func (w *worker) insert(ctx context.Context) error {
	for _, of := range slices.Sorted(maps.Keys(w.batches)) {
		b := w.batches[of]
		if b.count == 0 {
			continue
		}
		for _, table := range w.loader.sink.Tables(of) {
			if err := w.load(ctx, target{table, b}, 0, b.count); err != nil {
				return err
			}
		}
	}
	return nil
}

// forget drops what is pending: it is loaded, or another worker's.
func (w *worker) forget() {
	for outbox, b := range w.batches {
		w.loader.metrics.pendingRows.WithLabelValues(outbox.String()).Sub(float64(b.count))
	}
	clear(w.batches)
	w.loader.room.Release(w.reserved)
	w.reserved = 0
	w.since = time.Time{}
	w.loader.oldest(w.partition, time.Time{})
}

// stop ends the worker and returns when its goroutine is gone: what is in hand
// may finish within the time, then it is let go. Without time nothing is
// committed any more: the partition is another's already.
func (w *worker) stop(within time.Duration) {
	if within <= 0 {
		w.letGo(errStopped)
		w.revoke()
	}
	w.halts(errStopped)
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-w.done:
	case <-timer.C:
	}
	w.letGo(errStopped)
	<-w.done
	w.revoke()
}

// revoke keeps the worker from committing any more.
func (w *worker) revoke() {
	w.commitLock.Lock()
	defer w.commitLock.Unlock()
	w.revoked = true
}
