package outbox

import (
	"context"
	"time"
)

// rejectsInARow is how many rows of a table may be refused one after the other
// before the table, not the rows, is under suspicion.
const rejectsInARow = 20

// target is a table of the sink, and the rows that go to it.
type target struct {
	table string
	*joined
}

// load brings rows [from, to) into a table and returns nil when each is there or
// set aside. It gives up only when the worker stops.
func (w *worker) load(ctx context.Context, t target, from, to int) error {
	var why *Failure // the rows are refused, and at fault
	err := w.persist(func() (*Failure, error) {
		failure := w.attemptChecked(ctx, t, from, to)
		switch {
		case failure == nil:
			w.rejects[t.table] = 0
			w.settle()
			return nil, nil
		case failure.Class == Refused:
			blame := w.suspect(ctx, t, failure)
			if blame == nil {
				why = failure
				return nil, nil
			}
			failure = blame
		}
		w.unfit = w.unfit || failure.Class == Configuration
		return failure, nil
	})
	if err != nil || why == nil {
		return err
	}
	return w.search(ctx, t, from, to, *why)
}

// attemptChecked is attempt, into a store that is known to fit.
func (w *worker) attemptChecked(ctx context.Context, t target, from, to int) *Failure {
	if err := w.loader.fits(ctx); err != nil {
		w.loader.distrust()
		failure := w.loader.sink.Classify(err)
		if failure.Class == Refused { // no row was tried
			failure.Class = Configuration
		}
		return &failure
	}
	failure := w.attempt(ctx, t, from, to)
	if failure != nil {
		w.loader.distrust()
	}
	return failure
}

// attempt is one insert, counted.
func (w *worker) attempt(ctx context.Context, t target, from, to int) *Failure {
	start := time.Now()
	timed, cancel := context.WithTimeout(ctx, w.loader.config.InsertTimeout)
	defer cancel()
	m := w.loader.metrics
	if err := w.loader.sink.Insert(timed, Batch{Table: t.table, Rows: t.rows, From: from, To: to}); err != nil {
		failure := w.loader.sink.Classify(err)
		m.batches.WithLabelValues(t.table, failure.Class.String()).Inc()
		return &failure
	}
	m.batches.WithLabelValues(t.table, "ok").Inc()
	m.rowsWritten.WithLabelValues(t.table).Add(float64(to - from))
	m.batchRows.WithLabelValues(t.table).Observe(float64(to - from))
	m.flushDuration.WithLabelValues(t.table).Observe(time.Since(start).Seconds())
	return nil
}

// search halves the rows until the refused ones stand alone, loads the others
// and sets those aside.
func (w *worker) search(ctx context.Context, t target, from, to int, why Failure) error {
	if to-from == 1 {
		w.rejects[t.table]++
		return w.reject(ctx, t, from, why)
	}
	middle := from + (to-from)/2
	if err := w.load(ctx, t, from, middle); err != nil {
		return err
	}
	return w.load(ctx, t, middle, to)
}

// suspect returns nil where a refusal can only be the rows', else what speaks
// against it: a store that is not what it was, or a table that refuses every row.
// Otherwise a changed table would empty the outbox into the dead letters.
func (w *worker) suspect(ctx context.Context, t target, why *Failure) *Failure {
	checked, cancel := context.WithTimeout(ctx, w.loader.config.InsertTimeout)
	defer cancel()
	if err := w.loader.sink.Check(checked); err != nil {
		found := w.loader.sink.Classify(err)
		return &Failure{Class: Configuration, Kind: found.Kind, Fix: found.Fix,
			Text: found.Text + ", so it is not the rows' fault that " + t.table + " refuses them: " + why.Text}
	}
	if w.rejects[t.table] < rejectsInARow {
		return nil
	}
	// Rows from here and there, others each time: one that goes in shows that
	// the table is sound. They come again with their own range, which changes
	// nothing.
	const probes = 8
	w.probe++
	for i := range probes {
		row := (i*t.count/probes + w.probe*7) % t.count
		if w.attempt(ctx, t, row, row+1) == nil {
			w.rejects[t.table] = 0
			return nil
		}
	}
	return &Failure{Class: Configuration, Kind: why.Kind,
		Text: "table " + t.table + " refuses every row tried: " + why.Text,
		Fix:  "look for what the table refuses, as a constraint, and put it right"}
}

// reject sets one row aside, as a block of its own.
func (w *worker) reject(ctx context.Context, t target, row int, why Failure) error {
	from, place := t.source(row)
	l := letter{
		record: from.record, value: from.block.EncodeRow(nil, place), stage: "TASK_PUT",
		exception: why.Kind, message: "table " + t.table + ": " + why.Text,
		attempts: 1, seen: w.loader.now(),
	}
	if shard, ok := from.block.Column("src_partition"); ok {
		l.partition = int32(shard.Numbers[place])
	}
	w.loader.log.Error("row set aside", "table", t.table, "partition", w.partition, "offset", from.record.Offset,
		"problem", why.Text)
	return w.setAside(ctx, l)
}
