package pipeline

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Pipeline reads the inputs, lets the shards apply them and commits what they
// cause, until the context of Run ends. One instance owns all partitions; a
// second one in the group stays idle and not ready.
type Pipeline struct {
	cfg         Config
	parallel    int
	incarnation string
	workers     map[int32]*worker // by partition; they outlive a client
	pending     bool              // the commit at hand is unresolved: the group's offsets decide
	partitions  int32
	status      status
	metrics     *metrics
	times       times
	versions    *versions

	budget       *budget // of what is fetched, over all clients
	fetchPool    *fetchPool
	decompressor *decompressor

	stopping atomic.Bool
	watchdog *watchdog
}

// New makes a pipeline; it connects nowhere yet.
func New(cfg Config) (*Pipeline, error) {
	cfg.fillDefaults()
	var word [6]byte
	if _, err := rand.Read(word[:]); err != nil {
		return nil, fmt.Errorf("draw an incarnation: %w", err)
	}
	p := &Pipeline{
		cfg: cfg, parallel: runtime.GOMAXPROCS(0), incarnation: hex.EncodeToString(word[:]),
		workers: make(map[int32]*worker), times: times{tolerance: cfg.ClockTolerance},
		versions: newVersions(cfg.Shard.Parameters),
	}
	p.budget = newBudget(cfg.FetchBytes)
	p.fetchPool = newFetchPool(p.budget)
	var err error
	if p.decompressor, err = newDecompressor(p.budget, p.fetchPool, cfg.BatchBytes); err != nil {
		return nil, err
	}
	m, err := newMetrics(cfg.Registerer, cfg.Metrics)
	if err != nil {
		return nil, err
	}
	p.metrics = m
	p.watchdog = newWatchdog(cfg.StuckAfter, p.status.lastTrouble)
	p.status.set(false, "starting")
	return p, nil
}

// work runs one client after another, until the context ends or nothing helps.
func (p *Pipeline) work(ctx context.Context) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = 100*time.Millisecond, 5*time.Second
	fences := 0
	for {
		began := time.Now()
		err := p.session(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil && errors.Is(err, ctx.Err()):
			return nil
		case !errors.Is(err, errReplaceClient):
			p.status.set(false, err.Error())
			return err
		}
		if time.Since(began) > time.Minute {
			wait.Reset()
			fences = 0
		}
		if isFenced(err) {
			if fences++; fences > 3 {
				return fmt.Errorf("commit as %s-%s: %w: another process works under the same instance id; stop one, "+
					"or give each its own kafka.instance_id", p.cfg.Group, p.cfg.InstanceID, err)
			}
		}
		p.status.interrupt(err.Error())
		p.metrics.ready.Set(0)
		p.cfg.Logger.Warn("replacing the Kafka client", "reason", err.Error())
		p.watchdog.begin(&p.watchdog.loop, "wait for another try", patient)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait.NextBackOff()):
		}
	}
}

// owned are the workers in the order of their partitions.
func (p *Pipeline) owned() []*worker {
	all := make([]*worker, 0, len(p.workers))
	for _, w := range p.workers {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b *worker) int { return int(a.partition - b.partition) })
	return all
}
