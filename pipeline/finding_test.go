package pipeline_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/event"
)

// TestDoubtsAreCounted: what was counted and leaves a doubt shows in a metric,
// by its kind, as often as it was committed.
func TestDoubtsAreCounted(t *testing.T) {
	w := newWorld(t)
	start := event.Instant(20_000) * event.Day24h
	var items []workload.Item
	tell := func(topic event.Type, format string, values ...any) {
		at := start + event.Instant(len(items))*event.Minute
		value := fmt.Sprintf(`{"event_id":"e-%d","event_type":"%s","occurred_at":"%s","customer_id":"c-1",%s}`, len(items),
			topic,
			workload.TimeOf(at).Format("2006-01-02T15:04:05Z"), fmt.Sprintf(format, values...))
		items = append(items, workload.Item{Topic: topic, Key: []byte("c-1"), Value: []byte(value), At: at})
	}
	tell(event.Purchase, `"kind":"order","order_id":"o-1","currency":"EUR","amount_net":100`)
	tell(event.Purchase, `"kind":"refund","ref_order_id":"o-1","currency":"EUR","amount_net":10`)
	tell(event.Purchase, `"kind":"refund","ref_order_id":"o-2","currency":"EUR","amount_net":10`)
	tell(event.Purchase, `"kind":"adjustment","ref_order_id":"o-3","currency":"EUR","amount_net":10`)
	tell(event.Purchase, `"kind":"cancel","ref_order_id":"o-4"`)
	tell(event.Purchase, `"kind":"order","order_id":"o-2","currency":"EUR","amount_net":100`)
	tell(event.Purchase, `"kind":"order","order_id":"o-5","currency":"USD","amount_net":100`)
	for i, status := range []string{"resolved", "confirmed", "rejected", "withdrawn", "opened"} {
		tell(event.Complaint, `"kind":"complaint","complaint_id":"k-%d","status":"%s","category":"moon"`, i, status)
	}
	tell(event.Visit, `"kind":"session","channel":"pigeon","segment":"nobles"`)
	tell(event.Visit, `"kind":"referral","referrer_id":"c-1"`)
	tell(event.Visit, `"kind":"moonwalk"`)
	w.produce(items)
	cfg, registry := w.config(), prometheus.NewRegistry()
	cfg.Registerer = registry
	p := w.run(cfg)
	w.caughtUp(cfg)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"unknown_order": 3, "unopened_complaint": 4, "foreign_currency": 1, "unknown_category": 5,
		"unknown_channel": 1, "unknown_segment": 1, "saturated": 0,
		"self_referral": 1}
	if diff := cmp.Diff(want, findings(t, registry)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	// The rows of a clean stop say the same, in one life and the next.
	want["rejected_bad_value"] = 1
	delete(want, "saturated")
	for range 2 {
		if diff := cmp.Diff(want, w.totals(cfg)); diff != "" {
			t.Errorf("rows: -want +got\n%s", diff)
		}
		cfg.Registerer = prometheus.NewRegistry()
		p := w.run(cfg)
		w.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
	}
}

// totals are the latest of all shards in the outbox, by finding.
func (w *world) totals(cfg pipeline.Config) map[string]float64 {
	all := map[string]float64{}
	for _, totals := range w.history(cfg).totals {
		for finding, events := range totals {
			all[finding] += float64(events)
		}
	}
	return all
}

// findings reads the metric, by finding.
func findings(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "holdfast_data_quality_findings_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			all[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
		}
	}
	return all
}
