package restore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/population/cuts"
	"github.com/holdfast/holdfast/pipeline/restore"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

const (
	ours       = 1 // the partition number that is restored
	partitions = 2
	perPage    = state.PageSize
)

// history is what a shard has written in its life, and the cluster it lies in.
// A test changes what was written, puts it down and restores it.
type history struct {
	t       *testing.T
	cluster *kfake.Cluster
	client  *kgo.Client
	cfg     *lane.Config
	source  *restore.Source
	lane    *lane.Lane // that wrote it
	now     time.Time
	ends    []int64 // per input
	said    bytes.Buffer

	pages, log []*kgo.Record // to be written
	standing   lane.Standing // of the group
}

func newHistory(t *testing.T) *history {
	t.Helper()
	h := &history{t: t, cfg: config(t), now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
	names := append(lane.TopicNames(h.cfg.Inputs), h.cfg.Topics.Checkpoint, h.cfg.Topics.BatchLog)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, names...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	h.cluster = cluster
	h.client = h.connect()
	h.source = &restore.Source{Reader: h.client, Lanes: h.cfg, IDs: map[string][16]byte{},
		Versions: func(*checkpoint.Entry) (*score.Parameters, *cuts.Cuts, error) {
			return h.cfg.Shard.Parameters, nil, nil
		},
		Wall: h.wall, Logger: slog.New(slog.NewTextHandler(&h.said, nil))}
	listed, err := kadm.NewClient(h.client).ListTopics(t.Context(), names...)
	if err != nil {
		t.Fatal(err)
	}
	for name, detail := range listed {
		h.source.IDs[name] = detail.ID
	}
	h.ends = make([]int64, len(h.cfg.Inputs))
	if h.lane, err = lane.New(ours, h.cfg); err != nil {
		t.Fatal(err)
	}
	h.lane.SetTopicIDs(h.source.IDs)
	h.lane.BeginAfresh(make([]int64, len(h.cfg.Inputs)), 7)
	h.lane.Begin(h.now)
	return h
}

func (h *history) connect(options ...kgo.Opt) *kgo.Client {
	h.t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(h.cluster.ListenAddrs()...),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMinAge(20 * time.Millisecond)}, options...)...)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(client.Close)
	return client
}

// config is that of lanes with two inputs.
func config(t *testing.T) *lane.Config {
	parameters := score.DefaultParameters()
	parameters.DataSufficiency, parameters.Version = signal.SufficiencyOK, "test"
	if err := parameters.Prepare(); err != nil {
		t.Fatal(err)
	}
	rules := policy.Default()
	c := &lane.Config{Group: "holdfast", Incarnation: "test", Partitions: partitions, ConfigHash: 5,
		Topics: lane.Topics{Checkpoint: "checkpoint", BatchLog: "batch-log", Outbox: "outbox", Alerts: "alerts",
			Loyalty: "loyalty", DeadLetters: "dead-letters", Model: "model", Population: "population"},
		Shard: shard.Config{Zone: shard.NewZone(time.UTC), Lateness: event.Hour, Currency: [3]byte{'E', 'U', 'R'},
			Segments: []string{"all"}, Policy: &rules, Parameters: &parameters,
			Alerts: shard.AlertContext{Plays: policy.DefaultPlays(), CurrencyText: "EUR"}},
		CommitEvery: time.Second, MaxReplay: time.Minute, FlushEvery: time.Second, RowsPerCommit: 10_000,
		EffectBytes: 64 << 20, BackfillMaxOpen: time.Hour}
	for topic, kind := range map[string]event.Type{"purchases": event.Purchase, "visits": event.Visit} {
		c.Inputs = append(c.Inputs, lane.Input{Topic: topic, Decode: decode.Config{Type: kind, MaxValueBytes: 1 << 20,
			MaxFuture: event.Hour}})
	}
	slices.SortFunc(c.Inputs, func(a, b lane.Input) int { return strings.Compare(a.Topic, b.Topic) })
	return c
}

func (h *history) wall() event.Instant { return event.Instant(h.now.UnixMicro()) }

