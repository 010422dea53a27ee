package txn

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// observed notes what a process tells.
type observed struct {
	mu       sync.Mutex
	ready    bool
	reason   string
	troubles []string
	open     []string
}

func (o *observed) Ready(ready bool, reason string) { o.ready, o.reason = ready, reason }
func (o *observed) Interrupted(reason string)       { o.ready, o.reason = false, reason }
func (o *observed) Trouble(part string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.troubles = append(o.troubles, fmt.Sprintf("%s: %v", part, err))
}
func (o *observed) LastTrouble() string                  { return "none" }
func (o *observed) Sessions(open []string)               { o.open = slices.Clone(open) }
func (o *observed) Prepared(*lane.Commit)                {}
func (o *observed) Committed(*lane.Commit)               {}
func (o *observed) Ended(string, string)                 {}
func (o *observed) Restored(time.Duration)               {}
func (o *observed) Replayed(int)                         {}
func (o *observed) Released(int32)                       {}
func (o *observed) Looked(View)                          {}
func (o *observed) Model(signal.DataSufficiency, string) {}
func (o *observed) Fitted(FitResult, time.Duration)      {}

// newObserved is a session of a process that has two inputs and reaches nobody.
func newObserved(t *testing.T) (*session, *observed) {
	t.Helper()
	o := &observed{}
	parameters := score.DefaultParameters()
	if err := parameters.Prepare(); err != nil {
		t.Fatal(err)
	}
	cfg := Config{Observer: o, StuckAfter: 20 * time.Second, FetchBytes: 1 << 20, BatchBytes: 1 << 20, InstanceID: "one",
		Now: time.Now, ClockTolerance: time.Minute}
	cfg.Group, cfg.Logger, cfg.CommitEvery = "holdfast", slog.New(slog.DiscardHandler), time.Second
	cfg.Inputs = []lane.Input{{Topic: "a", Decode: decode.Config{Type: event.Visit}},
		{Topic: "b", Decode: decode.Config{Type: event.Internal}}}
	cfg.Topics = lane.Topics{Checkpoint: "checkpoint", BatchLog: "batch-log", Outbox: "outbox", Alerts: "alerts",
		Loyalty: "loyalty", DeadLetters: "dead-letters"}
	cfg.Shard = shard.Config{Parameters: &parameters, Zone: shard.NewZone(time.UTC)}
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &session{p: p, partitions: newPartitions(), active: map[int32]*lane.Lane{}}, o
}

// onKafka is such a session that can ask an embedded cluster with its topics.
func onKafka(t *testing.T) (*session, *observed, *kfake.Cluster) {
	t.Helper()
	s, o := newObserved(t)
	topics := &s.p.cfg.Topics
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "a", "b", topics.Checkpoint,
		topics.BatchLog, topics.Outbox, topics.Alerts, topics.Loyalty, topics.DeadLetters))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	s.p.cfg.Client = []kgo.Opt{kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.MetadataMinAge(10 * time.Millisecond)}
	if err := s.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.reader.Close)
	if err := s.learnTopics(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, o, cluster
}

// commitOffsets commits offsets of the group with their metadata.
func (s *session) commitOffsets(t *testing.T, group string, all ...kadm.Offset) {
	t.Helper()
	offsets := kadm.Offsets{}
	for _, o := range all {
		o.LeaderEpoch = -1
		offsets.Add(o)
	}
	if err := kadm.NewClient(s.reader).CommitAllOffsets(t.Context(), group, offsets); err != nil {
		t.Fatal(err)
	}
}
