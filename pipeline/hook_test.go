package pipeline_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
)

// TestBetweenOffsetsAndEnd asks the brokers at each point of the first commit
// what they know of the transaction: offsets are pending between the two, and
// nowhere else.
func TestBetweenOffsetsAndEnd(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		v.produce(few(200, start))
		type seen struct {
			state   string
			pending bool
		}
		found := map[pipeline.Point]seen{}
		var commits atomic.Int64
		cfg.Hook = func(point pipeline.Point) {
			if commits.Load() > 0 {
				return
			}
			switch point {
			case pipeline.AfterFlush, pipeline.BetweenOffsetsAndEnd:
				found[point] = seen{v.transaction(cfg), v.offsetsPending(cfg)}
			case pipeline.AfterEnd:
				found[point] = seen{"", v.offsetsPending(cfg)}
				commits.Add(1)
			}
		}
		p := v.run(cfg)
		v.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		want := map[pipeline.Point]seen{
			pipeline.AfterFlush:           {"Ongoing", false},
			pipeline.BetweenOffsetsAndEnd: {"Ongoing", true},
			pipeline.AfterEnd:             {"", false},
		}
		for point, w := range want {
			if found[point] != w {
				t.Errorf("at %s the brokers say %+v, want %+v", point, found[point], w)
			}
		}
	})
}

// transaction is the state of a pipeline's transaction at its coordinator.
func (v *virtual) transaction(cfg pipeline.Config) string {
	id := cfg.Group + "-" + cfg.InstanceID
	described, err := kadm.NewClient(v.client).DescribeTransactions(v.ctx(), id)
	if err != nil {
		v.t.Error(err)
	}
	return described[id].State
}

// offsetsPending reports whether an open transaction holds offsets of the group.
func (v *virtual) offsetsPending(cfg pipeline.Config) bool {
	ctx, cancel := context.WithTimeout(v.ctx(), 100*time.Millisecond)
	defer cancel()
	_, err := checkpoint.StableOffsets(ctx, v.client, cfg.Group, map[string][]int32{v.topicOf(event.Visit): {0, 1, 2, 3}})
	if err != nil && !errors.Is(err, kerr.UnstableOffsetCommit) {
		v.t.Error(err)
	}
	return err != nil
}
