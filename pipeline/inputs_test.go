package pipeline_test

import (
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/event"
)

// TestInputsInAnotherOrder changes the order of the inputs while batches are
// still to be replayed: it is refused, and the way that the refusal names helps.
func TestInputsInAnotherOrder(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		all := items(workload.LoadConfig{Events: 4000, Customers: 5000, Seed: 5,
			Start: start - 40*event.Day24h, Step: 10 * event.Minute})
		cfg := v.honest()
		v.produce(all)
		v.dieAfterCommits(cfg, 1)
		turned := fresh(cfg)
		turned.Inputs = []pipeline.Input{cfg.Inputs[1], cfg.Inputs[0], cfg.Inputs[2], cfg.Inputs[3]}
		_, done := v.runToItsEnd(turned)
		wantEnd(t, done, "it was cut from other inputs than are configured",
			"start once more with those until it is ready, stop, and change them then")
		for _, cfg := range []pipeline.Config{fresh(cfg), fresh(turned)} {
			p := v.run(cfg)
			v.caughtUp(cfg)
			v.readyWithin(p, time.Minute)
			if err := p.stop(); err != nil {
				t.Fatal(err)
			}
		}
		v.verify(cfg, len(all))
	})
}

// TestTwoProcessesUnderOneInstanceID fence each other until one gives up, and
// the way that it names helps: an instance id of its own.
func TestTwoProcessesUnderOneInstanceID(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		all := few(400, start)
		v.produce(all[:100])
		_, one := v.runToItsEnd(cfg)
		v.caughtUp(cfg)
		_, two := v.runToItsEnd(fresh(cfg))
		either := make(chan error, 1)
		go func() {
			select {
			case err := <-one:
				either <- err
			case err := <-two:
				either <- err
			case <-time.After(3 * time.Minute):
			}
		}()
		wantEnd(t, either, "another process works under the same instance id", "give each its own kafka.instance_id")
		other := v.run(second(cfg))
		v.notReady(other, "several instances: not yet")
		v.produce(all[100:])
		v.caughtUp(cfg)
	})
}
