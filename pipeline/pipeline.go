package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/holdfast/holdfast/pipeline/txn"
)

// Pipeline reads the inputs, lets the shards apply them and commits what they
// cause, until the context of Run ends. One instance owns all partitions; a
// second one in the group stays idle and not ready.
type Pipeline struct {
	process  *txn.Process
	observer *observer
}

// New makes a pipeline; it connects nowhere yet.
func New(cfg Config) (*Pipeline, error) {
	cfg.fillDefaults()
	m, err := newMetrics(cfg.Registerer, cfg.Metrics)
	if err != nil {
		return nil, err
	}
	o := &observer{cfg: &cfg, metrics: m}
	p := &Pipeline{observer: o}
	if p.process, err = txn.New(cfg.process(o)); err != nil {
		return nil, err
	}
	o.Ready(false, "starting")
	return p, nil
}

// Run works until ctx ends, then stops cleanly: it commits what is at hand,
// writes all dirty pages and leaves the group. It returns nil after a clean
// stop. What is transient (rebalances, fences, coordinators that move, brokers that are
// away) is answered with a new client; what it returns is final. Where the work
// stands still for too long it returns, too, and leaves the work behind: the
// process is to end then.
func (p *Pipeline) Run(ctx context.Context) error {
	err := p.process.Run(ctx)
	if err != nil {
		p.observer.metrics.ready.Set(0)
	}
	return err
}

// Live says what stands still and since when; nil while all moves. It depends
// neither on Kafka nor on ClickHouse.
func (p *Pipeline) Live() error { return p.process.Live() }

// Explain says what is known of a customer, from memory, as far as events are applied
// now. It waits until ctx ends at most. Its errors wrap ErrUnknownCustomer,
// ErrOwnedElsewhere or ErrNotAnswering; the last says why the instance is not at work.
func (p *Pipeline) Explain(ctx context.Context, customer string) (*Explained, error) {
	e, err := p.process.Explain(ctx, customer)
	if errors.Is(err, ErrNotAnswering) {
		if ready, why := p.Ready(); !ready {
			return nil, fmt.Errorf("%w; it is not ready: %s", err, why)
		}
	}
	return e, err
}

// InputOffsets asks Kafka where every partition of every input stands. It
// changes nothing, and may be called while an instance is at work.
func (p *Pipeline) InputOffsets(ctx context.Context) ([]InputOffsets, error) {
	return p.process.InputOffsets(ctx)
}

// Move moves the position of an input while no instance is at work, and says
// what it did. Partitions that stand where they should are not in the answer.
func (p *Pipeline) Move(ctx context.Context, m Move) ([]Moved, error) { return p.process.Move(ctx, m) }
