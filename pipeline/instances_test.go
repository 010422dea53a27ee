package pipeline_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/schemas/topics"
)

// second is the configuration of another instance in the same group.
func second(cfg pipeline.Config) pipeline.Config {
	cfg = fresh(cfg)
	cfg.InstanceID = "two"
	return cfg
}

// notReady waits until a pipeline is not ready for a reason that has the words.
func (v *virtual) notReady(p *running, words ...string) {
	v.t.Helper()
	reason := ""
	for range 300 {
		ready := false
		if ready, reason = p.Ready(); !ready && containsAll(reason, words) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	v.t.Errorf("not ready because %q, want a reason with %q", reason, words)
}

func containsAll(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// readyWithin says how long it took until a pipeline was ready.
func (v *virtual) readyWithin(p *running, limit time.Duration) time.Duration {
	v.t.Helper()
	began := time.Now()
	for time.Since(began) < limit {
		if ready, _ := p.Ready(); ready {
			return time.Since(began)
		}
		time.Sleep(20 * time.Millisecond)
	}
	_, why := p.Ready()
	v.t.Errorf("not ready within %s: %s", limit, why)
	return limit
}

func TestASecondInstanceWaitsAndTakesOver(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		all := items(dirtyLoad(900))
		v.setWall(all[len(all)-1].At)
		cfg := v.honest()
		v.produce(all[:300])
		first := v.run(cfg)
		v.caughtUp(cfg)
		other := v.run(second(cfg))
		v.notReady(other, "several instances: not yet")
		v.produce(all[300:600])
		v.caughtUp(cfg)
		if ready, why := first.Ready(); !ready {
			t.Errorf("the first is not ready: %s", why)
		}
		if err := first.stop(); err != nil {
			t.Fatal(err)
		}
		if took := v.readyWithin(other, 30*time.Second); took > 6*time.Second {
			t.Errorf("the second took over %s after a clean stop", took)
		}
		v.produce(all[600:])
		v.caughtUp(cfg)
		if err := other.stop(); err != nil {
			t.Fatal(err)
		}
		v.verify(cfg, len(all))
	})
}

// TestASecondInstanceTakesOverFromADeadOne cuts the first one's connections, as
// a death would: nothing more is heard of it.
func TestASecondInstanceTakesOverFromADeadOne(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		all := items(dirtyLoad(600))
		v.setWall(all[len(all)-1].At)
		cfg := v.honest()
		cfg.SessionTimeout = 6 * time.Second
		v.produce(all[:300])
		cut := v.severable(&cfg)
		dying := v.run(cfg)
		v.caughtUp(cfg)
		cfg.Client = v.reach()
		other := v.run(second(cfg))
		v.notReady(other, "several instances: not yet")
		cut()
		if took := v.readyWithin(other, time.Minute); took > 6*time.Second+cfg.TransactionTimeout+2*time.Second {
			t.Errorf("the second took over after %s", took)
		}
		v.notReady(dying)
		v.produce(all[300:])
		v.caughtUp(cfg)
		for _, p := range []*running{other, dying} {
			if err := p.stop(); err != nil {
				t.Fatal(err)
			}
		}
		v.verify(cfg, len(all))
	})
}

func TestUnequalAndMissingTopicsAreNamed(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		admin := kadm.NewClient(v.client)
		visits := v.names[topics.Visits]
		cfg := v.honest()
		if _, err := admin.DeleteTopics(v.ctx(), visits); err != nil {
			t.Fatal(err)
		}
		p := v.run(cfg)
		v.notReady(p, visits, "does not exist")
		if _, err := admin.CreateTopics(v.ctx(), testPartitions+2, 1, nil, visits); err != nil {
			t.Fatal(err)
		}
		v.notReady(p, "unequal partition counts", visits+"=6", v.names[topics.Purchases]+"=4")
		if _, err := admin.DeleteTopics(v.ctx(), visits); err != nil {
			t.Fatal(err)
		}
		v.notReady(p, visits, "does not exist")
		if _, err := admin.CreateTopics(v.ctx(), testPartitions, 1, nil, visits); err != nil {
			t.Fatal(err)
		}
		v.readyWithin(p, 30*time.Second)
		all := few(100, start)
		v.produce(all)
		v.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		v.verify(cfg, len(all))
	})
}

