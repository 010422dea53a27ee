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
		checked, cancel := context.WithTimeout(ctx, min(checkTimeout, l.config.InsertTimeout))
		err := CheckSchema(checked, l.conn)
		cancel()
		if ctx.Err() != nil {
			return false
		}
		if err == nil {
			l.tablesFit()
			return true
		}
		c := classify(err)
		l.metrics.retries.WithLabelValues(c.String()).Inc()
		l.report(groupProblem, c, err)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(l.wait(c, pace)):
		}
	}
}

// tablesFit ends what awaitTables reported.
func (l *Loader) tablesFit() {
	l.lock.Lock()
	_, told := l.problems[groupProblem]
	delete(l.problems, groupProblem)
	l.lock.Unlock()
	if told {
		l.log.Info("ClickHouse answers and its tables fit: loading begins")
	}
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
