package outbox

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/twmb/franz-go/pkg/kgo"
)

// gather joins records to batches and flushes those that are full.
func (w *worker) gather(ctx context.Context, records []*kgo.Record) error {
	for _, r := range records {
		if err := w.add(ctx, r); err != nil {
			return err
		}
		for _, b := range w.batches {
			if b.count >= w.loader.config.BatchRows {
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
		case err == nil && len(w.loader.sink.Tables(block.Table)) == 0:
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

// joined is what adjacent outbox records of one table are joined to.
type joined struct {
	rows    Rows
	count   int
	sources []source
}

// source is one of the joined records.
type source struct {
	record *kgo.Record
	block  *signal.Block
	from   int // the block's first row among the joined
}

// source returns the record that a row came with, and its place in the block.
func (j *joined) source(row int) (source, int) {
	at := len(j.sources) - 1
	for at > 0 && j.sources[at].from > row {
		at--
	}
	return j.sources[at], row - j.sources[at].from
}

func (w *worker) join(r *kgo.Record, block *signal.Block) error {
	j := w.batches[block.Table]
	if j == nil {
		j = &joined{rows: w.loader.sink.NewRows(block.Table)}
		w.batches[block.Table] = j
	}
	if err := j.rows.Add(block); err != nil {
		return err
	}
	j.sources = append(j.sources, source{record: r, block: block, from: j.count})
	j.count += block.Rows
	w.loader.metrics.pendingRows.WithLabelValues(block.Table.String()).Add(float64(block.Rows))
	return nil
}

func (w *worker) setAsideRecord(ctx context.Context, r *kgo.Record, why error) error {
	w.loader.log.Error("outbox record set aside",
		"partition", r.Partition, "offset", r.Offset, "problem", clip(why.Error()))
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
	w.report(Failure{Class: Configuration, Text: clip(why.Error()), Fix: "as the problem says"})
	<-w.soft.Done()
	return errStopped
}