// TestPartitionsRaisedWhileRunning adds partitions to one input, then to all:
// keys move, so that nothing may go on under the old state.
func TestPartitionsRaisedWhileRunning(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		admin := kadm.NewClient(v.client)
		cfg := v.honest()
		v.produce(few(100, start))
		p, done := v.runToItsEnd(cfg)
		v.caughtUp(cfg)
		v.raise(admin, v.names[topics.Visits])
		v.notReady(&running{Pipeline: p}, "unequal partition counts", v.names[topics.Visits]+"=6")
		v.raise(admin, v.names[topics.Purchases], v.names[topics.Complaints], v.names[topics.Checkpoint],
			v.names[topics.BatchLog], v.names[topics.DeadLetters], v.names[topics.Internal])
		wantEnd(t, done, "written for 4 partitions", "6 now")
	})
}

func (v *virtual) raise(admin *kadm.Client, names ...string) {
	v.t.Helper()
	answers, err := admin.UpdatePartitions(v.ctx(), testPartitions+2, names...)
	if err != nil || answers.Error() != nil {
		v.t.Fatal(err, answers.Error())
	}
}

// runToItsEnd runs a pipeline that is expected to end by itself.
func (v *world) runToItsEnd(cfg pipeline.Config) (*pipeline.Pipeline, <-chan error) {
	v.t.Helper()
	p, err := pipeline.New(cfg)
	if err != nil {
		v.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		done <- p.Run(ctx)
	}()
	v.t.Cleanup(func() {
		cancel()
		<-ended
	})
	return p, done
}

// wantEnd holds the error with which a pipeline ended by itself to the words.
func wantEnd(t testing.TB, done <-chan error, words ...string) {
	t.Helper()
	select {
	case err := <-done:
		if err == nil || !containsAll(err.Error(), words) {
			t.Errorf("ended with %v, want an error with %q", err, words)
		}
	case <-time.After(2 * time.Minute):
		t.Errorf("goes on, want an end with %q", words)
	}
}

// TestATopicThatIsGoneEndsThePipeline runs in real time: the client asks for a
// deleted topic without a pause, in which virtual time stands still.
func TestATopicThatIsGoneEndsThePipeline(t *testing.T) {
	for name, again := range map[string][]time.Duration{"deleted": nil, "made anew at once": {0},
		"made anew later": {2 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			admin := kadm.NewClient(w.client)
			cfg := w.config()
			w.produce(few(100, start))
			_, done := w.runToItsEnd(cfg)
			w.caughtUp(cfg)
			if _, err := admin.DeleteTopics(w.ctx(), w.names[topics.Visits]); err != nil {
				t.Fatal(err)
			}
			for _, gap := range again {
				time.Sleep(gap)
				if _, err := admin.CreateTopics(w.ctx(), testPartitions, 1, nil, w.names[topics.Visits]); err != nil {
					t.Fatal(err)
				}
			}
			wantEnd(t, done, w.names[topics.Visits], "created anew")
		})
	}
}

// spoil writes to an internal topic what does not belong there.
func (v *virtual) spoil(topic string, partition int32, change func(r *kgo.Record)) {
	v.t.Helper()
	for _, r := range v.read(topic) {
		if r.Partition != partition || len(r.Key) == 0 && topic == v.names[topics.Checkpoint] {
			continue
		}
		value := append([]byte{}, r.Value...)
		bad := &kgo.Record{Topic: topic, Partition: partition, Key: r.Key, Value: value}
		change(bad)
		if err := v.placed().ProduceSync(v.ctx(), bad).FirstErr(); err != nil {
			v.t.Fatal(err)
		}
		return
	}
	v.t.Fatalf("nothing in %s/%d", topic, partition)
}

