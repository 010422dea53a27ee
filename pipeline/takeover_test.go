package pipeline_test

import (
	"sync"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/apachekafka"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/pipeline"
)

// takeoverMost is how long a partition goes without an owner at most, where the
// instance that had it dies: the session (10 s), what is left of a transaction
// that it had open (20 s from its beginning; a broker looks for such every 10 s),
// and the restore.
const takeoverMost = 32 * time.Second

// shipped are the times that a pipeline has where nothing is configured.
func shipped(t testing.TB, cfg pipeline.Config) pipeline.Config {
	t.Helper()
	loaded, err := config.Load(config.Input{HostName: "test-host"})
	if err != nil {
		t.Fatal(err)
	}
	cfg.TransactionTimeout, cfg.SessionTimeout = loaded.Kafka.TransactionTime.D(), 0
	return cfg
}

// TestATakeoverUnderTheShippedTimes lets an instance die in the middle of a
// transaction, just begun or with its offsets already sent: a second instance
// is ready within the time that is promised.
func TestATakeoverUnderTheShippedTimes(t *testing.T) {
	for _, fatal := range []point{afterBegin, afterFlush, betweenOffsetsAndEnd, afterEnd} {
		t.Run(string(fatal), func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) {
				all := items(dirtyLoad(900))
				v.setWall(all[len(all)-1].At)
				cfg := shipped(t, v.honest())
				v.produce(all[:300])
				dying := cfg
				dead, armed := make(chan struct{}), make(chan struct{})
				var once sync.Once
				var wire *wire
				wire = v.observe(&dying, nil, func(at point) {
					select {
					case <-armed:
						if at == fatal {
							once.Do(func() {
								wire.cut()
								close(dead)
							})
						}
					default:
					}
				})
				first := v.run(dying)
				v.caughtUp(cfg)
				other := v.run(second(cfg))
				v.notReady(other, "several instances: not yet")
				close(armed)
				v.produce(all[300:600])
				<-dead
				took := v.readyWithin(other, time.Minute)
				t.Logf("took over after %s", took)
				if took > takeoverMost {
					t.Errorf("took over after %s, want at most %s", took, takeoverMost)
				}
				v.produce(all[600:])
				v.caughtUp(cfg)
				for _, p := range []*running{other, first} {
					if err := p.stop(); err != nil {
						t.Fatal(err)
					}
				}
				v.verify(cfg, len(all))
			})
		})
	}
}

// TestIntegrationATakeoverUnderTheShippedTimes is the same on Apache Kafka, with
// processes that kill themselves.
func TestIntegrationATakeoverUnderTheShippedTimes(t *testing.T) {
	cluster := apachekafka.ForTest(t, apachekafka.Options{Nodes: 1})
	w := newWorldAt(t, cluster.Addrs())
	cfg := shipped(t, w.config())
	all := items(dirtyLoad(4000))
	sent := 0
	for round, fatal := range []point{afterFlush, betweenOffsetsAndEnd} {
		dying := startWorker(t, workerOrder{Addrs: w.addrs, Point: fatal, Nth: 8})
		for ended := false; !ended && sent < 1000*(round+1); sent += 20 {
			w.produceLive(all[sent : sent+20])
			select {
			case <-dying.done:
				ended = true
			case <-time.After(100 * time.Millisecond):
			}
		}
		if !dying.killed(t, 10*time.Second) {
			t.Fatalf("%s was not reached", fatal)
		}
		other := cfg
		if round == 0 {
			other = second(cfg)
		} else {
			other.InstanceID, other.Registerer = "three", fresh(cfg).Registerer
		}
		p := w.run(other)
		took := (&virtual{world: w}).readyWithin(p, time.Minute)
		t.Logf("%s: took over after %s", fatal, took)
		if took > takeoverMost {
			t.Errorf("%s: took over after %s, want at most %s", fatal, took, takeoverMost)
		}
		w.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
	}
	w.verify(cfg, sent)
}
