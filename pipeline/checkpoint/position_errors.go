package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/twmb/franz-go/pkg/kerr"
)

var errNotInAnswer = errors.New("the broker's answer does not hold the partition")

// StallReason is the diagnosis of a read that stopped moving.
type StallReason string

const (
	// StallTruncated: the log ends below the target. Records that had been
	// acknowledged are gone (unclean election, restored disk, wrong cluster).
	StallTruncated StallReason = "truncated"
	// StallHangingTransaction: the log reaches the target, but an open
	// transaction below it keeps committed reads back.
	StallHangingTransaction StallReason = "hanging_transaction"
	// StallUnreachable: no answer that says anything; see Unwrap for the last
	// failure.
	StallUnreachable StallReason = "unreachable"
	// StallNoData: the broker says that there is more, and sends nothing that
	// can be used.
	StallNoData StallReason = "no_data"
)

// StalledError ends a read whose position did not move for NoProgress.
// Offsets that are unknown are -1.
type StalledError struct {
	Topic         string
	Partition     int32
	Reason        StallReason
	Position      int64
	Target        int64
	LogStart      int64
	LastStable    int64
	HighWatermark int64
	NoProgress    time.Duration
	// Cause is the last failure, where there was one.
	Cause error
}

// Error says where the read stands and what holds it.
func (e *StalledError) Error() string {
	where := fmt.Sprintf("no progress of %s/%d at offset %d of %d for %s", e.Topic, e.Partition, e.Position, e.Target,
		e.NoProgress)
	var why string
	switch e.Reason {
	case StallTruncated:
		why = fmt.Sprintf("the log ends at %d, below the target: it was truncated", e.HighWatermark)
	case StallHangingTransaction:
		why = fmt.Sprintf("an open transaction holds committed reads at %d while the log reaches %d", e.LastStable,
			e.HighWatermark)
	case StallNoData:
		why = fmt.Sprintf("the log reaches %d, yet the broker sends nothing usable", e.HighWatermark)
	default:
		why = "no usable answer from a leader"
	}
	if e.Cause != nil {
		return where + ": " + why + ": " + e.Cause.Error()
	}
	return where + ": " + why
}

// Unwrap returns the last failure, or nil.
func (e *StalledError) Unwrap() error { return e.Cause }

// BelowLogStartError says that the wanted offset was already removed from the
// log by retention or deletion.
type BelowLogStartError struct {
	Topic     string
	Partition int32
	Position  int64
	LogStart  int64
}

// Error names the hole.
func (e *BelowLogStartError) Error() string {
	return fmt.Sprintf("offset %d of %s/%d lies below the log start %d: %d offsets were removed by retention or deletion",
		e.Position, e.Topic, e.Partition, e.LogStart, e.LogStart-e.Position)
}

// TopicRecreatedError says that the topic was deleted and made anew while it
// was read: offsets of the old one mean nothing in the new one.
type TopicRecreatedError struct{ Topic string }

// Error names the topic.
func (e *TopicRecreatedError) Error() string {
	return fmt.Sprintf("topic %s was deleted and made anew while it was read", e.Topic)
}

// stalled builds the error for a read that stopped moving.
func (r *PositionReader) stalled() error {
	return &StalledError{
		Topic: r.options.Topic, Partition: r.options.Partition,
		Reason:   r.stallReason(),
		Position: r.position, Target: r.options.To,
		LogStart: r.bounds.logStart, LastStable: r.bounds.lastStable, HighWatermark: r.bounds.highWatermark,
		NoProgress: r.options.NoProgress,
		Cause:      r.lastFailure,
	}
}

func (r *PositionReader) stallReason() StallReason {
	switch {
	case r.bounds.highWatermark < 0:
		return StallUnreachable
	case r.lastFailure != nil && !errors.Is(r.lastFailure, kerr.OffsetOutOfRange):
		return StallUnreachable
	case r.bounds.highWatermark < r.options.To:
		return StallTruncated
	case r.options.Isolation == ReadCommitted && r.bounds.lastStable < r.options.To:
		return StallHangingTransaction
	default:
		return StallNoData
	}
}

// newWaits are the growing waits between failed attempts.
func newWaits() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: 50 * time.Millisecond, Multiplier: 2,
		MaxInterval: 500 * time.Millisecond}
}

// sleep returns after d, or when ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
