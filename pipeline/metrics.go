package pipeline

import (
	"fmt"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/shard"
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
	untold          prometheus.Gauge
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
	quiet      *prometheus.GaugeVec
	low        *prometheus.GaugeVec
	believed   prometheus.Gauge
	backfills  prometheus.Gauge
	folded     prometheus.Counter
	skipped    prometheus.Gauge
	waiting    *prometheus.GaugeVec
	pagesAt    *prometheus.GaugeVec
	fits       *prometheus.CounterVec
	fitSeconds prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer, cfg MetricsConfig) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "holdfast", Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "holdfast", Name: name, Help: help}, labels)
	}
	m := &metrics{
		perPartition: cfg.PerPartition,
		ready:        gauge("ready", "1 where every assigned shard is restored and at work.").WithLabelValues(),
		assigned:     gauge("partitions_assigned", "Partition numbers that this instance works on.").WithLabelValues(),
		consumed:     counter("records_consumed_total", "Records read from the inputs and committed.", "topic"),
		consumedBytes: counter("record_bytes_consumed_total", "Bytes of keys and values read from the inputs and committed.",
			"topic"),
		processed:    counter("events_processed_total", "Events decoded and applied, duplicates among them.", "event_type"),
		deduplicated: counter("events_deduplicated_total", "Events that repeated one already counted.").WithLabelValues(),
		rejected: counter("events_rejected_total", "Records that are no valid event, by reason.", "event_type",
			"reason"),
		findings: counter("data_quality_findings_total", "Events that were counted and leave a doubt, by its kind.",
			"finding"),
		deadLetters: counter("dead_letters_produced_total", "Records written to the dead-letter topic.", "topic", "stage"),
		eventLag: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "holdfast", Name: "event_time_lag_seconds",
			Help:    "Wall time minus the latest event time of a batch.",
			Buckets: prometheus.ExponentialBuckets(.1, 4, 14)}, []string{"event_type"}),
		lastRecord: gauge("last_record_processed_timestamp_seconds", "When a record of the topic was last applied.",
			"topic"),
		commits: counter("commits_total", "Transactions by what they came to.", "result", "reason"),
		emitted: counter("signals_emitted_total", "Steps of alerts, suppressed ones, which have no message, among them.",
			"kind", "action",
			"level"),
		suppressed: counter("signals_suppressed_total", "Steps of alerts that are recorded and not delivered.",
			"kind", "reason"),
		deadlinesFired: counter("deadlines_fired_total", "Moments of silence that were judged.").WithLabelValues(),
		restoreSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "holdfast",
			Name: "state_restore_duration_seconds",
			Help: "Time to restore one shard.", Buckets: prometheus.ExponentialBuckets(.05, 3, 10)}),
		restoredRecords: counter("state_restored_records_total", "Events replayed in restores.").WithLabelValues(),
		pageBytes:       counter("checkpoint_page_bytes_total", "Bytes of encoded state pages.").WithLabelValues(),

		watermark: gauge("partition_watermark_timestamp_seconds", "The shard's clock reading.", "partition"),
		lag: gauge("partition_lag_records", "Records between the applied position and the end of the log.", "topic",
			"partition"),
		customers:  gauge("state_customers", "Customers in memory.", "partition"),
		stateBytes: gauge("state_bytes", "Memory of the customers' records and their index.", "partition"),
		dirty:      gauge("checkpoint_dirty_pages", "Pages with changes that no written page holds.", "partition"),
		pending:    gauge("deadlines_pending", "Customers that wait for a deadline.", "partition"),
		caughtUp: gauge("clock_caught_up", "1 where everything that had reached Kafka when last asked is applied.",
			"partition"),
		believed: gauge("clock_trusted", "1 while the host's clock, the brokers' and the shards' agree.").WithLabelValues(),
		backfills: gauge("backfill_sessions_open",
			"Backfills that are on their way; silence waits for them.").WithLabelValues(),
		folded: counter("events_folded_total",
			"Events of days that had left the retained range, counted approximately.").WithLabelValues(),
		skipped: gauge("offsets_skipped",
			"Offsets of the inputs that were given up since the shards' beginning.").WithLabelValues(),
		waiting: gauge("merge_waiting_bytes", "Bytes that are read and wait for inputs that are behind.", "partition"),
		pagesAt: gauge("checkpoint_last_success_timestamp_seconds", "When a page was last committed.", "partition"),
	}
	m.judged(counter, gauge)
	m.commits.WithLabelValues("committed", "")
	for _, f := range (&shard.Counters{}).Findings() {
		m.findings.WithLabelValues(f.Name)
	}
	return m, m.register(reg)
}

// judged makes the metrics of what customers are judged by, and of who waits.
func (m *metrics) judged(counter func(name, help string, labels ...string) *prometheus.CounterVec,
	gauge func(name, help string, labels ...string) *prometheus.GaugeVec) {
	m.quiet = gauge("input_quiet", "1 while an input brings nothing against its own rhythm and others flow: nothing is "+
		"concluded from that.", "topic")
	m.low = gauge("input_low", "1 while a shard gets much fewer visits than on the same weekdays before: nothing is "+
		"concluded from missing ones.", "topic")
	m.untold = gauge("alerts_waiting", "Customers with an alert that was not delivered when it was raised and waits for "+
		"its turn to be told; 0 until the present is reached.").WithLabelValues()
	m.fits = counter("model_fits_total", "Fits of the model to the customers, by what came of them.", "result")
	m.fitSeconds = prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "holdfast",
		Name: "model_fit_duration_seconds", Help: "Time to fit the model, beside the work.",
		Buckets: prometheus.ExponentialBuckets(.01, 3, 8)})
}

// register registers all of them with reg, if there is one.
func (m *metrics) register(reg prometheus.Registerer) error {
	if reg == nil {
		return nil
	}
	for _, c := range m.collectors() {
		if err := reg.Register(c); err != nil {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	return nil
}

func (m *metrics) collectors() []prometheus.Collector {
	all := []prometheus.Collector{m.ready, m.untold, m.assigned, m.consumed, m.consumedBytes, m.processed, m.deduplicated,
		m.rejected, m.findings, m.deadLetters, m.eventLag, m.lastRecord, m.commits, m.emitted, m.suppressed,
		m.deadlinesFired, m.restoreSeconds, m.restoredRecords, m.pageBytes, m.believed, m.quiet,
		m.low,
		m.backfills, m.folded, m.skipped,
		m.fits,
		m.fitSeconds}
	if m.perPartition {
		all = append(all, m.watermark, m.lag, m.customers, m.stateBytes, m.dirty, m.pending, m.caughtUp, m.waiting, m.pagesAt)
	}
	return all
}

// forget drops the gauges of a partition that is worked on elsewhere now.
func (m *metrics) forget(partition int32, topics []string) {
	label := strconv.Itoa(int(partition))
	for _, g := range []*prometheus.GaugeVec{m.watermark, m.customers, m.stateBytes, m.dirty, m.pending, m.caughtUp,
		m.waiting, m.pagesAt} {
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
