package clickhouse

import (
	"context"
	"time"
)

// checkTimeout is how long an answer about the tables is waited for: after that
// the server is said to be away.
const checkTimeout = 30 * time.Second

// awaitTables returns true once ClickHouse answers and every table is what this
// version writes to, and false when ctx is done before. It tries for as long as
// it takes, whatever is wrong.
func (l *Loader) awaitTables(ctx context.Context) bool {
	pace := l.pace()
	for {
		err := l.look(ctx)
		if err == nil || ctx.Err() != nil {
			return err == nil
		}
		c := classify(err)
		l.metrics.retries.WithLabelValues(c.String()).Inc()
		select {
		case <-ctx.Done():
			return false
		case <-time.After(l.wait(c, pace)):
		}
	}
}

// lookAtTables looks at ClickHouse from time to time until ctx is done, so that
// Problems says what it is also while there is nothing to insert.
func (l *Loader) lookAtTables(ctx context.Context) {
	if l.looks <= 0 {
		return
	}
	ticker := time.NewTicker(l.looks)
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

// look checks the tables and tells a problem, or the end of one.
func (l *Loader) look(ctx context.Context) error {
	checked, cancel := context.WithTimeout(ctx, min(checkTimeout, l.config.InsertTimeout))
	defer cancel()
	err := CheckSchema(checked, l.conn)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		l.report(storeProblem, classify(err), err)
		return err
	}
	l.lock.Lock()
	_, told := l.problems[storeProblem]
	delete(l.problems, storeProblem)
	l.lock.Unlock()
	if told {
		l.log.Info("ClickHouse answers and its tables fit")
	}
	return nil
}

// fits checks the tables where they have not been seen to fit for a while. A
// server that was restored may come back with tables that take our rows and do
// not keep the promise of their key.
func (l *Loader) fits(ctx context.Context) error {
	l.lock.Lock()
	at := l.fitted
	l.lock.Unlock()
	if !at.IsZero() && l.now().Sub(at) < l.times.trust {
		return nil
	}
	checked, cancel := context.WithTimeout(ctx, l.config.InsertTimeout)
	defer cancel()
	if err := CheckSchema(checked, l.conn); err != nil {
		return err
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	l.fitted = l.now()
	return nil
}

// distrust has the tables checked before the next insert.
func (l *Loader) distrust() {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.fitted = time.Time{}
}
