package pipeline_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/schemas/topics"
)

// liar sits between the pipeline and the brokers and spoils answers to EndTxn
// that the broker has acted upon: it drops them, or puts an error into them.
type liar struct {
	drops atomic.Int32 // answers still to be dropped
	code  atomic.Int32 // of the next answer; 0 = as it is
	lies  atomic.Int32
}

type lyingConn struct {
	net.Conn
	liar   *liar
	ending atomic.Bool
	read   int // of the answer; by the client's one reader
}

// Write notes when a request that ends a transaction goes out.
func (c *lyingConn) Write(b []byte) (int, error) {
	if len(b) > 6 && binary.BigEndian.Uint16(b[4:6]) == uint16(kmsg.EndTxn) {
		c.ending.Store(true)
	}
	return c.Conn.Write(b)
}

// errorAt is where the error code stands in an EndTxn answer: after its
// length, correlation id, no tags, throttle time.
const errorAt = 4 + 4 + 1 + 4

func (c *lyingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil || !c.ending.Load() {
		return n, err
	}
	if c.liar.drops.Load() > 0 {
		c.liar.drops.Add(-1)
		c.liar.lies.Add(1)
		return 0, errors.Join(errors.New("the connection was cut"), c.Conn.Close())
	}
	c.read += n
	at := errorAt - (c.read - n) // in what was read now
	if at+2 > n {
		return n, nil // the rest follows
	}
	c.ending.Store(false)
	c.read = 0
	if code := c.liar.code.Swap(0); code != 0 {
		binary.BigEndian.PutUint16(b[at:], uint16(code))
		c.liar.lies.Add(1)
	}
	return n, nil
}

// lieTo lets the pipeline of a configuration speak through a liar.
func (v *virtual) lieTo(cfg *pipeline.Config) *liar {
	l := &liar{}
	cfg.Client = append(append([]kgo.Opt{}, v.reach()...),
		kgo.Dialer(func(ctx context.Context, network, host string) (net.Conn, error) {
			conn, err := v.network.DialContext(ctx, network, host)
			if err != nil {
				return nil, err
			}
			return &lyingConn{Conn: conn, liar: l}, nil
		}))
	return l
}

// TestUnknownOutcomes ends transactions whose outcome the client does not
// learn, on both sides: what happened is read off the group's offsets.
func TestUnknownOutcomes(t *testing.T) {
	type outcome struct {
		name     string
		lie      func(l *liar, engine *kfake.Cluster)
		resolved string // the result that the metric must show besides committed
	}
	lies := func(code *kerr.Error) func(*liar, *kfake.Cluster) {
		return func(l *liar, _ *kfake.Cluster) { l.code.Store(int32(code.Code)) }
	}
	refuses := func(code *kerr.Error) func(*liar, *kfake.Cluster) {
		return func(l *liar, engine *kfake.Cluster) {
			l.lies.Add(1)
			engine.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, TopLevel: true, Err: code})
		}
	}
	for _, o := range []outcome{
		{"applied, answer lost", func(l *liar, _ *kfake.Cluster) { l.drops.Store(1) }, ""},
		{"applied, answer lost for good", func(l *liar, _ *kfake.Cluster) { l.drops.Store(100) }, "unknown"},
		{"applied, answered with an unknown error", lies(kerr.UnknownServerError), "aborted"},
		{"applied, answered as fenced", lies(kerr.ProducerFenced), "unknown"},
		{"applied, answered as in a wrong state", lies(kerr.InvalidTxnState), "unknown"},
		{"not applied, fenced", refuses(kerr.ProducerFenced), "unknown"},
		{"not applied, wrong state", refuses(kerr.InvalidTxnState), "unknown"},
		{"not applied, unknown error", refuses(kerr.UnknownServerError), "aborted"},
	} {
		t.Run(o.name, func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) {
				all := items(dirtyLoad(600))
				v.setWall(all[len(all)-1].At)
				cfg, registry := v.honest(), prometheus.NewRegistry()
				cfg.Registerer = registry
				l := v.lieTo(&cfg)
				v.produce(all[:300])
				p := v.run(cfg)
				v.caughtUp(cfg)
				o.lie(l, v.engine)
				v.produce(all[300:])
				time.Sleep(20 * time.Second)
				l.drops.Store(0)
				v.caughtUp(cfg)
				if err := p.stop(); err != nil {
					t.Fatal(err)
				}
				if l.lies.Load() == 0 {
					t.Error("no answer was spoilt")
				}
				if o.resolved != "" && commitsOf(t, registry, o.resolved) == 0 {
					t.Errorf("no commit counted as %s", o.resolved)
				}
				v.verify(cfg, len(all))
			})
		})
	}
}

