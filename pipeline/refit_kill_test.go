package pipeline_test

import (
	"math/rand/v2"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/parameters"
	"github.com/holdfast/holdfast/schemas/topics"
)

// The points at the end of a fit.
const (
	versionUnsent  point = "version-unsent"  // a fit is accepted; its version is not sent yet
	versionWritten point = "version-written" // its version is acknowledged; nobody has read it
)

// fitting tells the points of a fit.
type fitting struct {
	model   string
	reached func(point)
}

var (
	_ kgo.HookProduceRecordBuffered   = (*fitting)(nil)
	_ kgo.HookProduceRecordUnbuffered = (*fitting)(nil)
)

// OnProduceRecordBuffered implements kgo.HookProduceRecordBuffered.
func (f *fitting) OnProduceRecordBuffered(r *kgo.Record) { f.told(r, versionUnsent) }

// OnProduceRecordUnbuffered implements kgo.HookProduceRecordUnbuffered.
func (f *fitting) OnProduceRecordUnbuffered(r *kgo.Record, err error) {
	if err == nil {
		f.told(r, versionWritten)
	}
}

func (f *fitting) told(r *kgo.Record, at point) {
	if r.Topic != f.model {
		return
	}
	if v, err := parameters.Parse(r.Value); err == nil && v.Source == parameters.Fitted {
		f.reached(at)
	}
}

// dieFitting lets a worker die at a point of its first fit.
func (w *world) dieFitting(cfg *pipeline.Config, at point) {
	var reached atomic.Bool
	cfg.Client = append(cfg.Client, kgo.WithHooks(&fitting{w.names[topics.Model], func(now point) {
		if now == at && !reached.Swap(true) {
			if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
				panic(err)
			}
			select {} // the signal is on its way
		}
	}}))
}

// TestKillsDuringFits kills the worker while it fits, before and after the version that
// it found is written: each batch is judged by one version or the other, which is
// there, and one thread that reads the batch log comes to the same.
func TestKillsDuringFits(t *testing.T) {
	w := newWorld(t)
	cfg := selfFitted(t, w.config())
	kills := max(2, number("HOLDFAST_KILLS", 0)/3)
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	const first, each = 16_000, 900 // 200 days, and more than a week each
	load := repeaters(24_000)
	load.Events = first + each*(kills+1)
	all := items(load)
	w.produce(all[:first])
	hits := map[point]int{}
	for n := range kills {
		order := workerOrder{Addrs: w.addrs, SelfFit: true, Point: versionUnsent}
		patience := 12 * time.Second
		switch n % 3 {
		case 1:
			order.Point = versionWritten
		case 2: // somewhere in the sweep, the fit, or between two
			order.Point, patience = "", time.Duration(500+random.IntN(2500))*time.Millisecond
		}
		if startWorker(t, order).killed(t, patience) {
			hits[order.Point]++
		}
		w.produceLive(all[first+each*n : first+each*(n+1)])
	}
	w.produceLive(all[first+each*kills:])
	last := startWorker(t, workerOrder{Addrs: w.addrs, SelfFit: true})
	w.caughtUp(cfg)
	last.kill()
	t.Logf("%d kills, of which at %v; %d versions", kills, hits, len(w.versionsFitted()))
	if hits[versionUnsent] == 0 || hits[versionWritten] == 0 {
		t.Error("no worker reached the end of a fit: the kills there did not happen")
	}
	var until event.Day
	for _, r := range w.versionsFitted() {
		if r.Through < until {
			t.Errorf("version %s of day %d follows one of day %d", r.Version, r.Through, until)
		}
		until = r.Through
	}
	w.verify(cfg, len(all))
}
