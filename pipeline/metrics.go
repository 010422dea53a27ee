package pipeline

import (
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// MetricsConfig says which metrics are offered.
type MetricsConfig struct {
	PerPartition bool // metrics with a partition label
}

// metrics are the pipeline's own. Labels come from closed sets and from
// configuration, never from an event.
type metrics struct {
	perPartition bool

	ready           prometheus.Gauge
	assigned        prometheus.Gauge
	consumed        *prometheus.CounterVec
	consumedBytes   *prometheus.CounterVec
	processed       *prometheus.CounterVec
	deduplicated    prometheus.Counter
	rejected        *prometheus.CounterVec
	findings        *prometheus.CounterVec
	deadLetters     *prometheus.CounterVec
	eventLag        *prometheus.HistogramVec
	lastRecord      *prometheus.GaugeVec
	commits         *prometheus.CounterVec
	emitted         *prometheus.CounterVec
	suppressed      *prometheus.CounterVec
	deadlinesFired  prometheus.Counter
	restoreSeconds  prometheus.Histogram
	restoredRecords prometheus.Counter
	pageBytes       prometheus.Counter

	watermark  *prometheus.GaugeVec
	lag        *prometheus.GaugeVec
	customers  *prometheus.GaugeVec
	stateBytes *prometheus.GaugeVec
	dirty      *prometheus.GaugeVec
	pending    *prometheus.GaugeVec
	caughtUp   *prometheus.GaugeVec
	believed   prometheus.Gauge
	backfills  prometheus.Gauge
	folded     prometheus.Counter
	skipped    prometheus.Gauge
	waiting    *prometheus.GaugeVec
	pagesAt    *prometheus.GaugeVec

	gaugedAt time.Time
}

func newMetrics(reg prometheus.Registerer, cfg MetricsConfig) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "holdfast", Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "holdfast", Name: name, Help: help}, labels)
	}
	m := &metrics{
		perPartition:  cfg.PerPartition,
		ready:         gauge("ready", "1 where every assigned shard is restored and at work.").WithLabelValues(),
		assigned:      gauge("partitions_assigned", "Partition numbers that this instance works on.").WithLabelValues(),
		consumed:      counter("records_consumed_total", "Records read from the inputs and committed.", "topic"),
		consumedBytes: counter("record_bytes_consumed_total", "Bytes of keys and values read from the inputs and committed.", "topic"),
		processed:     counter("events_processed_total", "Events decoded and applied, duplicates among them.", "event_type"),
		deduplicated:  counter("events_deduplicated_total", "Events that repeated one already counted.").WithLabelValues(),
		rejected:      counter("events_rejected_total", "Records that are no valid event, by reason.", "event_type", "reason"),
		findings:      counter("data_quality_findings_total", "Events that were counted and leave a doubt, by its kind.", "finding"),
		deadLetters:   counter("dead_letters_produced_total", "Records written to the dead-letter topic.", "topic", "stage"),
		eventLag: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "holdfast", Name: "event_time_lag_seconds",
			Help:    "Wall time minus the latest event time of a batch.",
			Buckets: prometheus.ExponentialBuckets(.1, 4, 14)}, []string{"event_type"}),
		lastRecord:     gauge("last_record_processed_timestamp_seconds", "When a record of the topic was last applied.", "topic"),
		commits:        counter("commits_total", "Transactions by what they came to.", "result", "reason"),
		emitted:        counter("signals_emitted_total", "Alert messages, suppressed ones among them.", "kind", "action", "level"),
		suppressed:     counter("signals_suppressed_total", "Alert messages that are recorded and not to be delivered.", "kind", "reason"),
		deadlinesFired: counter("deadlines_fired_total", "Moments of silence that were judged.").WithLabelValues(),
		restoreSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "holdfast", Name: "state_restore_duration_seconds",
			Help: "Time to restore one shard.", Buckets: prometheus.ExponentialBuckets(.05, 3, 10)}),
		restoredRecords: counter("state_restored_records_total", "Events replayed in restores.").WithLabelValues(),
		pageBytes:       counter("checkpoint_page_bytes_total", "Bytes of encoded state pages.").WithLabelValues(),

		watermark:  gauge("partition_watermark_timestamp_seconds", "The shard's clock reading.", "partition"),
		lag:        gauge("partition_lag_records", "Records between the applied position and the end of the log.", "topic", "partition"),
		customers:  gauge("state_customers", "Customers in memory.", "partition"),
		stateBytes: gauge("state_bytes", "Memory of the customers' records and their index.", "partition"),
		dirty:      gauge("checkpoint_dirty_pages", "Pages with changes that no written page holds.", "partition"),
		pending:    gauge("deadlines_pending", "Customers that wait for a deadline.", "partition"),
		caughtUp:   gauge("clock_caught_up", "1 where everything that had reached Kafka when last asked is applied.", "partition"),
		believed:   gauge("clock_trusted", "1 while the host's clock, the brokers' and the shards' agree.").WithLabelValues(),
		backfills:  gauge("backfill_sessions_open", "Backfills that are on their way; silence waits for them.").WithLabelValues(),
		folded:     counter("events_folded_total", "Events of days that had left the retained range, counted approximately.").WithLabelValues(),
		skipped:    gauge("offsets_skipped", "Offsets of the inputs that were given up since the shards' beginning.").WithLabelValues(),
		waiting:    gauge("merge_waiting_bytes", "Bytes that are read and wait for inputs that are behind.", "partition"),
		pagesAt:    gauge("checkpoint_last_success_timestamp_seconds", "When a page was last committed.", "partition"),
	}
	m.commits.WithLabelValues("committed", "")
	for _, f := range (&shard.Counters{}).Findings() {
		m.findings.WithLabelValues(f.Name)
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range m.collectors() {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) collectors() []prometheus.Collector {
	all := []prometheus.Collector{m.ready, m.assigned, m.consumed, m.consumedBytes, m.processed, m.deduplicated,
		m.rejected, m.findings, m.deadLetters, m.eventLag, m.lastRecord, m.commits, m.emitted, m.suppressed,
		m.deadlinesFired, m.restoreSeconds, m.restoredRecords, m.pageBytes, m.believed, m.backfills, m.folded, m.skipped}
	if m.perPartition {
		all = append(all, m.watermark, m.lag, m.customers, m.stateBytes, m.dirty, m.pending, m.caughtUp, m.waiting, m.pagesAt)
	}
	return all
}

// observe counts what a commit did, when it is certain that it did.
func (p *Pipeline) observe(c *lane.Commit) {
	m, now, wall := p.metrics, float64(time.Now().UnixNano())/1e9, p.wall()
	for i := range c.Inputs {
		in := &c.Inputs[i]
		topic, kind := p.cfg.Inputs[i].Topic, p.cfg.Inputs[i].Decode.Type.String()
		if in.Records > 0 {
			m.consumed.WithLabelValues(topic).Add(float64(in.Records))
			m.consumedBytes.WithLabelValues(topic).Add(float64(in.Bytes))
			m.processed.WithLabelValues(kind).Add(float64(in.Events))
			m.lastRecord.WithLabelValues(topic).Set(now)
			m.eventLag.WithLabelValues(kind).Observe(max(float64(wall-in.Latest)/1e6, 0))
		}
	}
	for _, r := range c.Rejected {
		m.reject(p, r)
	}
	p.observeSignals(c)
	if c.Pages > 0 {
		m.pagesAt.WithLabelValues(strconv.Itoa(int(c.Partition))).Set(now)
	}
}

func (m *metrics) reject(p *Pipeline, r lane.Rejected) {
	in := &p.cfg.Inputs[r.Input]
	if r.Reason != decode.TooLate {
		m.rejected.WithLabelValues(in.Decode.Type.String(), r.Reason.String()).Inc()
	}
	m.deadLetters.WithLabelValues(in.Topic, r.Stage).Inc()
}

func (p *Pipeline) observeSignals(c *lane.Commit) {
	for i := range c.Alerts {
		a := &c.Alerts[i]
		p.metrics.emitted.WithLabelValues(a.Kind.Name, a.Action.String(), a.Level.String()).Inc()
		if a.Suppressed != signal.NotSuppressed {
			p.metrics.suppressed.WithLabelValues(a.Kind.Name, a.Suppressed.String()).Inc()
		}
	}
	now, was := c.After, c.Before
	p.metrics.deduplicated.Add(float64(now.Duplicates - min(was.Duplicates, now.Duplicates)))
	p.metrics.folded.Add(float64(now.Folded - min(was.Folded, now.Folded)))
	p.metrics.deadlinesFired.Add(float64(now.DeadlinesFired - min(was.DeadlinesFired, now.DeadlinesFired)))
	before := was.Findings()
	for i, f := range now.Findings() {
		p.metrics.findings.WithLabelValues(f.Name).Add(float64(f.Events - min(before[i].Events, f.Events)))
	}
}

// gauges publishes the state of every shard, about once a second.
func (p *Pipeline) gauges(s *session) {
	m := p.metrics
	if time.Since(m.gaugedAt) < time.Second {
		return
	}
	m.gaugedAt = time.Now()
	ready, _ := p.Ready()
	m.ready.Set(truth(ready))
	m.assigned.Set(float64(len(s.lanes)))
	m.believed.Set(truth(p.times.doubted() == "" && s.clockAhead() == ""))
	m.backfills.Set(float64(s.sessionsOpen()))
	asked, _ := s.asker.get()
	skipped := uint64(0)
	defer func() { m.skipped.Set(float64(skipped)) }()
	for _, l := range s.lanes {
		label := strconv.Itoa(int(l.Partition()))
		slab, at := l.Shard().Slab(), l.Shard().Position()
		if reading := l.ClockReading(); reading > 0 {
			m.watermark.WithLabelValues(label).Set(float64(reading) / 1e6)
		}
		skipped += at.Counters.Skipped
		m.customers.WithLabelValues(label).Set(float64(slab.Len()))
		m.stateBytes.WithLabelValues(label).Set(float64(slab.Bytes()))
		m.dirty.WithLabelValues(label).Set(float64(slab.DirtyPages()))
		m.pending.WithLabelValues(label).Set(float64(slab.Pending()))
		m.caughtUp.WithLabelValues(label).Set(truth(l.CaughtUp()))
		m.waiting.WithLabelValues(label).Set(float64(l.WaitingBytes()))
		for i := range p.cfg.Inputs {
			if asked != nil {
				m.lag.WithLabelValues(p.cfg.Inputs[i].Topic, label).Set(lagOf(asked.Ends[i][l.Partition()], l, i))
			}
		}
	}
}

// forget drops the gauges of a partition that is worked on elsewhere now.
func (m *metrics) forget(partition int32, topics []string) {
	label := strconv.Itoa(int(partition))
	for _, g := range []*prometheus.GaugeVec{m.watermark, m.customers, m.stateBytes, m.dirty, m.pending, m.caughtUp, m.waiting, m.pagesAt} {
		g.DeleteLabelValues(label)
	}
	for _, topic := range topics {
		m.lag.DeleteLabelValues(topic, label)
	}
}

func lagOf(r checkpoint.Range, l *lane.Lane, input int) float64 {
	position, _ := l.Position(input)
	return float64(max(r.End-max(position, r.Start), 0))
}

func truth(v bool) float64 {
	if v {
		return 1
	}
	return 0
}