// commitsOf counts the transactions that came to a result.
func commitsOf(t testing.TB, registry *prometheus.Registry, result string) (n float64) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "holdfast_commits_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				if label.GetName() == "result" && label.GetValue() == result {
					n += m.GetCounter().GetValue()
				}
			}
		}
	}
	return n
}

// TestAFencedTwinGivesUp fences the producer again and again, as a second
// process with the same instance id would. (The embedded engine itself lets
// both go on; a real broker does not.)
func TestAFencedTwinGivesUp(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		v.produce(few(50, start))
		v.engine.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, TopLevel: true, Err: kerr.ProducerFenced, Count: -1})
		p, err := pipeline.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		err = p.Run(v.ctx())
		if err == nil || !strings.Contains(err.Error(), "kafka.instance_id") || !errors.Is(err, kerr.ProducerFenced) {
			t.Errorf("got %v, want words about kafka.instance_id", err)
		}
	})
}

// TestAFencedMemberGivesUp is the same for the group membership.
func TestAFencedMemberGivesUp(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		v.produce(few(50, start))
		v.engine.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat}, TopLevel: true, Err: kerr.FencedInstanceID, Count: -1})
		p, err := pipeline.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(v.ctx(), 100*time.Second)
		defer cancel()
		err = p.Run(ctx)
		if err == nil || !strings.Contains(err.Error(), "kafka.instance_id") || !errors.Is(err, kerr.FencedInstanceID) {
			t.Errorf("got %v, want words about kafka.instance_id", err)
		}
	})
}

// TestCommitsWithoutInputAreQuick has commits that carry only what time has
// done. A client that takes the broker for an old one waits 500 ms at each.
func TestCommitsWithoutInputAreQuick(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		var began, took, commits atomic.Int64
		observing := cfg
		v.observe(&observing, nil, func(at point) {
			switch at {
			case afterBegin:
				began.Store(time.Now().UnixNano())
			case afterEnd:
				took.Add(time.Now().UnixNano() - began.Load())
				commits.Add(1)
			default:
			}
		})
		v.produce(few(400, start))
		p := v.run(observing)
		v.caughtUp(cfg)
		took.Store(0)
		commits.Store(0)
		for n := range 40 {
			v.setWall(start + event.Instant(n)*3*event.Day24h)
			time.Sleep(settle)
		}
		if n := commits.Load(); n < 20 {
			t.Errorf("%d commits: time alone made too few", n)
		}
		if mean := time.Duration(took.Load() / max(commits.Load(), 1)); mean > 250*time.Millisecond/20 {
			t.Errorf("a commit without input takes %s", mean)
		}
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestARecordThatIsAlwaysRefusedEndsThePipeline: what belongs to a commit cannot
// be left out, so after a while of trying the pipeline says what was refused.
func TestARecordThatIsAlwaysRefusedEndsThePipeline(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		outbox := v.names[topics.Outbox]
		v.produce(few(50, start))
		refused := v.engine.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: outbox, Err: kerr.MessageTooLarge,
			Count: -1})
		_, done := v.runToItsEnd(cfg)
		wantEnd(t, done, "none has succeeded", "bytes to "+outbox, "MESSAGE_TOO_LARGE",
			"raise max.message.bytes of the topic")
		refused.Remove()
		p := v.run(fresh(cfg))
		v.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		v.verify(cfg, 50)
	})
}

// TestRetentionLossEndsThePipeline deletes records that were never read.
func TestRetentionLossEndsThePipeline(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		load := few(200, start)
		v.produce(load[:100])
		p := v.run(cfg)
		v.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		v.produce(load[100:])
		v.deleteRecords(kadm.NewClient(v.client), v.topicOf(event.Visit))
		_, done := v.runToItsEnd(fresh(cfg))
		wantEnd(t, done, v.topicOf(event.Visit), "deleted by retention")
	})
}

// TestAStopAfterACommitThatWasTakenBack stops while the first commit is refused:
// what is written then must not speak of pages that only the commit would have
// brought.
func TestAStopAfterACommitThatWasTakenBack(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		v.produce(few(50, start))
		refused := v.engine.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: v.names[topics.Outbox],
			Err: kerr.MessageTooLarge, Count: -1})
		p := v.run(cfg)
		time.Sleep(5 * time.Second)
		refused.Remove()
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		p = v.run(fresh(cfg))
		v.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		v.verify(cfg, 50)
	})
}
