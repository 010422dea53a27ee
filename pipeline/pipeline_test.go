package pipeline_test

import (
	"testing"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/event"
)

// start is when the events of the tests begin.
const start = event.Instant(1_750_000_000) * event.Second

func items(cfg workload.LoadConfig) []workload.Item {
	load := workload.NewLoad(cfg)
	var all []workload.Item
	for item, ok := load.Next(); ok; item, ok = load.Next() {
		all = append(all, item)
	}
	return all
}

// dirtyLoad is a load with what real feeds have: repetitions, late events and
// broken records. It spans half a year.
func dirtyLoad(events int) workload.LoadConfig {
	return workload.LoadConfig{Events: events, Customers: 600, Seed: 1, Start: start,
		Step:       185 * event.Day24h / event.Instant(events),
		Duplicates: .005, Late: .01, Malformed: .005}
}

func TestPipelineAppliesEverythingOnce(t *testing.T) {
	w := newWorld(t)
	cfg := w.config()
	all := items(dirtyLoad(25_000))
	w.produce(all[:20_000])
	p := w.run(cfg)
	w.caughtUp(cfg)
	w.produceLive(all[20_000:])
	w.caughtUp(cfg)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	w.verify(cfg, 25_000)
}
