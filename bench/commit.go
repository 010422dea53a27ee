package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/schemas/topics"
)

// committer is the product's pipeline: everything but the loader. Between two
// commands it is held right after a commit, where no transaction is open.
type committer struct {
	p       *pipeline.Pipeline
	stop    context.CancelFunc
	ended   chan error
	applied atomic.Int64
	target  atomic.Int64
	next    chan *meter // a command begins
	reached chan struct{}
	held    *meter // of the command at hand; the loop's and, while it is held, the driver's
	mu      sync.Mutex
	whole   atomic.Bool // nothing was applied since the last end of a transaction
	closing atomic.Bool
	started bool
}

func newCommitter(o order) (*committer, error) {
	c := &committer{next: make(chan *meter), reached: make(chan struct{}), ended: make(chan error, 1)}
	shardRules, err := rules()
	if err != nil {
		return nil, err
	}
	names := o.Names
	cfg := pipeline.Config{
		// A system that is held answers late; that is not the brokers' fault.
		Client: []kgo.Opt{kgo.SeedBrokers(o.Addrs...), kgo.RequestTimeoutOverhead(sessionTimeout), kgo.WithHooks(c)},
		Group:  "bench-" + o.Name, InstanceID: "one",
		Topics: pipeline.Topics{Checkpoint: names[topics.Checkpoint], BatchLog: names[topics.BatchLog],
			Outbox: names[topics.Outbox], Alerts: names[topics.Alerts], Loyalty: names[topics.Loyalty],
			DeadLetters: names[topics.DeadLetters]},
		Shard: shardRules, Clock: pipeline.EventsClock, CommitEvery: commitEvery, CommitBytes: o.CommitBytes,
		EffectBytes:        o.EffectBytes,
		TransactionTimeout: time.Minute, SessionTimeout: sessionTimeout, MaxReplay: maxReplay,
		FlushEvery: o.FlushEvery, RowsPerCommit: o.RowsPerCommit,
		Logger:  slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		OnBatch: c.onBatch,
	}
	for _, in := range inputs {
		cfg.Inputs = append(cfg.Inputs, pipeline.Input{Topic: names[in.key], Decode: decode.Config{Type: in.kind}})
	}
	if c.p, err = pipeline.New(cfg); err != nil {
		return nil, err
	}
	return c, nil
}

// onBatch is called by the pipeline for every batch.
func (c *committer) onBatch(_ int32, n int) {
	c.whole.Store(false)
	c.applied.Add(int64(n))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held != nil && n > 0 {
		c.held.mark(time.Now())
	}
}

var (
	_ kgo.HookBrokerRead = (*committer)(nil)
	_ kgo.HookPollStart  = (*committer)(nil)
)

// OnBrokerRead implements kgo.HookBrokerRead: a transaction has ended.
func (c *committer) OnBrokerRead(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, err error) {
	if err == nil && kmsg.Key(key) == kmsg.EndTxn {
		c.whole.Store(true)
	}
}

// OnPollStart implements kgo.HookPollStart: it holds the pipeline's loop after
// the commit that completes a command.
func (c *committer) OnPollStart(context.Context) {
	if !c.whole.Load() || c.closing.Load() || c.applied.Load() < c.target.Load() {
		return
	}
	c.held.end()
	c.reached <- struct{}{}
	c.wait()
}

// wait is where the loop is held until the next command.
func (c *committer) wait() {
	m := <-c.next
	if m == nil {
		return
	}
	c.mu.Lock()
	c.held = m
	c.mu.Unlock()
	m.begin()
}

func (c *committer) take(ctx context.Context, cmd command, m *meter) error {
	before := c.applied.Load()
	c.target.Add(int64(cmd.Events))
	if !c.started {
		c.started = true
		c.held = m
		m.begin()
		ctx, c.stop = context.WithCancel(ctx)
		go func() { c.ended <- c.p.Run(ctx) }()
	} else {
		c.next <- m
	}
	select {
	case <-c.reached:
	case err := <-c.ended:
		return fmt.Errorf("run the pipeline: ended: %w", errors.Join(err, errors.New("before all was applied")))
	}
	m.Events = c.applied.Load() - before
	return nil
}

// close stops cleanly: all rows and pages are written.
func (c *committer) close(context.Context, *meter) error {
	if !c.started {
		return nil
	}
	c.closing.Store(true)
	close(c.next)
	c.stop()
	return <-c.ended
}
