package outbox

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"
)

// What tests outside the package look at, since the conformance suite, which
// they are written with, imports it.

var ErrStopped = errStopped

const (
	TruncatedBytes = truncatedBytes
	WholeBytes     = wholeBytes
)

type Worker struct{ w *worker }

// Owned returns the worker of a partition; it has none where the loader does not.
func (l *Loader) Owned(partition int32) (Worker, bool) {
	w := l.owned()[partition]
	return Worker{w}, w != nil
}

// Owns is the number of partitions that have a worker.
func (l *Loader) Owns() int { return len(l.owned()) }

func (w Worker) Client() *kgo.Client { return w.w.client }

func (w Worker) Ended() bool {
	select {
	case <-w.w.done:
		return true
	default:
		return false
	}
}

func (w Worker) Paused() bool {
	w.w.queueLock.Lock()
	defer w.w.queueLock.Unlock()
	return w.w.paused
}

// CommitLate commits an offset as a worker would that is not told of its end.
func (w Worker) CommitLate(ctx context.Context, offset int64) error {
	w.w.next = offset
	return w.w.commitOnce(ctx)
}

func (l *Loader) Assign(w Worker, topics map[string][]int32) {
	l.assigned(context.Background(), w.w.client, topics)
}

func (l *Loader) Revoke(w Worker, topics map[string][]int32) {
	l.revoked(context.Background(), w.w.client, topics)
}

func (l *Loader) Lose(w Worker, topics map[string][]int32) {
	l.lost(context.Background(), w.w.client, topics)
}

// AllRoomIsFree reports whether nothing pending holds room.
func (l *Loader) AllRoomIsFree() bool { return l.room.TryAcquire(l.config.PendingBytes) }

func (l *Loader) Fits(ctx context.Context) error { return l.fits(ctx) }
func (l *Loader) Distrust()                      { l.distrust() }
