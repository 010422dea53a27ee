package devkafka

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// cleanEvery is how often compaction and retention run.
	cleanEvery = time.Minute
	// cleanAttempts and cleanPause bound the search for a moment without an
	// open transaction; when there is none, the next turn tries again.
	cleanAttempts = 100
	cleanPause    = 20 * time.Millisecond
	// engineCleanEvery stands for never: the engine's own cleaner is unsafe.
	engineCleanEvery = 10 * 365 * 24 * time.Hour
)

// cleaner runs compaction and retention in place of the engine's own timer.
//
// The engine compacts up to the last batch, open transactions included: a
// committed value that an open transaction overwrites is dropped, and when
// that transaction aborts, the key is gone. A real broker never cleans above
// the last stable offset. A checkpoint would lose pages that way, so this
// cleaner waits until no compacted topic has an open transaction, and turns
// writes to these topics away for the moment that compaction takes.
type cleaner struct {
	engine *kfake.Cluster
	client *kgo.Client
	admin  *kadm.Client
	cancel context.CancelFunc
	done   chan struct{}
}

func newCleaner(engine *kfake.Cluster) (*cleaner, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(engine.ListenAddrs()...), kgo.MetadataMinAge(cleanPause))
	if err != nil {
		return nil, fmt.Errorf("make the cleaner's client: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &cleaner{engine: engine, client: client, admin: kadm.NewClient(client), cancel: cancel, done: make(chan struct{})}
	go c.run(ctx)
	return c, nil
}

// stop ends the cleaner and waits for it.
func (c *cleaner) stop() {
	c.cancel()
	<-c.done
	c.client.Close()
}

func (c *cleaner) run(ctx context.Context) {
	defer close(c.done)
	tick := time.NewTicker(cleanEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			// What could not be cleaned now is cleaned by the next turn.
			_, _ = c.clean(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// clean looks for a moment without open transactions and compacts in it.
func (c *cleaner) clean(ctx context.Context) (cleaned bool, err error) {
	tick := time.NewTicker(cleanPause)
	defer tick.Stop()
	for range cleanAttempts {
		topics, err := c.compactedTopics(ctx)
		if err != nil {
			return false, fmt.Errorf("clean: %w", err)
		}
		if c.stable(topics) && c.cleanGated(topics) {
			return true, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
	return false, nil
}

func (c *cleaner) compactedTopics(ctx context.Context) ([]string, error) {
	details, err := c.admin.ListTopics(ctx)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	var compacted []string
	for _, name := range details.Names() {
		info := c.engine.TopicInfo(name)
		if info == nil || info.Configs["cleanup.policy"] == nil {
			continue
		}
		if slices.Contains(strings.Split(*info.Configs["cleanup.policy"], ","), "compact") {
			compacted = append(compacted, name)
		}
	}
	return compacted, nil
}

// stable reports whether no transaction is open in the topics.
func (c *cleaner) stable(topics []string) bool {
	for _, topic := range topics {
		for _, partition := range c.engine.PartitionInfos(topic) {
			if partition.LastStableOffset < partition.HighWatermark {
				return false
			}
		}
	}
	return true
}

// cleanGated turns writes to the topics away, looks again, and compacts. The
// refusal is one that every producer tries again after.
func (c *cleaner) cleanGated(topics []string) bool {
	gates := make([]kfake.Fault, len(topics))
	for i, topic := range topics {
		gates[i] = kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: kerr.NotEnoughReplicas, Count: -1}
	}
	if len(gates) > 0 {
		defer c.engine.Fault(gates...).Remove()
	}
	if !c.stable(topics) {
		return false
	}
	c.engine.Compact()
	return true
}
