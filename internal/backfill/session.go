package backfill

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
)

// Session tells a Holdfast that may be running that a backfill is on its way:
// while it is open, silence counts only as far as the backfill has come. It
// writes to every partition of the internal topic.
type Session struct {
	ID string
	// Sends says what the session sends, for one that goes on with it; empty
	// where there is nobody to go on.
	Sends Sends

	client   *kgo.Client // places records where they say
	group    string
	internal string
	topics   []string
	shards   []int32
}

// Sends is what a session sends.
type Sends struct {
	Content string        // Plan.Content
	File    string        // Plan.File
	Begun   event.Instant // when the sending began; one that goes on keeps it
	Events  int64         // of the whole plan
}

// NewSession makes the session of a backfill to the given inputs. The client
// must place records by their Partition; it stays the caller's. Two runs of one
// plan have one id, so that one that is continued takes its place.
func NewSession(client *kgo.Client, id, group, internal string, topics []string) *Session {
	return &Session{ID: id, client: client, group: group, internal: internal,
		topics: slices.Compact(slices.Sorted(slices.Values(topics)))}
}

// Open announces the backfill. Where an instance is running it returns once
// that has heard of it on every partition: events that came before would be
// counted without waiting for the rest. It returns ErrNotApplied, with the session
// open, where an instance does not act on it in time. The first events, so many
// as sent, are there already.
func (s *Session) Open(ctx context.Context, sent int64) error {
	ends, err := s.ends(ctx)
	if err != nil {
		return err
	}
	s.shards = slices.Sorted(maps.Keys(ends[s.internal]))
	written, err := s.write(ctx, func(n int32) control.Record {
		return s.record(control.BackfillOpened, ends, n, sent)
	})
	if err != nil {
		return err
	}
	return s.heard(ctx, written)
}

// Reached tells that every event up to a time is acknowledged, and that those
// sent from now on are later; and that so many events as sent, the first in the
// order of the plan, are acknowledged: some of them may be later too.
func (s *Session) Reached(ctx context.Context, through event.Instant, sent int64) error {
	ends, err := s.ends(ctx)
	if err != nil {
		return err
	}
	_, err = s.write(ctx, func(n int32) control.Record {
		r := s.record(control.BackfillReached, ends, n, sent)
		r.Through = int64(through)
		return r
	})
	return err
}

// Close ends the session; every event must be acknowledged.
func (s *Session) Close(ctx context.Context) error {
	ends, err := s.ends(ctx)
	if err != nil {
		return err
	}
	_, err = s.write(ctx, func(n int32) control.Record {
		return s.record(control.BackfillClosed, ends, n, s.Sends.Events)
	})
	return err
}

func (s *Session) record(kind control.Kind, ends map[string]map[int32]checkpoint.Range, n int32,
	sent int64) control.Record {
	r := control.Record{Kind: kind, Session: s.ID, Topics: s.topics, Content: s.Sends.Content, File: s.Sends.File,
		Begun: int64(s.Sends.Begun), Events: s.Sends.Events, Sent: sent}
	for _, topic := range s.topics {
		r.Offsets = append(r.Offsets, ends[topic][n].End)
	}
	return r
}

func (s *Session) ends(ctx context.Context) (map[string]map[int32]checkpoint.Range, error) {
	ends, err := checkpoint.EndOffsets(ctx, s.client, append([]string{s.internal}, s.topics...))
	if err != nil {
		return nil, fmt.Errorf("ask for the ends of the inputs: %w", err)
	}
	return ends, nil
}

// write sends one record to every partition and returns the offsets behind them.
func (s *Session) write(ctx context.Context, record func(n int32) control.Record) (map[int32]int64, error) {
	return WriteControl(ctx, s.client, s.internal, s.shards, record)
}

// WriteControl sends a control record to every given partition of the internal
// topic, and returns the offsets behind them. The client must place records by
// their Partition.
func WriteControl(ctx context.Context, client *kgo.Client, topic string, partitions []int32,
	record func(n int32) control.Record) (map[int32]int64, error) {
	var records []*kgo.Record
	for _, n := range partitions {
		records = append(records, &kgo.Record{Topic: topic, Partition: n, Value: record(n).Encode(),
			Headers: []kgo.RecordHeader{{Key: "content-type", Value: []byte("application/json")}}})
	}
	results := client.ProduceSync(ctx, records...)
	if err := results.FirstErr(); err != nil {
		return nil, fmt.Errorf("write to %s: %w", topic, err)
	}
	behind := map[int32]int64{}
	for _, r := range results {
		behind[r.Record.Partition] = max(behind[r.Record.Partition], r.Record.Offset+1)
	}
	return behind, nil
}

// ErrNotApplied says that a running instance has not acted on a control
// record in time.
var ErrNotApplied = errors.New("the running instance has not acted on it in time")

// applyTimeout is how long an instance may take: longer than a restore of
// usual size.
const applyTimeout = 30 * time.Second

func (s *Session) heard(ctx context.Context, written map[int32]int64) error {
	_, err := AwaitApplied(ctx, s.client, s.group, s.internal, written)
	return err
}

// AwaitApplied returns once the group has committed every partition of the
// internal topic up to the offsets given; running is false, at once, where no
// instance is running. It returns ErrNotApplied where that takes too long, and the
// error of ctx where that ends before.
func AwaitApplied(ctx context.Context, client *kgo.Client, group, internal string,
	written map[int32]int64) (running bool, err error) {
	admin := kadm.NewClient(client)
	described, err := admin.DescribeGroups(ctx, group)
	if err != nil {
		return false, fmt.Errorf("describe group %s: %w", group, err)
	}
	if len(described[group].Members) == 0 {
		return false, nil // no instance is running: the next one reads it first
	}
	waiting, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	missing, err := backoff.Retry(waiting, func() (missing int, err error) {
		offsets, err := admin.FetchOffsets(waiting, group)
		for n, offset := range written {
			if o, ok := offsets.Lookup(internal, n); !ok || o.At < offset {
				missing++
			}
		}
		if err == nil && missing > 0 {
			err = ErrNotApplied
		}
		return missing, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(50*time.Millisecond)), backoff.WithMaxElapsedTime(0))
	switch {
	case err == nil:
		return true, nil
	case ctx.Err() != nil:
		return true, ctx.Err() // nobody waits any more
	}
	return true, fmt.Errorf("%w (%d of %d partitions after %s)", ErrNotApplied, missing, len(written), applyTimeout)
}
