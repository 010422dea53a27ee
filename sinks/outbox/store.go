package outbox

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// checkTimeout is how long an answer to a check is waited for: after that the
// store is said to be away.
const checkTimeout = 30 * time.Second

// awaitStore returns true once the store passes its check, and false when ctx is
// done before. It tries for as long as it takes, whatever is wrong.
func (l *Loader) awaitStore(ctx context.Context) bool {
	pace := l.pace()
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		failure := l.look(ctx)
		if failure == nil || ctx.Err() != nil {
			return struct{}{}, ctx.Err()
		}
		pace.class = failure.Class
		l.metrics.retries.WithLabelValues(failure.Class.String()).Inc()
		return struct{}{}, failure
	}, pace.options()...)
	return err == nil
}

// lookAtStore looks at the store from time to time until ctx is done, so that
// Problems says what it is also while there is nothing to insert.
func (l *Loader) lookAtStore(ctx context.Context) {
	ticker := time.NewTicker(l.config.Waits.Look)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = l.look(ctx) // told; whoever inserts meets it too
		}
	}
}

// look checks the store and tells a problem, or the end of one. It returns nil
// where ctx is done.
func (l *Loader) look(ctx context.Context) *Failure {
	checked, cancel := context.WithTimeout(ctx, min(checkTimeout, l.config.InsertTimeout))
	defer cancel()
	err := l.sink.Check(checked)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		failure := l.sink.Classify(err)
		l.report(storeProblem, failure)
		return &failure
	}
	l.lock.Lock()
	_, told := l.problems[storeProblem]
	delete(l.problems, storeProblem)
	l.lock.Unlock()
	if told {
		l.log.Info("the store answers and its tables fit", "sink", l.sink.Name())
	}
	return nil
}

// fits checks the store where it has not passed for a while. One that was
// restored may come back with tables that take our rows and do not keep the
// promise of their key.
func (l *Loader) fits(ctx context.Context) error {
	l.lock.Lock()
	at := l.fitted
	l.lock.Unlock()
	if !at.IsZero() && l.now().Sub(at) < l.config.Waits.Trust {
		return nil
	}
	checked, cancel := context.WithTimeout(ctx, l.config.InsertTimeout)
	defer cancel()
	if err := l.sink.Check(checked); err != nil {
		return err
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	l.fitted = l.now()
	return nil
}

// distrust has the store checked before the next insert.
func (l *Loader) distrust() {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.fitted = time.Time{}
}
