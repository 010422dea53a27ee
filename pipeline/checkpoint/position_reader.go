package checkpoint

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Isolation says which records a reader delivers.
type Isolation int8

const (
	// ReadCommitted delivers records of committed transactions and records
	// written outside transactions. It is the zero value.
	ReadCommitted Isolation = iota
	// ReadUncommitted delivers every record below the high watermark.
	ReadUncommitted
)

const (
	// DefaultNoProgress ends a read whose position has not moved for so long.
	// It lies below the rebalance timeout of 30 s, and above the transaction
	// timeout of 20 s, so that a predecessor's open transaction can run out.
	DefaultNoProgress = 25 * time.Second
	// DefaultMaxBytes bounds one fetch answer, in compressed bytes.
	DefaultMaxBytes = 4 << 20
	// DefaultUnpackedBytes bounds what is unpacked of one fetch answer.
	DefaultUnpackedBytes = 16 << 20
	// leastMaxBytes is asked for at least, where batches grow much.
	leastMaxBytes = 64 << 10
)

// ReadRangeOptions says what to read. Topic, Partition, From and To are
// required, the rest has defaults.
type ReadRangeOptions struct {
	Topic     string
	Partition int32
	// From is the first offset wanted, To the offset at which to stop: records
	// with From <= offset < To are delivered. To is a captured end, normally
	// the high watermark that EndOffsets showed.
	From, To int64
	// Isolation is ReadCommitted unless set.
	Isolation Isolation
	// NoProgress ends the read with a *StalledError when the position has not
	// moved for so long; time spent in the caller's function does not count.
	// Zero means DefaultNoProgress.
	NoProgress time.Duration
	// MaxBytes bounds one fetch answer in compressed bytes (a single larger
	// batch is still delivered whole). Zero means DefaultMaxBytes.
	MaxBytes int32
	// UnpackedBytes bounds what is unpacked of one answer, a single larger
	// batch apart: what is left of the answer is fetched again. Zero means
	// DefaultUnpackedBytes. Memory in use is about MaxBytes and UnpackedBytes;
	// the bound of a batch is the client's kgo.MaxDecompressBatchBytes.
	UnpackedBytes int
	// SkipToLogStart moves on to the log start when the position lies below
	// it, instead of failing with a *BelowLogStartError. Right only where what
	// was removed has been superseded: compacted topics.
	SkipToLogStart bool
	// Progress, where set, is called after each answer with the new position
	// and the target, from the goroutine that reads. It must not block. On a
	// compacted topic target - position over-estimates what remains.
	Progress func(position, target int64)
}

// ReadRange reads one partition from From to To by position and calls fn for
// each record, in offset order. It finishes when the position has reached To,
// whether or not the last offsets hold deliverable records: control records,
// aborted batches, compaction holes and an emptied log all move the position.
//
// next is the first offset that was not dealt with: To on success (From where
// From >= To), otherwise where a further call may go on. Records belong to fn
// and may be kept, but keeping one keeps the memory of its whole batch.
//
// Errors: *StalledError (no progress, with a diagnosis), *BelowLogStartError,
// *TopicRecreatedError, *kgo.ErrDecompressTooLarge (next is the batch's first
// offset; a caller that wants to step over it goes on at its NextOffset),
// what fn returned, what ctx holds, or the broker's own refusal. It starts no
// goroutine; leader moves and lost connections are retried.
//
// cl must not belong to a group, and is best not shared by readers that wait
// at the end of a log: a broker answers one connection's requests in order.
func ReadRange(ctx context.Context, cl *kgo.Client, options ReadRangeOptions,
	fn func(*kgo.Record) error) (next int64, err error) {
	return NewPositionReader(cl, options).Read(ctx, fn)
}

// PositionReader is one read of a partition by position. It is not safe for
// concurrent use, except Position's answer through the Progress callback.
type PositionReader struct {
	client   *kgo.Client
	options  ReadRangeOptions
	position int64

	leader      partitionLeader
	bounds      partitionBounds
	lastFailure error
	emptyRepeat int
	packedBytes int32 // to ask for in the next answer
}

// NewPositionReader makes a reader that stands at options.From.
func NewPositionReader(cl *kgo.Client, options ReadRangeOptions) *PositionReader {
	if options.NoProgress <= 0 {
		options.NoProgress = DefaultNoProgress
	}
	if options.MaxBytes <= 0 {
		options.MaxBytes = DefaultMaxBytes
	}
	if options.UnpackedBytes <= 0 {
		options.UnpackedBytes = DefaultUnpackedBytes
	}
	return &PositionReader{
		packedBytes: options.MaxBytes,
		client:      cl,
		options:     options,
		position:    options.From,
		leader:      unknownLeader(),
		bounds:      unknownBounds(),
	}
}

// Position returns the first offset that was not dealt with yet.
func (r *PositionReader) Position() int64 { return r.position }

// Read reads on to the target; see ReadRange. After an error a further call
// goes on where this one stopped, with a new no-progress deadline.
func (r *PositionReader) Read(ctx context.Context, fn func(*kgo.Record) error) (next int64, err error) {
	if err := r.read(ctx, fn); err != nil {
		return r.position, fmt.Errorf("read %s/%d by position: %w", r.options.Topic, r.options.Partition, err)
	}
	return r.position, nil
}

func (r *PositionReader) read(ctx context.Context, fn func(*kgo.Record) error) error {
	progressed := time.Now()
	waits := newWaits()
	for r.position < r.options.To {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		remaining := r.options.NoProgress - time.Since(progressed)
		if remaining <= 0 {
			return r.stalled()
		}
		before := r.position
		records, err := r.step(ctx, remaining)
		if err != nil {
			return err
		}
		if err := r.deliver(records, fn); err != nil {
			return err
		}
		if r.position > before {
			progressed = time.Now()
			waits.Reset()
			r.report()
			continue
		}
		if r.lastFailure != nil {
			sleep(ctx, min(waits.NextBackOff(), remaining))
		}
	}
	return nil
}

// deliver hands the records in the wanted range to fn. The position follows
// each accepted record, so that after an error the failing one comes again.
func (r *PositionReader) deliver(answer fetched, fn func(*kgo.Record) error) error {
	for _, record := range answer.records {
		if record.Offset >= r.options.To {
			break
		}
		if err := fn(record); err != nil {
			r.position = max(r.position, record.Offset)
			return err
		}
		r.position = record.Offset + 1
	}
	r.position = max(r.position, min(answer.next, r.options.To))
	return answer.err
}

func (r *PositionReader) report() {
	if r.options.Progress != nil {
		r.options.Progress(r.position, r.options.To)
	}
}
