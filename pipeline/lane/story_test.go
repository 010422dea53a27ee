package lane_test

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// story drives a lane without a broker.
type story struct {
	t     *testing.T
	cfg   *lane.Config
	lane  *lane.Lane
	now   time.Time
	asked lane.LogEnds
	ends  []int64          // per input
	next  map[string]int64 // the next offset of a topic that is written
	told  []string         // the latest chapter
	at    []int64          // ends before it
}

func newStory(t *testing.T) *story {
	t.Helper()
	parameters := score.DefaultParameters()
	parameters.DataSufficiency, parameters.Version = signal.SufficiencyOK, "test"
	if err := parameters.Prepare(); err != nil {
		t.Fatal(err)
	}
	rules := policy.Default()
	rules.HoldoutPercent = 0
	s := &story{t: t, next: map[string]int64{}, cfg: &lane.Config{
		Group: "holdfast", Incarnation: "test", Partitions: 4,
		Topics: lane.Topics{Checkpoint: "checkpoint", BatchLog: "batch-log", Outbox: "outbox", Alerts: "alerts",
			Loyalty:     "loyalty",
			DeadLetters: "dead-letters"},
		Shard: shard.Config{Zone: shard.NewZone(time.UTC), Lateness: event.Hour, Currency: [3]byte{'E', 'U', 'R'},
			Segments: []string{"all"},
			Complaints: shard.ComplaintTimes{FirstResponse: 24 * event.Hour, Resolution: 5 * event.Day24h,
				SevereFrom: 4, SevereFirstResponse: 4 * event.Hour, SevereResolution: 2 * event.Day24h},
			Policy: &rules, Parameters: &parameters,
			Alerts: shard.AlertContext{Plays: policy.DefaultPlays(), CurrencyText: "EUR", ConfigHash: "test",
				EngineVersion: "test"}},
		CommitEvery: time.Second, MaxReplay: time.Minute, FlushEvery: time.Second, RowsPerCommit: 1000, EffectBytes: 1 << 20,
		BackfillMaxOpen: time.Hour,
	}}
	for _, in := range []lane.Input{
		{Topic: "purchases", Decode: decode.Config{Type: event.Purchase}},
		{Topic: "visits", Decode: decode.Config{Type: event.Visit}},
		{Topic: "complaints", Decode: decode.Config{Type: event.Complaint}},
		{Topic: "internal", Decode: decode.Config{Type: event.Internal}},
	} {
		in.Decode.MaxValueBytes, in.Decode.MaxFuture = 1<<20, event.Hour
		s.cfg.Inputs = append(s.cfg.Inputs, in)
	}
	s.begin()
	return s
}

// begin makes the lane anew, by the story's configuration.
func (s *story) begin() {
	s.t.Helper()
	l, err := lane.New(3, s.cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.lane, s.ends = l, make([]int64, len(s.cfg.Inputs))
	l.BeginAfresh(make([]int64, len(s.cfg.Inputs)), 7)
	s.now = time.UnixMicro(int64(instant(s.t, "2026-03-01T08:00:00Z")))
	l.Begin(s.now)
}

// read takes the records of a chapter, and says when.
func (s *story) read(chapter []string) {
	s.t.Helper()
	s.told, s.at = chapter, append(s.at[:0], s.ends...)
	for _, line := range chapter {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "at":
			s.now = time.UnixMicro(int64(instant(s.t, rest)))
		case "batch":
			s.work()
		default:
			s.take(word, rest)
		}
	}
}

// readAgain reads the latest chapter once more, after an undo.
func (s *story) readAgain() {
	s.ends = append(s.ends[:0], s.at...)
	s.read(s.told)
}

func (s *story) take(topic, value string) {
	s.t.Helper()
	for i := range s.cfg.Inputs {
		if s.cfg.Inputs[i].Topic != topic {
			continue
		}
		r := &kgo.Record{Topic: topic, Partition: 3, Offset: s.ends[i], Timestamp: s.now, Key: []byte("c-1"),
			Value: []byte(value)}
		if n, _ := s.lane.Take(i, []*kgo.Record{r}, s.now); n != 1 {
			s.t.Fatalf("%s/3 offset %d was taken before", topic, r.Offset)
		}
		s.ends[i]++
		return
	}
	s.t.Fatalf("%s is no input", topic)
}

func (s *story) moment() lane.Moment {
	return lane.Moment{Now: s.now, Wall: event.Instant(s.now.UnixMicro()), Parameters: s.cfg.Shard.Parameters}
}

// work asks for the log ends, and makes batches of what was read.
func (s *story) work() {
	s.t.Helper()
	m := s.moment()
	asked := &lane.LogEnds{Number: s.asked.Number + 1, At: m.Wall}
	for i := range s.ends {
		asked.Ends = append(asked.Ends, map[int32]checkpoint.Range{3: {End: s.ends[i]}})
	}
	s.asked = *asked
	if err := s.lane.Work(&lane.Intake{Moment: m, Asked: asked, Most: 1000}); err != nil {
		s.t.Fatal(err)
	}
}

func instant(t *testing.T, text string) event.Instant {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return event.Instant(at.UnixMicro())
}
