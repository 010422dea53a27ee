package pipeline_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/schemas/topics"
)

// point names a place in the protocol at which a test acts: it kills the
// process, cuts its connections or asks the brokers. The pipeline knows of none;
// its clients' connections and the client's own hooks show them.
type point string

// The points, in the order of a commit's life; then those of a restore.
const (
	afterPoll            point = "after-poll"              // records are handed to the loop; nothing of them is applied
	afterBegin           point = "after-begin"             // a transaction has no record yet
	midProduce           point = "mid-produce"             // some of its records are sent, others not
	midPage              point = "mid-page"                // the next of its records is a page
	afterFlush           point = "after-flush"             // all of them are acknowledged; its offsets are not sent
	betweenOffsetsAndEnd point = "between-offsets-and-end" // its offsets are acknowledged; its end is not sent
	afterEnd             point = "after-end"               // its end is acknowledged; the loop does not know
	midRestore           point = "mid-restore"             // more pages, or more of the batch log, are not asked for yet
	midReplay            point = "mid-replay"              // nor are more inputs, to be applied again
)

// points are all of them.
func points() []point {
	return []point{afterPoll, afterBegin, midProduce, midPage, afterFlush, betweenOffsetsAndEnd, afterEnd, midRestore,
		midReplay}
}

// observe calls reached at each point of a configuration's pipeline, in the
// goroutine that is there; what it does not return from goes no further.
// checkpointed are the ids of the topics that a restore begins with; without
// them its points are not told.
func (w *world) observe(cfg *pipeline.Config, checkpointed [][16]byte, reached func(point)) *wire {
	m := &observed{checkpoint: w.names[topics.Checkpoint], checkpointed: checkpointed, reached: reached}
	wire := w.wired(cfg, m.sending)
	cfg.Client = append(cfg.Client, kgo.WithHooks(m))
	return wire
}

// observed is a pipeline whose points are told.
type observed struct {
	checkpoint   string
	checkpointed [][16]byte
	reached      func(point)

	mu       sync.Mutex
	polled   bool // in the poll at hand there was a record
	begun    bool // the commit at hand has a record
	produces int  // requests with its records
	flushed  bool // its offsets are on their way
}

var (
	_ kgo.HookPollStart             = (*observed)(nil)
	_ kgo.HookFetchRecordUnbuffered = (*observed)(nil)
	_ kgo.HookProduceRecordBuffered = (*observed)(nil)
	_ kgo.HookBrokerRead            = (*observed)(nil)
)

// first sets a flag and reports whether it was not set.
func (m *observed) first(flag *bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := *flag
	*flag = true
	return !was
}

// OnPollStart implements kgo.HookPollStart: no commit is at hand.
func (m *observed) OnPollStart(context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.polled, m.begun, m.produces, m.flushed = false, false, 0, false
}

// OnFetchRecordUnbuffered implements kgo.HookFetchRecordUnbuffered.
func (m *observed) OnFetchRecordUnbuffered(_ *kgo.Record, polled bool) {
	if polled && m.first(&m.polled) {
		m.reached(afterPoll)
	}
}

// OnProduceRecordBuffered implements kgo.HookProduceRecordBuffered.
func (m *observed) OnProduceRecordBuffered(r *kgo.Record) {
	if m.first(&m.begun) {
		m.reached(afterBegin)
	}
	if _, page, ok := checkpoint.ParsePageKey(r.Key); ok && page > 0 && r.Topic == m.checkpoint {
		m.reached(midPage)
	}
}

// OnBrokerRead implements kgo.HookBrokerRead.
func (m *observed) OnBrokerRead(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, err error) {
	switch {
	case err != nil:
	case kmsg.Key(key) == kmsg.TxnOffsetCommit:
		m.reached(betweenOffsetsAndEnd)
	case kmsg.Key(key) == kmsg.EndTxn:
		m.reached(afterEnd)
	}
}

// sending is told of each request before it is sent.
func (m *observed) sending(c *wireConn, request []byte) {
	switch keyOf(request) {
	case kmsg.Produce:
		m.mu.Lock()
		m.produces++
		later := m.produces > 1
		m.mu.Unlock()
		if later {
			m.reached(midProduce)
		}
	case kmsg.AddOffsetsToTxn, kmsg.TxnOffsetCommit:
		if m.first(&m.flushed) {
			m.reached(afterFlush)
		}
	case kmsg.Fetch:
		m.fetching(c, fetched(request))
	default: // of no point
	}
}

// fetching tells the points of a restore.
func (m *observed) fetching(c *wireConn, ids [][16]byte) {
	if slices.ContainsFunc(ids, func(id [16]byte) bool { return slices.Contains(m.checkpointed, id) }) {
		c.restores = true
		m.reached(midRestore)
	} else if c.restores && len(ids) > 0 {
		m.reached(midReplay)
	}
}

// checkpointed are the ids of the topics that a restore begins with.
func (w *world) checkpointed() [][16]byte {
	w.t.Helper()
	found, err := kadm.NewClient(w.client).ListTopics(w.ctx(), w.names[topics.Checkpoint], w.names[topics.BatchLog])
	if err == nil {
		err = found.Error()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	var ids [][16]byte
	for _, topic := range found {
		ids = append(ids, topic.ID)
	}
	return ids
}

// TestBetweenOffsetsAndEnd asks the brokers at the points of the first commit
// what they know of the transaction: offsets are pending between the two, and
// nowhere else.
func TestBetweenOffsetsAndEnd(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		v.produce(few(200, start))
		type seen struct {
			state   string
			pending bool
		}
		found := map[point]seen{}
		var commits atomic.Int64
		observing := cfg
		v.observe(&observing, nil, func(at point) {
			if commits.Load() > 0 {
				return
			}
			switch at {
			case afterFlush, betweenOffsetsAndEnd:
				found[at] = seen{v.transaction(cfg), v.offsetsPending(cfg)}
			case afterEnd:
				found[at] = seen{"", v.offsetsPending(cfg)}
				commits.Add(1)
			default:
			}
		})
		p := v.run(observing)
		v.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		want := map[point]seen{
			afterFlush:           {"Ongoing", false},
			betweenOffsetsAndEnd: {"Ongoing", true},
			afterEnd:             {"", false},
		}
		for at, w := range want {
			if found[at] != w {
				t.Errorf("at %s the brokers say %+v, want %+v", at, found[at], w)
			}
		}
	})
}

// transaction is the state of a pipeline's transaction at its coordinator.
func (v *virtual) transaction(cfg pipeline.Config) string {
	id := cfg.Group + "-" + cfg.InstanceID
	described, err := kadm.NewClient(v.client).DescribeTransactions(v.ctx(), id)
	if err != nil {
		v.t.Error(err)
	}
	return described[id].State
}

// offsetsPending reports whether an open transaction holds offsets of the group.
func (v *virtual) offsetsPending(cfg pipeline.Config) bool {
	ctx, cancel := context.WithTimeout(v.ctx(), 100*time.Millisecond)
	defer cancel()
	_, err := checkpoint.StableOffsets(ctx, v.client, cfg.Group, map[string][]int32{v.topicOf(event.Visit): {0, 1, 2, 3}})
	if err != nil && !errors.Is(err, kerr.UnstableOffsetCommit) {
		v.t.Error(err)
	}
	return err != nil
}
