package pipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/schemas/topics"
)

// clocked is a pipeline with the honest clock whose readings can be asked for.
type clocked struct {
	*virtual
	cfg      pipeline.Config
	registry *prometheus.Registry
	running  *running
}

func (v *virtual) clocked() *clocked {
	v.t.Helper()
	c := &clocked{virtual: v, cfg: v.honest(), registry: prometheus.NewRegistry()}
	c.cfg.Registerer, c.cfg.Metrics.PerPartition = c.registry, true
	return c
}

func (c *clocked) start() {
	c.t.Helper()
	c.running = c.run(c.cfg)
	c.caughtUp(c.cfg)
}

// gauge is the value of a metric by partition.
func gauge(t testing.TB, registry *prometheus.Registry, name string) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name {
				values[partitionOf(m)] = m.GetGauge().GetValue()
			}
		}
	}
	return values
}

func partitionOf(m *dto.Metric) string {
	for _, label := range m.GetLabel() {
		if label.GetName() == "partition" {
			return label.GetValue()
		}
	}
	return ""
}

// reads lets time pass and reports whether every shard's clock then stands at the
// wall time less the lateness allowed for.
func (c *clocked) reads(wall event.Instant) bool {
	c.t.Helper()
	time.Sleep(4 * time.Second)
	want := float64(wall-c.cfg.Shard.Lateness) / 1e6
	values := gauge(c.t, c.registry, "holdfast_partition_watermark_timestamp_seconds")
	for n := range testPartitions {
		if values[string(rune('0'+n))] != want {
			return false
		}
	}
	return true
}

// goesTo sets the wall time and reports whether every clock follows.
func (c *clocked) goesTo(wall event.Instant) bool {
	c.t.Helper()
	c.setWall(wall)
	return c.reads(wall)
}

// few are some events that end an hour before a moment.
func few(n int, end event.Instant) []workload.Item {
	cfg := workload.LoadConfig{Events: n, Customers: 40, Seed: 4, Step: event.Hour}
	cfg.Start = end - event.Instant(n+1)*event.Hour
	return items(cfg)
}

// newAlerts are the alerts that were not seen yet, with their moments.
func (c *clocked) newAlerts(seen map[string]bool) map[string]event.Instant {
	c.t.Helper()
	found := map[string]event.Instant{}
	for _, m := range c.alerts() {
		asOf, err := time.Parse(time.RFC3339Nano, m.AsOf)
		if err != nil {
			c.t.Fatal(err)
		}
		if !seen[m.key()] {
			found[m.key()] = event.Instant(asOf.UnixMicro())
		}
	}
	return found
}

// TestSilenceIsDeclaredWithNoEventArriving lets days pass on which nothing
// arrives anywhere: each silence is declared on its day, at its moment.
func TestSilenceIsDeclaredWithNoEventArriving(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		c := v.clocked()
		c.produce(few(400, start))
		c.start()
		c.goesTo(start)
		seen := map[string]bool{}
		for key := range c.newAlerts(seen) {
			seen[key] = true
		}
		raised := len(seen)
		for wall := start + event.Day24h; wall < start+90*event.Day24h; wall += event.Day24h {
			c.goesTo(wall)
			for key, at := range c.newAlerts(seen) {
				if end := wall - c.cfg.Shard.Lateness; at <= end-event.Day24h || at > end {
					t.Errorf("alert %s is of %s, and not of the day before %s", key, workload.TimeOf(at), workload.TimeOf(end))
				}
				seen[key] = true
			}
		}
		if len(seen) == raised {
			t.Error("90 days of silence raised nothing")
		}
		if err := c.running.stop(); err != nil {
			t.Fatal(err)
		}
		c.verify(c.cfg, 400)
	})
}

