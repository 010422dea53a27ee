package pipeline_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/holdfast/holdfast/pipeline"
)

// TestExplainAsksTheOwner: the instance that owns the customers says what is in memory,
// the one that stands by says so, and one that has stopped does not hang.
func TestExplainAsksTheOwner(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		all := items(dirtyLoad(600))
		v.setWall(all[len(all)-1].At)
		cfg := v.honest()
		v.produce(all)
		first := v.run(cfg)
		v.caughtUp(cfg)
		ask := func(p *running, customer string) (*pipeline.Explained, error) {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			return p.Explain(ctx, customer)
		}
		known := 0
		for i := range all {
			e, err := ask(first, string(all[i].Key))
			switch {
			case err == nil && e.Now > 0:
				known++
			case err != nil && !errors.Is(err, pipeline.ErrUnknownCustomer):
				t.Fatal(err)
			}
		}
		if known < 100 {
			t.Errorf("%d of %d are known", known, len(all))
		}
		if _, err := ask(first, "nobody"); !errors.Is(err, pipeline.ErrUnknownCustomer) {
			t.Errorf("nobody: %v", err)
		}
		two := v.run(second(cfg))
		v.notReady(two, "another instance")
		if _, err := ask(two, string(all[0].Key)); !errors.Is(err, pipeline.ErrOwnedElsewhere) {
			t.Errorf("the instance that stands by: %v", err)
		}
		for _, p := range []*running{two, first} {
			if err := p.stop(); err != nil {
				t.Fatal(err)
			}
		}
		for range 20 { // more than wait for an answer
			if _, err := ask(first, string(all[0].Key)); !errors.Is(err, pipeline.ErrNotAnswering) {
				t.Fatalf("an instance that has stopped: %v", err)
			}
		}
	})
}