// placed is a client that writes where records say.
func (v *virtual) placed() *kgo.Client {
	v.t.Helper()
	client, err := kgo.NewClient(append(v.reach(), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(client.Close)
	return client
}

// dieAfterCommits runs a pipeline for so many commits; no stop is cleaner.
func (v *virtual) dieAfterCommits(cfg pipeline.Config, commits int) {
	v.t.Helper()
	cfg = fresh(cfg)
	cfg.MaxReplay = time.Hour
	committed := make(chan struct{})
	var wire *wire
	wire = v.observe(&cfg, nil, func(at point) {
		if at == afterEnd {
			if commits--; commits == 0 {
				wire.cut()
				close(committed)
			}
		}
	})
	dying := v.run(cfg)
	<-committed
	if err := dying.stop(); err != nil {
		v.t.Fatal(err)
	}
}

// TestDamageIsRefused spoils what a restart needs: it is refused with what and
// where, and nothing is counted anew by accident.
func TestDamageIsRefused(t *testing.T) {
	checkpoint, batchLog := defaultNames()[topics.Checkpoint], defaultNames()[topics.BatchLog]
	for _, d := range []struct {
		name  string
		spoil func(v *virtual, admin *kadm.Client)
		words []string
		// commits are those before the death. After the first, most pages are
		// still to be written, so that the next start has much to replay.
		commits int
	}{
		{"page damaged", func(v *virtual, _ *kadm.Client) {
			v.spoil(checkpoint, 1, func(r *kgo.Record) { r.Value[len(r.Value)/2] ^= 0x55 })
		}, []string{"shard 1", checkpoint + "/1 offset", "damaged"}, 1},
		{"page of a newer release", func(v *virtual, _ *kadm.Client) {
			v.spoil(checkpoint, 1, func(r *kgo.Record) { r.Value[4] = 99 })
		}, []string{"shard 1", checkpoint + "/1 offset", "this release does not read"}, 1},
		{"page that is none", func(v *virtual, _ *kadm.Client) {
			v.spoil(checkpoint, 1, func(r *kgo.Record) { r.Value = []byte("nonsense") })
		}, []string{"shard 1", checkpoint + "/1 offset"}, 1},
		{"page of another shard", func(v *virtual, _ *kadm.Client) {
			v.spoil(checkpoint, 1, func(r *kgo.Record) { r.Partition = 2 })
		}, []string{"shard 2", checkpoint + "/2 offset", "shard 1"}, 1},
		{"entry damaged", func(v *virtual, _ *kadm.Client) {
			v.spoil(batchLog, 1, func(r *kgo.Record) { r.Value[len(r.Value)/2] ^= 0x55 })
		}, []string{"shard 1", batchLog + "/1 offset"}, 1},
		{"entry twice", func(v *virtual, _ *kadm.Client) {
			v.spoil(batchLog, 1, func(*kgo.Record) {})
		}, []string{"shard 1", batchLog + "/1 offset", "hole"}, 1},
		{"internal topics emptied", func(v *virtual, admin *kadm.Client) {
			v.deleteRecords(admin, checkpoint)
			v.deleteRecords(admin, batchLog)
		}, []string{"the group stands at batch"}, 1},
		{"checkpoint emptied", func(v *virtual, admin *kadm.Client) {
			v.deleteRecords(admin, checkpoint)
		}, []string{"shard", "read pages", "missing"}, 3},
		{"inputs emptied behind the replay", func(v *virtual, admin *kadm.Client) {
			for _, kind := range []event.Type{event.Purchase, event.Visit, event.Complaint} {
				v.deleteRecords(admin, v.topicOf(kind))
			}
		}, []string{"shard", "by retention", "holdfast offsets skip --input"}, 1},
		{"partitions raised", func(v *virtual, admin *kadm.Client) {
			v.raise(admin, v.names[topics.Visits], v.names[topics.Purchases], v.names[topics.Complaints], checkpoint, batchLog,
				v.names[topics.DeadLetters], v.names[topics.Internal])
		}, []string{"written for 4 partitions", "6 now"}, 1},
	} {
		t.Run(d.name, func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) {
				cfg := v.honest()
				v.produce(items(workload.LoadConfig{Events: 4000, Customers: 5000, Seed: 5, Start: start - 40*event.Day24h,
					Step: 10 * event.Minute}))
				v.dieAfterCommits(cfg, d.commits)
				d.spoil(v, kadm.NewClient(v.client))
				_, done := v.runToItsEnd(fresh(cfg))
				wantEnd(t, done, d.words...)
			})
		})
	}
}
