package outbox

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of a sink; names and labels are those of docs/metrics.md.
type metrics struct {
	rowsWritten   *prometheus.CounterVec
	batches       *prometheus.CounterVec
	batchRows     *prometheus.HistogramVec
	flushDuration *prometheus.HistogramVec
	retries       *prometheus.CounterVec
	pendingRows   *prometheus.GaugeVec
	oldestPending *prometheus.GaugeVec
	deadLetters   *prometheus.CounterVec

	lettersRefused prometheus.Counter
}

func newMetrics(r prometheus.Registerer, name string) (*metrics, error) {
	sink := prometheus.Labels{"sink": name}
	m := &metrics{
		rowsWritten: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "holdfast_sink_rows_written_total",
			Help: "Rows that the sink has confirmed; repeated inserts count again.", ConstLabels: sink}, []string{"table"}),
		batches: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "holdfast_sink_batches_total",
			Help: "Attempts of inserts by result.", ConstLabels: sink}, []string{"table", "result"}),
		batchRows: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "holdfast_sink_batch_rows",
			Help: "Rows of an insert.", ConstLabels: sink, Buckets: prometheus.ExponentialBuckets(1, 4, 10),
			NativeHistogramBucketFactor: 1.1}, []string{"table"}),
		flushDuration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "holdfast_sink_flush_duration_seconds",
			Help: "Duration of an insert that was confirmed, in seconds.", ConstLabels: sink,
			Buckets: prometheus.ExponentialBuckets(.005, 2, 14), NativeHistogramBucketFactor: 1.1}, []string{"table"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "holdfast_sink_retries_total",
			Help: "Attempts that have to be made again, by class of error.", ConstLabels: sink}, []string{"reason"}),
		pendingRows: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "holdfast_sink_pending_rows",
			Help: "Rows read from the outbox and not confirmed yet.", ConstLabels: sink}, []string{"table"}),
		oldestPending: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "holdfast_sink_oldest_pending_timestamp_seconds",
			Help: "Time of the oldest outbox record that is read and not loaded, in seconds since 1970; 0: none."},
			[]string{"sink"}),
		deadLetters: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "holdfast_dead_letters_produced_total",
			Help: "Records written to the dead-letter topic."}, []string{"topic", "stage"}),
		lettersRefused: prometheus.NewCounter(prometheus.CounterOpts{Name: "holdfast_sink_dead_letters_refused_total",
			Help:        "Records that the sink could neither load nor set aside, since the dead-letter topic refuses them.",
			ConstLabels: sink}),
	}
	return m, errors.Join(register(r, &m.rowsWritten), register(r, &m.batches), register(r, &m.batchRows),
		register(r, &m.flushDuration), register(r, &m.retries), register(r, &m.pendingRows),
		register(r, &m.oldestPending), register(r, &m.deadLetters),
		register(r, &m.lettersRefused))
}

// register adds a collector, or puts the one that is there in its place: other
// stages set records aside too, and a loader may be made again.
func register[C prometheus.Collector](r prometheus.Registerer, c *C) error {
	err := r.Register(*c)
	var there prometheus.AlreadyRegisteredError
	if errors.As(err, &there) {
		existing, ok := there.ExistingCollector.(C)
		if ok {
			*c = existing
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("register metric: %w", err)
	}
	return nil
}
