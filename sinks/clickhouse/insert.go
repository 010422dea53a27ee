package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/cenkalti/backoff/v5"
)

// rejectsInARow is how many rows of a table may be refused one after the other
// before the table, not the rows, is under suspicion.
const rejectsInARow = 20

// load brings rows [from, to) into a table and returns nil when each is there or
// set aside. It gives up only when the worker stops.
func (w *worker) load(ctx context.Context, t table, b *batch, from, to int) error {
	pace := w.loader.pace()
	for {
		err := w.loader.fits(ctx)
		if err == nil {
			err = w.attempt(ctx, t, b, from, to)
		}
		if err == nil {
			w.rejects[t.name] = 0
			w.settle()
			return nil
		}
		w.loader.distrust()
		c := classify(err)
		if c == refused {
			blame := w.rowsAreAtFault(ctx, t, b)
			if blame == nil {
				return w.search(ctx, t, b, from, to, err)
			}
			c, err = configuration, fmt.Errorf("%w, which is not the rows' fault: %w", blame, err)
		}
		w.unfit = w.unfit || c == configuration
		if err := w.retry(ctx, pace, c, err); err != nil {
			return err
		}
	}
}

// attempt is one insert, counted.
func (w *worker) attempt(ctx context.Context, t table, b *batch, from, to int) error {
	start := time.Now()
	err := b.send(ctx, w.loader.conn, t, from, to, w.loader.config.InsertTimeout)
	m := w.loader.metrics
	if err != nil {
		m.batches.WithLabelValues(t.name, classify(err).String()).Inc()
		return err
	}
	m.batches.WithLabelValues(t.name, "ok").Inc()
	m.rowsWritten.WithLabelValues(t.name).Add(float64(to - from))
	m.batchRows.WithLabelValues(t.name).Observe(float64(to - from))
	m.flushDuration.WithLabelValues(t.name).Observe(time.Since(start).Seconds())
	return nil
}

// search halves the rows until the refused ones stand alone, loads the others
// and sets those aside.
func (w *worker) search(ctx context.Context, t table, b *batch, from, to int, why error) error {
	if to-from == 1 {
		w.rejects[t.name]++
		return w.reject(ctx, t, b, from, why)
	}
	middle := from + (to-from)/2
	if err := w.load(ctx, t, b, from, middle); err != nil {
		return err
	}
	return w.load(ctx, t, b, middle, to)
}

// rowsAreAtFault gives nil where a refusal can only be the rows', else what
// speaks against it: a table that is not what it was, or one that refuses every
// row. Otherwise a changed table would empty the outbox into the dead letters.
func (w *worker) rowsAreAtFault(ctx context.Context, t table, b *batch) error {
	checked, cancel := context.WithTimeout(ctx, w.loader.config.InsertTimeout)
	defer cancel()
	problems, err := checkTable(checked, w.loader.conn, t)
	if err != nil {
		return fmt.Errorf("check table %s: %w", t.name, err)
	}
	if problems != nil {
		return &SchemaError{Problems: problems}
	}
	if w.rejects[t.name] < rejectsInARow {
		return nil
	}
	// Rows from here and there, others each time: one that goes in shows that
	// the table is sound. They come again with their own range, which changes
	// nothing.
	const probes = 8
	w.probe++
	for i := range probes {
		row := (i*b.rows/probes + w.probe*7) % b.rows
		if w.attempt(ctx, t, b, row, row+1) == nil {
			w.rejects[t.name] = 0
			return nil
		}
	}
	return fmt.Errorf("table %s refuses every row tried", t.name)
}

// reject sets one row aside, as a block of its own.
func (w *worker) reject(ctx context.Context, t table, b *batch, row int, why error) error {
	from, place := b.source(row)
	l := letter{
		record: from.record, value: from.block.EncodeRow(nil, place), stage: "TASK_PUT",
		exception: fmt.Sprintf("%T", errors.Unwrap(why)), message: "table " + t.name + ": " + describe(why),
		attempts: 1, seen: w.loader.now(),
	}
	var exception *clickhouse.Exception
	if errors.As(why, &exception) {
		l.exception = fmt.Sprintf("clickhouse.%d", exception.Code)
	}
	if shard, ok := from.block.Column("src_partition"); ok {
		l.partition = int32(shard.Numbers[place])
	}
	w.loader.log.Error("row set aside", "table", t.name, "partition", w.partition, "offset", from.record.Offset,
		"problem", describe(why))
	return w.setAside(ctx, l)
}

// retry waits before the next attempt. It gives errStopped where there is to be
// none.
func (w *worker) retry(ctx context.Context, pace *backoff.ExponentialBackOff, c class, why error) error {
	w.loader.metrics.retries.WithLabelValues(c.String()).Inc()
	select {
	case <-w.stopping:
		return errStopped
	default:
	}
	w.report(c, why)
	timer := time.NewTimer(w.loader.wait(c, pace))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-w.stopping:
		return errStopped
	case <-ctx.Done():
		return errStopped
	}
}

// report tells a problem of the worker's partition.
func (w *worker) report(c class, why error) {
	w.problem = true
	w.loader.report(w.partition, c, why)
}

// report tells a problem once: until it is settled or becomes another, attempts
// are counted and not logged.
func (l *Loader) report(partition int32, c class, why error) {
	text := describe(why)
	if !l.setProblem(partition, c, text) {
		return
	}
	level, message := slog.LevelWarn, "loading waits and tries again"
	if c == configuration {
		level, message = slog.LevelError, "loading is paused until this is put right"
	}
	fix := remedy(c, why) + "; rows wait in the outbox meanwhile"
	attributes := []any{"class", c.String(), "problem", text, "fix", fix}
	if partition >= 0 {
		attributes = append([]any{"partition", partition}, attributes...)
	} else if c != configuration {
		message = "loading waits for ClickHouse"
	}
	l.log.Log(context.Background(), level, message, attributes...)
}

// wait is how long to wait before the next attempt after an error of a class.
func (l *Loader) wait(c class, pace *backoff.ExponentialBackOff) time.Duration {
	wait := pace.NextBackOff()
	switch c {
	case busy:
		return max(wait, l.times.busy)
	case configuration:
		return l.times.configuration
	}
	return wait
}

// settle ends a reported problem.
func (w *worker) settle() {
	if w.problem {
		w.problem = false
		w.loader.clearProblem(w.partition)
		w.loader.log.Info("loading goes on", "partition", w.partition)
	}
}
