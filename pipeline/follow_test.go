package pipeline_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/population/cuts"
	"github.com/holdfast/holdfast/pipeline/restore"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/state"
)

// source is what a world's shards are restored from.
func (v *virtual) source(cfg pipeline.Config, reader *kgo.Client) *restore.Source {
	v.t.Helper()
	return &restore.Source{Reader: reader, Logger: slog.New(slog.DiscardHandler),
		Lanes: &lane.Config{Group: cfg.Group, Inputs: cfg.Inputs, Topics: cfg.Topics, Partitions: testPartitions,
			Shard: cfg.Shard},
		Wall: func() event.Instant { return event.Instant(v.wall.Load()) },
		Versions: func(*checkpoint.Entry) (*score.Parameters, *cuts.Cuts, error) {
			return cfg.Shard.Parameters, nil, nil
		}}
}

// TestAFollowerIsARestoreThatGoesOn: entries that are replayed a few at a time,
// as they are logged, bring a shard to where one replay brings it.
func TestAFollowerIsARestoreThatGoesOn(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		all := items(workload.LoadConfig{Events: 6000, Customers: 5000, Seed: 3, Start: start, Step: 8 * event.Minute})
		v.setWall(all[len(all)-1].At + event.Hour)
		v.produce(all)
		cfg.MaxPollRecords = 500 // several batches, and pages of before most of them
		v.dieAfterCommits(cfg, 3)
		reader, err := kgo.NewClient(append(v.reach(), kgo.FetchIsolationLevel(kgo.ReadCommitted()))...)
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		source := v.source(cfg, reader)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for n := range int32(testPartitions) {
			v.follow(ctx, source, n)
		}
	})
}

// follow compares a shard that follows its log with one that is restored.
func (v *virtual) follow(ctx context.Context, source *restore.Source, n int32) {
	v.t.Helper()
	load := func() (*restore.Loaded, []checkpoint.Entry) {
		loaded, err := source.Load(ctx, n, lane.Standing{}, nil)
		if err != nil {
			v.t.Fatal(err)
		}
		due := loaded.Entries
		for len(due) > 0 && due[0].Batch < loaded.Entries[len(loaded.Entries)-1].OldestNeeded {
			due = due[1:]
		}
		return loaded, due
	}
	once, due := load()
	if len(due) < 3 {
		v.t.Fatalf("shard %d: %d batches are to be replayed, want some", n, len(due))
	}
	if err := once.Replay(ctx, due); err != nil {
		v.t.Fatal(err)
	}
	following, due := load()
	for step := 1; len(due) > 0; step++ {
		some := min(step, len(due))
		if err := following.Replay(ctx, due[:some]); err != nil {
			v.t.Fatal(err)
		}
		due = due[some:]
	}
	a, b := once.Lane.Shard(), following.Lane.Shard()
	if a.Position() != b.Position() {
		v.t.Errorf("shard %d stands at %+v, and where it follows at %+v", n, a.Position(), b.Position())
	}
	var codec state.PageCodec
	for page := range max(a.Slab().PagesInUse(), b.Slab().PagesInUse()) {
		if !bytes.Equal(a.Slab().AppendPage(&codec, nil, uint32(n), page, 1),
			b.Slab().AppendPage(&codec, nil, uint32(n), page, 1)) {
			v.t.Errorf("shard %d: page %d differs", n, page)
		}
	}
}
