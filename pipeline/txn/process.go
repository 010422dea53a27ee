package txn

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

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
)

// Process is one instance of a pipeline: it reads the inputs, lets the lanes
// apply them and commits what they cause, until the context of Run ends. One
// instance owns all partitions; a second one in the group stays idle.
type Process struct {
	cfg         Config
	parallel    int
	incarnation string
	lanes       map[int32]*lane.Lane // by partition; they outlive a client
	commits     []*lane.Commit       // those that were prepared and are neither kept nor undone
	commit      commitState          // what is known of them
	laneConfig  *lane.Config         // as the topics are now
	versions    *versions            // of parameters and cut points
	refits      refitter
	questions   chan question // about customers
	partitions  int32
	times       times

	budget       *budget // of what is fetched, over all clients
	fetchPool    *fetchPool
	decompressor *decompressor

	stopping atomic.Bool
	watchdog *watchdog
	lookedAt time.Time // by the observer
	doubt    string    // of the host's clock, as it was last told
	refusal  string    // of a record of the commit at hand; empty: none
}

// New makes a process; it connects nowhere yet.
func New(cfg Config) (*Process, error) {
	var word [6]byte
	if _, err := rand.Read(word[:]); err != nil {
		return nil, fmt.Errorf("draw an incarnation: %w", err)
	}
	p := &Process{
		cfg: cfg, parallel: runtime.GOMAXPROCS(0), incarnation: hex.EncodeToString(word[:]),
		lanes: make(map[int32]*lane.Lane), times: times{tolerance: cfg.ClockTolerance},
		versions:  newVersions(cfg.Shard.Parameters, cfg.SelfFit && cfg.Topics.Model != ""),
		questions: make(chan question, maxQuestions),
	}
	p.budget = newBudget(cfg.FetchBytes)
	p.fetchPool = newFetchPool(p.budget)
	var err error
	if p.decompressor, err = newDecompressor(p.budget, p.fetchPool, cfg.BatchBytes); err != nil {
		return nil, err
	}
	p.refits.p = p
	p.watchdog = newWatchdog(cfg.StuckAfter, cfg.Observer.LastTrouble)
	return p, nil
}

// work runs one client after another, until the context ends or an error is final.
func (p *Process) work(ctx context.Context) error {
	defer p.refits.work.Wait()
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
			p.cfg.Observer.Ready(false, err.Error())
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
		p.cfg.Observer.Interrupted(err.Error())
		p.cfg.Logger.Warn("replacing the Kafka client", "reason", err.Error())
		p.watchdog.begin(&p.watchdog.loop, "wait for another try", patient)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait.NextBackOff()):
		}
	}
}

// settle ends the commit at hand: it is kept, or taken back.
func (p *Process) settle() { p.commit, p.commits = commitSteps.step(p.commit, applying), nil }

// owned are the lanes in the order of their partitions.
func (p *Process) owned() []*lane.Lane {
	all := make([]*lane.Lane, 0, len(p.lanes))
	for _, l := range p.lanes {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b *lane.Lane) int { return int(a.Partition() - b.Partition()) })
	return all
}

// wall is the wall time as an instant.
func (p *Process) wall() event.Instant { return event.Instant(p.cfg.Now().UnixMicro()) }

// newLaneConfig is what every lane is told, where the inputs have so many partitions.
func (p *Process) newLaneConfig(partitions int32) *lane.Config {
	c := p.cfg.Config
	c.Incarnation, c.Partitions = p.incarnation, partitions
	return &c
}

// moment is now, and what events are judged by now.
func (p *Process) moment(now time.Time) lane.Moment {
	m := lane.Moment{Now: now, Wall: p.wall()}
	m.Parameters, m.Cuts = p.versions.inForce()
	return m
}