// batch lets customers from one number up to another buy and visit, and commits
// it; flush writes all dirty pages and a header that says it is the last.
func (h *history) batch(from, to int, flush bool) {
	h.t.Helper()
	h.now = h.now.Add(time.Minute)
	for n := from; n < to; n++ {
		h.send(0, n, `"event_type":"purchase","kind":"order","order_id":"o","amount_net":40,"currency":"EUR"`)
		h.send(1, n, `"event_type":"visit","kind":"session"`)
	}
	if err := h.client.Flush(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	m := lane.Moment{Now: h.now, Wall: h.wall(), Parameters: h.cfg.Shard.Parameters}
	asked := &lane.LogEnds{Number: 1, At: m.Wall}
	for _, end := range h.ends {
		asked.Ends = append(asked.Ends, map[int32]checkpoint.Range{ours: {End: end}})
	}
	if err := h.lane.Work(&lane.Intake{Moment: m, Asked: asked, Most: 1 << 20}); err != nil {
		h.t.Fatal(err)
	}
	c, err := h.lane.Prepare(&lane.Around{Moment: m, Flush: flush, Stopping: flush, IDs: h.source.IDs,
		OutboxPartitions: 1})
	if err != nil {
		h.t.Fatal(err)
	}
	for r := range c.Records() {
		switch r.Topic {
		case h.cfg.Topics.BatchLog:
			r.Offset = int64(len(h.log))
			h.log = append(h.log, r)
		case h.cfg.Topics.Checkpoint:
			h.pages = append(h.pages, r)
		}
	}
	h.standing = lane.Standing{Known: true, Mark: c.Mark, Offsets: c.Offsets, Has: []bool{true, true}}
	h.lane.Keep(c)
}

func (h *history) send(input, customer int, rest string) {
	value := fmt.Sprintf(`{"event_id":"e%d-%d","customer_id":"c%d","occurred_at":"%s",%s}`, input, h.ends[input], customer,
		h.now.Format(time.RFC3339), rest)
	r := &kgo.Record{Topic: h.cfg.Inputs[input].Topic, Partition: ours, Key: fmt.Appendf(nil, "c%d", customer),
		Value: []byte(value), Timestamp: h.now}
	taken := *r // the client writes into the one that it is given
	taken.Offset = h.ends[input]
	h.client.Produce(h.t.Context(), r, func(_ *kgo.Record, err error) {
		if err != nil {
			h.t.Error(err)
		}
	})
	h.lane.Take(input, []*kgo.Record{&taken}, h.now)
	h.ends[input]++
}

// busy has three pages of customers, of which two are to be replayed.
func busy(t *testing.T) *history {
	h := newHistory(t)
	h.batch(0, 2*perPage+10, false)
	h.batch(0, 5, false)
	h.batch(5, 9, false)
	return h
}

// stopped has three pages, and ended cleanly.
func stopped(t *testing.T) *history {
	h := newHistory(t)
	h.batch(0, 2*perPage+10, false)
	h.batch(0, 5, true)
	return h
}

// put writes the pages and the log.
func (h *history) put() {
	h.t.Helper()
	for _, records := range [][]*kgo.Record{h.pages, h.log} {
		if err := h.client.ProduceSync(h.t.Context(), records...).FirstErr(); err != nil {
			h.t.Fatal(err)
		}
	}
}

// restore restores what is put, in a time that a refusal must not take.
func (h *history) restore() (*lane.Lane, error) {
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	return h.source.Restore(ctx, ours, h.standing, nil)
}

// header changes every header that is written.
func (h *history) header(change func(*checkpoint.Header)) {
	h.t.Helper()
	for _, r := range h.pages {
		if _, page, _ := checkpoint.ParsePageKey(r.Key); page == 0 {
			one, err := checkpoint.DecodeHeader(r.Value)
			if err != nil {
				h.t.Fatal(err)
			}
			change(&one)
			r.Value = one.Append(nil)
		}
	}
}

// entries changes every entry of the log.
func (h *history) entries(change func(*checkpoint.Entry)) {
	h.t.Helper()
	for _, r := range h.log {
		e, err := checkpoint.DecodeEntry(r.Value)
		if err != nil {
			h.t.Fatal(err)
		}
		change(&e)
		r.Value = e.Append(nil)
	}
}

// drop leaves out the records of a page; 0 is the header.
func (h *history) drop(pages ...uint32) {
	h.pages = slices.DeleteFunc(h.pages, func(r *kgo.Record) bool {
		_, page, _ := checkpoint.ParsePageKey(r.Key)
		return slices.Contains(pages, page)
	})
}

// same wants a lane to be what the one was that wrote the history.
func (h *history) same(l *lane.Lane) {
	h.t.Helper()
	if got, want := l.Shard().Position(), h.lane.Shard().Position(); got != want {
		h.t.Errorf("the shard stands at %+v, want %+v", got, want)
	}
	for i := range h.cfg.Inputs {
		got, known := l.Position(i)
		if want, _ := h.lane.Position(i); got != want || !known {
			h.t.Errorf("input %d is at %d, known %v, want %d", i, got, known, want)
		}
	}
	if stateOf(l) != stateOf(h.lane) {
		h.t.Error("the state is another one")
	}
}

// stateOf is all that a shard knows; that rows are owed is no part of it.
func stateOf(l *lane.Lane) string {
	slab := l.Shard().Slab()
	slab.Each(func(slot state.Slot) { slab.SetRowPending(slot, false) })
	var all bytes.Buffer
	var codec state.PageCodec
	for page := range slab.PagesInUse() {
		all.Write(slab.AppendPage(&codec, nil, ours, page, 1))
	}
	return all.String()
}

// refused wants an error that wraps one, is final, and says so in words.
func refused(t *testing.T, err, want error, words ...string) {
	t.Helper()
	if !errors.Is(err, want) || errors.Is(err, restore.ErrTransient) {
		t.Errorf("%v, want it to be final: %v", err, want)
		return
	}
	if strings.Count(err.Error(), anew) > 1 || strings.Count(err.Error(), "; restore ") > 1 {
		t.Errorf("it says twice what to do: %v", err)
	}
	for _, w := range append(words, fmt.Sprintf("restore shard %d: ", ours)) {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%v\nwant in it: %s", err, w)
		}
	}
}
