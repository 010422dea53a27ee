package clickhouse

import (
	"errors"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// AuditMetrics shows the latest audit's holes and doubles, by shard.
type AuditMetrics struct {
	missing, repeated *prometheus.GaugeVec
}

// NewAuditMetrics registers the gauges.
func NewAuditMetrics(r prometheus.Registerer) (*AuditMetrics, error) {
	m := &AuditMetrics{
		missing: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "holdfast_audit_missing_rows",
			Help: "Row numbers of the shard that no row in ClickHouse has, at the latest audit."}, []string{"partition"}),
		repeated: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "holdfast_audit_repeated_rows",
			Help: "Rows of the shard in ClickHouse beyond one per number, at the latest audit."}, []string{"partition"}),
	}
	return m, errors.Join(r.Register(m.missing), r.Register(m.repeated))
}

// Set shows a report; shards that it does not name keep no value.
func (m *AuditMetrics) Set(report Report) {
	m.missing.Reset()
	m.repeated.Reset()
	for _, s := range report.Shards {
		if s.Unasked {
			continue
		}
		shard := strconv.Itoa(int(s.Shard))
		m.missing.WithLabelValues(shard).Set(float64(s.Missing))
		m.repeated.WithLabelValues(shard).Set(float64(s.Repeated))
	}
}
