package pipeline_test

import (
	"context"
	"encoding/binary"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/internal/apachekafka"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/event"
)

// move moves a position of the visits.
func (w *world) move(cfg pipeline.Config, m pipeline.Move) ([]pipeline.Moved, error) {
	w.t.Helper()
	p, err := pipeline.New(fresh(cfg))
	if err != nil {
		w.t.Fatal(err)
	}
	m.Input = w.topicOf(event.Visit)
	return p.Move(w.ctx(), m)
}

// visitsStand is where partition 1 of the visits stands.
func (w *world) visitsStand(cfg pipeline.Config) pipeline.InputOffsets {
	w.t.Helper()
	p, err := pipeline.New(fresh(cfg))
	if err != nil {
		w.t.Fatal(err)
	}
	all, err := p.InputOffsets(w.ctx())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, o := range all {
		if o.Topic == w.topicOf(event.Visit) && o.Partition == 1 {
			return o
		}
	}
	w.t.Fatal("it is not shown")
	return pipeline.InputOffsets{}
}

// TestAMoveGivesWayToAnInstanceThatJoins lets a member join the group when all
// of a move is sent, but for its end: nothing is moved.
func TestAMoveGivesWayToAnInstanceThatJoins(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		v.produce(few(100, start))
		p := v.run(cfg)
		v.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		before := v.visitsStand(cfg)
		var late *kgo.Client
		joins := func() {
			joined := make(chan struct{})
			client, err := kgo.NewClient(append(v.reach(), kgo.ConsumerGroup(cfg.Group),
				kgo.ConsumeTopics(v.topicOf(event.Visit)),
				kgo.InstanceID("late"), kgo.OnPartitionsAssigned(func(context.Context, *kgo.Client,
					map[string][]int32) {
					close(joined)
				}))...)
			if err != nil {
				t.Error(err)
				return
			}
			late = client
			<-joined
		}
		var once sync.Once
		cfg.Client = append(slices.Clone(cfg.Client),
			kgo.Dialer(func(ctx context.Context, network, host string) (net.Conn, error) {
				conn, err := v.network.DialContext(ctx, network, host)
				return &heldConn{conn, kmsg.AddOffsetsToTxn, func() { once.Do(joins) }}, err
			}))
		_, err := v.move(cfg, pipeline.Move{Partition: 1, To: 0, Back: true})
		if err == nil || !strings.Contains(err.Error(), "an instance has joined group") {
			t.Errorf("moved under an instance that joined: %v", err)
		}
		late.CloseAllowingRebalance()
		if after := v.visitsStand(cfg); after != before || before.Position == 0 {
			t.Errorf("it stood at %+v and stands at %+v", before, after)
		}
	})
}

// heldConn does something before a request of a kind goes out.
type heldConn struct {
	net.Conn
	key    kmsg.Key
	before func()
}

// Write implements net.Conn.
func (c *heldConn) Write(b []byte) (int, error) {
	if len(b) > 6 && binary.BigEndian.Uint16(b[4:6]) == uint16(c.key) {
		c.before()
	}
	return c.Conn.Write(b)
}

// TestIntegrationMovesOnApacheKafka skips what retention has taken, and goes
// back, on Apache Kafka.
func TestIntegrationMovesOnApacheKafka(t *testing.T) {
	cluster := apachekafka.ForTest(t, apachekafka.Options{Nodes: 1})
	w := newWorldAt(t, cluster.Addrs())
	cfg := w.config()
	all := items(dirtyLoad(900))
	life := func() {
		t.Helper()
		p := w.run(fresh(cfg))
		(&virtual{world: w}).readyWithin(p, time.Minute) // a young cluster has no coordinator yet
		w.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
	}
	w.produce(all[:300])
	life()
	was := w.visitsStand(cfg)
	w.produce(all[300:600])
	w.deleteTo(w.topicOf(event.Visit), 1, was.Position+3)
	_, done := w.runToItsEnd(fresh(cfg))
	wantEnd(t, done, "holdfast offsets skip --input "+w.topicOf(event.Visit)+"/1")
	moved, err := w.move(cfg, pipeline.Move{Partition: 1, To: pipeline.MoveToStart, Patience: 30 * time.Second})
	if err != nil || len(moved) != 1 || moved[0].Skipped != 3 || moved[0].To != was.Position+3 {
		t.Fatal(moved, err)
	}
	life()
	if now := w.visitsStand(cfg); now.Lag() != 0 || now.Skipped != 3 || now.Committed != now.Position {
		t.Errorf("after a skip: %+v", now)
	}
	working := w.run(fresh(cfg))
	(&virtual{world: w}).readyWithin(working, time.Minute)
	back := pipeline.Move{Partition: 1, To: was.Position + 3, Back: true, Patience: 100 * time.Millisecond}
	if moved, err := w.move(cfg, back); err == nil || !strings.Contains(err.Error(), "stop them first") {
		t.Errorf("moved %v under a running instance: %v", moved, err)
	}
	if err := working.stop(); err != nil {
		t.Fatal(err)
	}
	back.Patience = 30 * time.Second
	if moved, err := w.move(cfg, back); err != nil || len(moved) != 1 {
		t.Fatal(moved, err)
	}
	if now := w.visitsStand(cfg); now.Position != was.Position+3 || now.Committed != now.Position {
		t.Errorf("after a rewind: %+v", now)
	}
	w.produce(all[600:])
	life()
	if now := w.visitsStand(cfg); now.Lag() != 0 {
		t.Errorf("in the end: %+v", now)
	}
}

// deleteTo lets retention take what lies below an offset.
func (w *world) deleteTo(topic string, partition int32, offset int64) {
	w.t.Helper()
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, partition, offset, -1)
	answer, err := kadm.NewClient(w.client).DeleteRecords(w.ctx(), offsets)
	if err == nil {
		err = answer.Error()
	}
	if err != nil {
		w.t.Fatal(err)
	}
}
