package pipeline_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/schemas/topics"
)

// virtual is a world without real time and without a network: whatever waits
// waits in the bubble's time, which jumps when all wait.
type virtual struct {
	*world
	engine  *kfake.Cluster
	network *kfake.VirtualNetwork
	wall    atomic.Int64 // what the pipeline takes for the wall time, in microseconds
}

// inVirtualTime runs a test in such a world.
func inVirtualTime(t *testing.T, f func(v *virtual)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(newVirtual(t))
	})
}

func newVirtual(t *testing.T) *virtual {
	t.Helper()
	// A bubble begins in 2000; records are stamped with its time, and must not
	// be of days before their events.
	time.Sleep(30 * 365 * 24 * time.Hour)
	network := &kfake.VirtualNetwork{}
	engine, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(network.Listen),
		kfake.GroupMinSessionTimeout(100*time.Millisecond),
		kfake.BrokerConfigs(map[string]string{"log.cleaner.backoff.ms": "315360000000"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(engine.Close)
	v := &virtual{engine: engine, network: network, world: &world{t: t, addrs: engine.ListenAddrs(),
		dial: network.DialContext, names: topics.DefaultNames()}}
	v.setWall(start)
	v.connect()
	return v
}

func (v *virtual) setWall(at event.Instant) { v.wall.Store(int64(at)) }

// honest is a configuration with the honest clock and this world's wall time.
func (v *virtual) honest() pipeline.Config {
	cfg := v.config()
	cfg.Clock = pipeline.HonestClock
	cfg.Now = func() time.Time { return time.UnixMicro(v.wall.Load()) }
	cfg.ClockTolerance = -1 // here the wall time jumps
	return cfg
}

// happen lets events happen as they would: the wall time reaches each event's
// time, the clock has the time to follow, and the event arrives.
func (v *virtual) happen(all []workload.Item, settle time.Duration) {
	v.t.Helper()
	for n := range all {
		v.setWall(all[n].At)
		time.Sleep(settle)
		v.produce(all[n : n+1])
	}
}

// fresh is the configuration for another life of the pipeline: a process
// registers its metrics once.
func fresh(cfg pipeline.Config) pipeline.Config {
	cfg.Registerer = prometheus.NewRegistry()
	return cfg
}
