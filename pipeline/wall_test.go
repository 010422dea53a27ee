package pipeline_test

import (
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast/holdfast/internal/backfill"
	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/schemas/topics"
)

// TestARecordOfTheFutureMovesNothing: a record that its producer stamped with a
// time to come, at the head of a backlog, is refused, and no clock follows it.
func TestARecordOfTheFutureMovesNothing(t *testing.T) {
	for name, far := range map[string]event.Instant{"2028": 900 * event.Day24h, "2190": 60_000 * event.Day24h,
		"a day": event.Day24h} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) {
				c := v.clocked()
				c.setWall(start)
				regular := few(400, start)
				c.produce(regular)
				c.start()
				c.reads(start)
				if err := c.running.stop(); err != nil {
					t.Fatal(err)
				}
				alerts := len(v.deliverable())
				wall := start + event.Hour
				c.setWall(wall)
				c.produce([]workload.Item{visit(wall + far)})
				c.produce(stamped(few(100, wall), wall))
				c.cfg = fresh(c.cfg)
				c.registry = registryOf(&c.cfg)
				c.start()
				if !c.reads(wall) {
					t.Errorf("the clock stands elsewhere: %v", gauge(t, c.registry, "holdfast_partition_watermark_timestamp_seconds"))
				}
				if now := len(v.deliverable()); now > alerts+20 {
					t.Errorf("%d alerts after a record of the future", now-alerts)
				}
				letters := v.deadLetters()
				if len(letters) != 1 {
					t.Errorf("%d dead letters, want the record of the future", len(letters))
				}
				for _, letter := range letters {
					if reason := headerOf(letter, "holdfast.dlq.reason"); reason != "future_time" {
						t.Errorf("reason %s, want future_time", reason)
					}
				}
			})
		})
	}
}

// TestAJumpOfTheHostsClockStopsEverything lets the host's clock be wrong for some
// seconds, as a virtual machine's may: nothing is concluded from it.
func TestAJumpOfTheHostsClockStopsEverything(t *testing.T) {
	for name, jump := range map[string]event.Instant{"ten days": 10 * event.Day24h, "400 days": 400 * event.Day24h,
		"back": -3 * event.Day24h} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) {
				cfg := v.honest()
				cfg.ClockTolerance = time.Minute
				offset := start - event.Instant(time.Now().UnixMicro())
				v.setWall(0) // added to the bubble's time
				cfg.Now = func() time.Time {
					return time.Now().Add(time.Duration(int64(offset)+v.wall.Load()) * time.Microsecond)
				}
				v.produce(few(300, start))
				p := v.run(cfg)
				v.caughtUp(cfg)
				time.Sleep(4 * time.Second)
				alerts := len(v.alerts())
				v.setWall(jump)
				v.notReady(p, "clock")
				v.makesNoBatch(func() { v.produce(stamped([]workload.Item{visit(start)}, start)) })
				if now := len(v.alerts()); now != alerts {
					t.Errorf("%d alerts from a wrong clock", now-alerts)
				}
				v.setWall(0)
				v.readyWithin(p, 10*time.Second)
				v.caughtUp(cfg)
				if letters := v.deadLetters(); len(letters) != 0 {
					t.Errorf("%d events were refused for the wrong clock", len(letters))
				}
			})
		})
	}
}

// TestAClockThatWasAheadIsRepaired starts with a state whose clock was once
// wrong: it is not ready, with both times, and the command takes back what was
// concluded.
func TestAClockThatWasAheadIsRepaired(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		c := v.clocked()
		c.setWall(start)
		c.produce(few(400, start))
		c.start()
		c.reads(start)
		before := v.openChurn()
		if !c.goesTo(start + 400*event.Day24h) {
			t.Fatal("the clock did not follow")
		}
		if wrong := v.openChurn(); len(wrong) == len(before) {
			t.Fatal("400 days concluded nothing: the test shows nothing")
		}
		if err := c.running.stop(); err != nil {
			t.Fatal(err)
		}
		wall := start + event.Hour
		c.setWall(wall)
		c.cfg = fresh(c.cfg)
		c.registry = registryOf(&c.cfg)
		c.running = c.run(c.cfg)
		v.notReady(c.running, "the clock of shard", "holdfast clock repair")
		v.makesNoBatch(func() { v.produce(stamped([]workload.Item{visit(wall)}, wall)) })
		if _, err := backfill.WriteControl(c.ctx(), v.placed(), v.names[topics.Internal], []int32{0, 1, 2, 3},
			func(int32) control.Record { return control.Record{Kind: control.ClockRepair} }); err != nil {
			t.Fatal(err)
		}
		v.readyWithin(c.running, 10*time.Second)
		c.caughtUp(c.cfg)
		if !c.reads(wall) {
			t.Errorf("clocks stand at %v", gauge(t, c.registry, "holdfast_partition_watermark_timestamp_seconds"))
		}
		onlyIn(t, "repaired state's", v.openChurn(), before)
		for id, row := range v.history(c.cfg).rows {
			if row.asOf > wall {
				t.Errorf("customer %s has a row of the future: %s", id, workload.TimeOf(row.asOf))
			}
		}
		if err := c.running.stop(); err != nil {
			t.Fatal(err)
		}
		v.verify(c.cfg, 401+testPartitions)
	})
}

// makesNoBatch holds that nothing is made of what comes.
func (v *virtual) makesNoBatch(comes func()) {
	v.t.Helper()
	time.Sleep(4 * time.Second) // a header that says that nothing comes may still be written
	before := len(v.read(v.names[topics.BatchLog]))
	comes()
	time.Sleep(4 * time.Second)
	if after := len(v.read(v.names[topics.BatchLog])); after != before {
		v.t.Errorf("%d batches were made", after-before)
	}
}

// openChurn are the customers with an open churn alert.
func (w *world) openChurn() (open []string) {
	last := map[string]message{}
	for _, m := range w.alerts() {
		if m.Kind == "silent_churn" || m.Kind == "churn_risk" {
			if m.Seq >= last[m.AlertID].Seq {
				last[m.AlertID] = m
			}
		}
	}
	for _, m := range last {
		if m.Action != "resolved" && m.Action != "expired" {
			open = append(open, m.CustomerID)
		}
	}
	slices.Sort(open)
	return slices.Compact(open)
}

// registryOf gives a configuration a registry of its own.
func registryOf(cfg *pipeline.Config) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	cfg.Registerer = registry
	return registry
}
