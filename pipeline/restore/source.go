package restore

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/population/cuts"
	"github.com/holdfast/holdfast/pipeline/score"
)

// Source is what shards are restored from: topics, and what the lanes are to be.
// Its methods may be called by several goroutines at once.
type Source struct {
	Reader *kgo.Client // without a group
	Lanes  *lane.Config
	IDs    map[string][16]byte // of every topic, by name
	// Versions returns what a batch was judged by; its error wraps ErrNoVersion
	// where that is no longer there.
	Versions func(*checkpoint.Entry) (*score.Parameters, *cuts.Cuts, error)
	Wall     func() event.Instant
	Logger   *slog.Logger

	Restored func(time.Duration) // nil; a shard is restored
	Replayed func(events int)    // nil; a batch is
}

// inputs are the topics of the inputs.
func (s *Source) inputs() []string { return lane.TopicNames(s.Lanes.Inputs) }

// Progress says how far a restore has come; nil is one that nobody asks.
type Progress struct{ remaining atomic.Int64 }

// left notes how many records are still to be read.
func (p *Progress) left(n int64) {
	if p != nil {
		p.remaining.Store(n)
	}
}

// readAll reads a partition from an offset to its high watermark of now.
func (s *Source) readAll(ctx context.Context, topic string, partition int32, from int64, p *Progress,
	f func(*kgo.Record) error) error {
	ranges, err := checkpoint.EndOffsets(ctx, s.Reader, []string{topic})
	if err != nil {
		return err
	}
	r := ranges[topic][partition]
	_, err = checkpoint.ReadRange(ctx, s.Reader, checkpoint.ReadRangeOptions{
		Topic: topic, Partition: partition, From: max(from, r.Start), To: r.End, SkipToLogStart: true,
		Progress: func(position, target int64) { p.left(target - position) },
	}, f)
	return err
}

// Undecodable returns the error of a batch that decompresses beyond its limit.
func Undecodable(err error) (e *kgo.ErrDecompressTooLarge, is bool) {
	is = errors.As(err, &e)
	return e, is
}
