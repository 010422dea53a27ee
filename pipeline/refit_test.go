package pipeline_test

import (
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/parameters"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/schemas/topics"
)

// versionsFitted are the fitted versions on the model topic.
func (w *world) versionsFitted() (all []parameters.Record) {
	w.t.Helper()
	for _, r := range w.read(w.names[topics.Model]) {
		record, err := parameters.Parse(r.Value)
		if err != nil {
			w.t.Fatal(err)
		}
		if record.Source == parameters.Fitted {
			all = append(all, record)
		}
	}
	return all
}

// selfFitted is a configuration without parameters that fits its own.
func selfFitted(t testing.TB, cfg pipeline.Config) pipeline.Config {
	t.Helper()
	cfg = otherwise(t, cfg, score.Unfitted, btyd.MBGNBD{R: 1, Alpha: 5, A: 1, B: 2})
	cfg.SelfFit = true
	return cfg
}

// repeaters is a load of customers who come back, over 300 days.
func repeaters(events int) workload.LoadConfig {
	return workload.LoadConfig{Events: events, Customers: 900, Seed: 3, Start: start,
		Step: 300 * event.Day24h / event.Instant(events)}
}

// TestTheModelFitsItself lets a pipeline without parameters fit them while events
// come, and be killed on the way: one version or the other is in force for each
// batch, and one thread that reads the batch log comes to the same.
func TestTheModelFitsItself(t *testing.T) {
	w := newWorld(t)
	cfg := selfFitted(t, w.config())
	all := items(repeaters(24_000))
	w.produce(all[:16_000])
	p := w.run(cfg)
	w.caughtUp(cfg)
	deadline := time.Now().Add(30 * time.Second)
	for len(w.versionsFitted()) == 0 && time.Now().Before(deadline) {
		time.Sleep(100 * time.Millisecond)
	}
	w.produceLive(all[16_000:])
	w.caughtUp(cfg)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	fitted := w.versionsFitted()
	if len(fitted) == 0 {
		t.Fatal("nothing was fitted")
	}
	for _, r := range fitted {
		if r.Sufficiency != signal.SufficiencyOK || r.Customers < 500 {
			t.Errorf("%+v", r)
		}
	}
	w.verify(cfg, len(all))
}
