package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/twmb/franz-go/pkg/kgo"
)

// errStopped says that the worker shall end before its work is done. What is
// not committed is loaded again by whoever gets the partition next.
var errStopped = errors.New("stopped")

// worker loads one partition for the time of one assignment. A partition that
// is taken away and given back gets a new worker, so nothing of an old
// assignment can act on a new one.
type worker struct {
	loader    *Loader
	client    *kgo.Client
	partition int32

	stopping chan struct{} // closed: finish what is in hand, without retries
	stopOnce sync.Once
	hard     context.Context // done: let go at once
	cancel   context.CancelFunc
	done     chan struct{}

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
	batches map[signal.Table]*batch
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
	hard, cancel := context.WithCancel(context.Background())
	return &worker{
		loader: l, client: client, partition: partition, stopping: make(chan struct{}), hard: hard, cancel: cancel,
		done: make(chan struct{}), wake: make(chan struct{}, 1),
		batches: map[signal.Table]*batch{}, next: -1, rejects: map[string]int{},
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
		case <-w.stopping:
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

// gather joins records to batches and flushes those that are full.
func (w *worker) gather(ctx context.Context, records []*kgo.Record) error {
	for _, r := range records {
		if err := w.add(ctx, r); err != nil {
			return err
		}
		for _, b := range w.batches {
			if b.rows >= w.loader.config.BatchRows {
				if err := w.flush(ctx); err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

// add takes one record. Control records (the ends of transactions) carry no
// rows but move the offset, so that a loaded outbox has no lag.
func (w *worker) add(ctx context.Context, r *kgo.Record) error {
	var block *signal.Block
	if !r.Attrs.IsControl() {
		var err error
		block, err = signal.Decode(r.Value)
		switch {
		case errors.Is(err, signal.ErrBlockVersion), err != nil && isNewerFormat(r):
			return w.halt(ctx, fmt.Errorf("outbox record %d: %w: %s", r.Offset, err, upgradeOrSkip))
		case err == nil && len(tablesOf(block.Table)) == 0:
			return w.halt(ctx, fmt.Errorf("outbox record %d: rows of an unknown table: %s", r.Offset, upgradeOrSkip))
		case err == nil:
			if err := w.reserve(ctx, block); err != nil {
				return err
			}
			err = w.join(r, block)
		}
		if err != nil {
			if err := w.setAsideRecord(ctx, r, err); err != nil {
				return err
			}
		}
	}
	if w.since.IsZero() {
		w.since = w.loader.now()
		w.loader.oldest(w.partition, r.Timestamp)
	}
	w.next, w.epoch = r.Offset+1, r.LeaderEpoch
	return nil
}

// upgradeOrSkip is what to do about a record that a newer version has written.
const upgradeOrSkip = "a newer version wrote it: upgrade this instance " +
	"(or stop, and run `holdfast offsets skip --loader`, which goes on behind it)"

// isNewerFormat reports whether a record says by its header that its value is of
// a later format than ours: what cannot be decoded then is not rubbish.
func isNewerFormat(r *kgo.Record) bool {
	known, err := strconv.Atoi(signal.FormatVersion)
	for _, h := range r.Headers {
		if h.Key != signal.FormatHeader || err != nil {
			continue
		}
		if number, err := strconv.Atoi(string(h.Value)); err == nil && number > known {
			return true
		}
	}
	return false
}

// cellBytes is about what a value takes on its way: decoded, as the driver takes
// it, and encoded again.
const cellBytes = 32

// reserve waits for room for a block's rows. A worker that has to wait loads
// what it has first: so nobody waits for room that only waiting workers hold.
func (w *worker) reserve(ctx context.Context, block *signal.Block) error {
	bytes := min(int64(block.Rows)*int64(len(block.Columns))*cellBytes, w.loader.config.PendingBytes)
	if !w.loader.room.TryAcquire(bytes) {
		if !w.since.IsZero() {
			if err := w.flush(ctx); err != nil {
				return err
			}
		}
		if err := w.loader.room.Acquire(ctx, bytes); err != nil {
			return errStopped
		}
	}
	w.reserved += bytes
	return nil
}

func (w *worker) join(r *kgo.Record, block *signal.Block) error {
	b := w.batches[block.Table]
	if b == nil {
		b = newBatch(block.Table)
		w.batches[block.Table] = b
	}
	if err := b.add(r, block); err != nil {
		return err
	}
	w.loader.metrics.pendingRows.WithLabelValues(block.Table.String()).Add(float64(block.Rows))
	return nil
}

func (w *worker) setAsideRecord(ctx context.Context, r *kgo.Record, why error) error {
	w.loader.log.Error("outbox record set aside", "partition", r.Partition, "offset", r.Offset, "problem", clip(why.Error()))
	return w.setAside(ctx, letter{
		record: r, value: r.Value, stage: "VALUE_CONVERTER", exception: "signal.Decode",
		message: clip(why.Error()), attempts: 1, seen: w.loader.now(),
	})
}

// halt stops before a record that only a newer version can load: what precedes
// it is loaded, and then the worker waits for its end.
func (w *worker) halt(ctx context.Context, why error) error {
	if !w.since.IsZero() {
		if err := w.flush(ctx); err != nil {
			return err
		}
	}
	w.report(configuration, why)
	<-w.stopping
	return errStopped
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
	for _, outbox := range outboxTables {
		b := w.batches[outbox]
		if b == nil || b.rows == 0 {
			continue
		}
		for _, t := range tablesOf(outbox) {
			if err := w.load(ctx, t, b, 0, b.rows); err != nil {
				return err
			}
		}
	}
	return nil
}

// forget drops what is pending: it is loaded, or another worker's.
func (w *worker) forget() {
	for outbox, b := range w.batches {
		w.loader.metrics.pendingRows.WithLabelValues(outbox.String()).Sub(float64(b.rows))
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
		w.cancel()
		w.commitLock.Lock()
		w.revoked = true
		w.commitLock.Unlock()
	}
	w.stopOnce.Do(func() { close(w.stopping) })
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-w.done:
	case <-timer.C:
	}
	w.cancel()
	<-w.done
	w.commitLock.Lock()
	w.revoked = true
	w.commitLock.Unlock()
}
