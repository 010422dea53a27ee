package txn

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/devkafka"
	"github.com/holdfast/holdfast/pipeline/assign"
	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/restore"
)

// laneOf makes a lane of a session's process that stands at the beginnings, and
// is told control records.
func (s *session) laneOf(t *testing.T, partition int32, said ...control.Record) *lane.Lane {
	t.Helper()
	cfg := s.p.newLaneConfig(2)
	cfg.BackfillMaxOpen = time.Hour
	l, err := lane.New(partition, cfg)
	if err != nil {
		t.Fatal(err)
	}
	l.BeginAfresh([]int64{0, 0}, 1)
	l.Begin(time.Now())
	now := time.Now()
	for n, c := range said {
		l.Take(1, []*kgo.Record{{Topic: "b", Partition: partition, Offset: int64(n), Timestamp: now, Value: c.Encode()}}, now)
	}
	m := lane.Moment{Now: now, Wall: event.Instant(now.UnixMicro()), Parameters: cfg.Shard.Parameters}
	if err := l.Work(&lane.Intake{Moment: m, Most: 10}); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestBackfillsAreToldOf once over all shards, with what every shard has heard.
func TestBackfillsAreToldOf(t *testing.T) {
	s, o := newObserved(t)
	open := func(session string, sent, events int64) control.Record {
		return control.Record{Kind: control.BackfillOpened, Session: session, Topics: []string{"a"}, Sent: sent,
			Events: events}
	}
	reached := control.Record{Kind: control.BackfillReached, Session: "y", Topics: []string{"a"}, Offsets: []int64{0},
		Through: 1_750_000_000_000_000}
	s.lanes = []*lane.Lane{s.laneOf(t, 0, open("z", 40, 100), open("y", 0, 0)),
		s.laneOf(t, 1, open("z", 30, 100), open("y", 0, 0), reached)}
	if n := s.sessionsOpen(); n != 2 || len(o.open) != 2 || !slices.IsSorted(o.open) {
		t.Fatalf("%d sessions are open: %q", n, o.open)
	}
	for i, want := range []string{"backfill y is open: nothing yet; silence waits for its end (if it was stopped: " +
		"send the same file again, it goes on by itself; if it was given up: holdfast backfill --close y)",
		"backfill z is open: nothing yet; silence waits for its end (if it was stopped: send the same file again, it " +
			"goes on by itself behind event 30 of 100, as --skip 30 would; if it was given up: holdfast backfill --close z)"} {
		if o.open[i] != want {
			t.Errorf("%q, want %q", o.open[i], want)
		}
	}
	s.lanes = s.lanes[1:]
	if s.sessionsOpen(); !strings.Contains(o.open[0], "backfill y is open: events up to 2025-06-15T15:06:40Z;") {
		t.Errorf("with a stretch that was reached: %q", o.open[0])
	}
	s.lanes = nil
	if n := s.sessionsOpen(); n != 0 || len(o.open) != 0 {
		t.Errorf("%d sessions are open: %q", n, o.open)
	}
}

// TestWhyItIsNotReady: the first of the reasons that hold is told, from the
// brokers that are away down to restores.
func TestWhyItIsNotReady(t *testing.T) {
	s, o := newObserved(t)
	s.p.partitions, s.balancer = 2, assign.New([]string{"a", "b"})
	s.restore = restore.NewSchedule(t.Context(), s.source)
	now := time.Now()
	s.p.cfg.Now = func() time.Time { return now }
	said := func(want string) {
		t.Helper()
		if s.report(); o.ready != (want == "") || !strings.Contains(o.reason, want) {
			t.Errorf("ready %v: %q, want %q", o.ready, o.reason, want)
		}
	}
	said("waiting for partitions to be assigned")
	one, two := s.laneOf(t, 0), s.laneOf(t, 1)
	s.lanes = []*lane.Lane{one}
	said("waiting for partitions to be assigned")
	s.lanes = []*lane.Lane{one, two}
	said("")
	began := s.p.wall()
	shardAt := one.Shard().Position()
	shardAt.Clock = began + event.Hour
	one.Shard().Seek(shardAt)
	said("the clock of shard 0 stands at " + timeOf(began+event.Hour) + ", and the host's says " + timeOf(began))
	now = now.Add(time.Hour)
	said("")
	s.p.refused(fmt.Errorf("produce: %w%s", kerr.MessageTooLarge, produceRemedy(kerr.MessageTooLarge)))
	said("nothing can be committed: produce: MESSAGE_TOO_LARGE")
	said("raise max.message.bytes of the topic")
	s.p.refusal = ""
	s.p.times.believe(began, now)
	s.p.times.believe(began+event.Day24h, now.Add(time.Second))
	said("the host's clock has jumped to")
	s.asker.failed, s.asker.why = silentAfter, errors.New("connection refused")
	said("Kafka does not answer: connection refused")
}

// TestBrokersAreAskedForTheTime now and then, at once where the host is doubted,
// and never where nothing is held against anything.
func TestBrokersAreAskedForTheTime(t *testing.T) {
	for _, c := range []struct {
		tolerance time.Duration
		ago       time.Duration
		doubted   bool
		want      bool
	}{
		{time.Minute, witnessEvery - time.Second, false, false}, {time.Minute, witnessEvery, false, true},
		{time.Minute, time.Second, true, true}, {-1, time.Hour, true, false},
	} {
		s, _ := newObserved(t)
		s.p.cfg.ClockTolerance = c.tolerance
		if c.doubted {
			s.p.times.why = "a jump"
		}
		if got := s.witnessDue(time.Now().Add(-c.ago)); got != c.want {
			t.Errorf("%s ago, tolerance %s, doubted %v: %v", c.ago, c.tolerance, c.doubted, got)
		}
	}
}

// TestTheBrokersTime is read off a record that they stamp, and not off one that
// keeps the time that it was written with.
func TestTheBrokersTime(t *testing.T) {
	cluster, err := devkafka.Start(devkafka.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
	}()
	for stamp, known := range map[string]bool{"LogAppendTime": true, "CreateTime": false} {
		s, _ := newObserved(t)
		s.p.cfg.Client = []kgo.Opt{kgo.SeedBrokers(cluster.Addrs()...)}
		if err := s.connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer s.reader.Close()
		stamped := fmt.Sprintf("pages-%s", strings.ToLower(stamp))
		if err := cluster.Engine().CreateTopic(stamped, 1, map[string]string{"message.timestamp.type": stamp}); err != nil {
			t.Fatal(err)
		}
		s.p.cfg.Topics.Checkpoint = stamped
		before := time.Now()
		if err := s.askBrokers(t.Context()); err != nil {
			t.Fatal(err)
		}
		if at := s.p.times.broker; (at != 0) != known || known && (at < event.Instant(before.Add(-time.Second).UnixMicro()) ||
			s.p.times.brokerAt.Before(before) || s.p.times.brokerAt.After(time.Now())) {
			t.Errorf("%s: the brokers say %d at %s", stamp, at, s.p.times.brokerAt)
		}
	}
}