// TestInputsWithoutEventsAreRead has an input that never held an event, one
// whose partitions are empty but one, and one that was emptied.
func TestInputsWithoutEventsAreRead(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		c := v.clocked()
		admin := kadm.NewClient(c.client)
		complaints := c.names[topics.Complaints]
		for n := range int32(testPartitions) {
			if err := c.client.ProduceSync(c.ctx(), &kgo.Record{Topic: complaints, Partition: n,
				Value: []byte("old")}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		c.deleteRecords(admin, complaints)
		one := few(300, start)[:1]
		one[0].Topic = event.Visit
		one[0].Value = workload.Poisons(start)[0].Value
		c.produce(one)
		c.start()
		wall := start + event.Day24h
		if !c.goesTo(wall) {
			t.Errorf("the clock does not move with empty inputs: %v",
				gauge(t, c.registry, "holdfast_partition_watermark_timestamp_seconds"))
		}
		// Emptied while it runs, when everything was read.
		c.produce(few(50, wall))
		c.caughtUp(c.cfg)
		for _, kind := range []event.Type{event.Purchase, event.Visit, event.Complaint} {
			c.deleteRecords(admin, c.topicOf(kind))
		}
		if !c.goesTo(wall + event.Day24h) {
			t.Errorf("the clock does not move after the inputs were emptied")
		}
	})
}

// deleteRecords empties a topic.
func (v *virtual) deleteRecords(admin *kadm.Client, topic string) {
	v.t.Helper()
	ends, err := admin.ListEndOffsets(v.ctx(), topic)
	if err != nil {
		v.t.Fatal(err)
	}
	answers, err := admin.DeleteRecords(v.ctx(), ends.Offsets())
	if err != nil {
		v.t.Fatal(err)
	}
	if err := answers.Error(); err != nil {
		v.t.Fatal(err)
	}
}

// upstream is a transactional producer of input events.
func (v *virtual) upstream() *kgo.Client {
	v.t.Helper()
	client, err := kgo.NewClient(append(v.reach(), kgo.TransactionalID("shop"), kgo.TransactionTimeout(15*time.Minute))...)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(client.Close)
	return client
}

// begin opens a transaction and puts events into it.
func (v *virtual) begin(client *kgo.Client, all []workload.Item) {
	v.t.Helper()
	if err := client.BeginTransaction(); err != nil {
		v.t.Fatal(err)
	}
	for _, item := range all {
		if err := client.ProduceSync(v.ctx(), &kgo.Record{Topic: v.topicOf(item.Topic), Key: item.Key,
			Value: item.Value}).FirstErr(); err != nil {
			v.t.Fatal(err)
		}
	}
}

// TestMarkersDoNotHoldTheClock ends an input with an aborted transaction, then
// with the marker of a committed one.
func TestMarkersDoNotHoldTheClock(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		c := v.clocked()
		c.start()
		shop := c.upstream()
		wall := start
		for _, commit := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit, kgo.TryAbort} {
			c.begin(shop, few(40, wall))
			if err := shop.EndTransaction(context.Background(), commit); err != nil {
				t.Fatal(err)
			}
			wall += event.Day24h
			if !c.goesTo(wall) {
				t.Errorf("the end of a transaction (committed: %v) holds the clock", commit)
			}
		}
		c.caughtUp(c.cfg)
	})
}

// TestAHangingTransactionHoldsTheClock has purchases in an open transaction:
// they are there and cannot be read, so nobody may be called silent.
func TestAHangingTransactionHoldsTheClock(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		c := v.clocked()
		load := few(400, start)
		c.produce(load[:350])
		c.start()
		shop := c.upstream()
		c.begin(shop, load[350:])
		c.setWall(start)
		time.Sleep(settle)
		alerts := len(c.alerts())
		if wall := start + 100*event.Day24h; c.goesTo(wall) {
			t.Error("the clock passes what lies unread in an open transaction")
		}
		if now := len(c.alerts()); now != alerts {
			t.Errorf("%d alerts while purchases were unread", now-alerts)
		}
		if err := shop.EndTransaction(context.Background(), kgo.TryCommit); err != nil {
			t.Fatal(err)
		}
		if !c.reads(start + 100*event.Day24h) {
			t.Error("the clock does not follow when the transaction has ended")
		}
		c.caughtUp(c.cfg)
		if err := c.running.stop(); err != nil {
			t.Fatal(err)
		}
		c.verify(c.cfg, 400)
	})
}

// TestAPipelineWithoutKafkaIsNotReady cuts the wire while nothing arrives: no
// commit fails, and still it is known.
func TestAPipelineWithoutKafkaIsNotReady(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		cut := v.severable(&cfg)
		v.produce(few(50, start))
		p := v.run(cfg)
		v.caughtUp(cfg)
		time.Sleep(10 * time.Second)
		if ready, why := p.Ready(); !ready {
			t.Errorf("not ready before: %s", why)
		}
		cut()
		v.notReady(p, "Kafka does not answer")
	})
}
