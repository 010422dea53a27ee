package txn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/holdfast/holdfast/pipeline/assign"
	"github.com/holdfast/holdfast/pipeline/restore"
)

// layout is what the brokers say of the topics.
type layout struct {
	ids    map[string][16]byte
	counts map[string]int32
}

// missingTopicError says that a topic is not there.
type missingTopicError struct{ topic string }

// Error says what to do.
func (e *missingTopicError) Error() string {
	return fmt.Sprintf("topic %s does not exist: run holdfast migrate up, or create it", e.topic)
}

// checkTopics learns the topics, and refuses inputs that are missing or have
// different partition counts: a customer's events would lie in different
// shards. It waits, not ready, until that is corrected.
func (s *session) checkTopics(ctx context.Context) error {
	missed, told := 0, ""
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := s.learnTopics(ctx)
		var missing *missingTopicError
		if errors.As(err, &missing) && len(s.p.lanes) > 0 {
			missed++
		}
		switch {
		case err == nil:
			return struct{}{}, nil
		case errors.Is(err, restore.ErrForeign):
			return struct{}{}, backoff.Permanent(err)
		case missed >= goneAfter:
			return struct{}{}, backoff.Permanent(fmt.Errorf("read and write %s: %w: %s", missing.topic,
				kerr.UnknownTopicOrPartition, topicGone))
		}
		s.p.cfg.Observer.Ready(false, err.Error())
		if told != err.Error() { // once, however long it takes
			told = err.Error()
			s.p.cfg.Logger.Warn("waiting for topics", "reason", told)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(2*time.Second)), backoff.WithMaxElapsedTime(0))
	return err
}

func (s *session) learnTopics(ctx context.Context) error {
	found, err := s.describeTopics(ctx)
	if err != nil {
		return err
	}
	if err := s.checkCounts(found); err != nil {
		return err
	}
	s.topicIDs = found.ids
	s.outboxPartitions = found.counts[s.p.cfg.Topics.Outbox]
	if n := found.counts[s.p.cfg.Inputs[0].Topic]; n != s.p.partitions {
		// What is in memory belongs to other partition numbers; a restore says
		// whether what is written does.
		s.p.partitions = n
		s.p.settle()
		s.p.laneConfig = s.p.newLaneConfig(n)
		clear(s.p.lanes)
	}
	s.source = &restore.Source{Reader: s.reader, Lanes: s.p.laneConfig, IDs: found.ids, Versions: s.p.versions.named,
		Wall: s.p.wall, Logger: s.p.cfg.Logger,
		Restored: s.p.cfg.Observer.Restored,
		Replayed: s.p.cfg.Observer.Replayed}
	return s.checkLanes()
}

// checkLanes reports whether what is in memory is of the topics of now.
func (s *session) checkLanes() error {
	for _, l := range s.p.owned() {
		if err := s.source.CheckLane(l); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) describeTopics(ctx context.Context) (layout, error) {
	t := s.p.cfg.Topics
	names := append(s.p.cfg.topicNames(), t.Checkpoint, t.BatchLog, t.Outbox, t.Alerts, t.Loyalty, t.DeadLetters)
	for topic := range s.p.versions.topics(&t) {
		names = append(names, topic)
	}
	found := layout{ids: map[string][16]byte{}, counts: map[string]int32{}}
	listed, err := kadm.NewClient(s.reader).ListTopics(ctx, names...)
	if err != nil {
		return found, fmt.Errorf("list topics: %w", err)
	}
	for _, name := range names {
		d, ok := listed[name]
		if !ok || errors.Is(d.Err, kerr.UnknownTopicOrPartition) {
			return found, &missingTopicError{name}
		}
		if d.Err != nil {
			return found, fmt.Errorf("describe topic %s: %w", name, d.Err)
		}
		found.ids[name], found.counts[name] = d.ID, int32(len(d.Partitions))
	}
	return found, nil
}

// checkCounts reports whether a partition number is the same customers in every
// topic that is read or written by number.
func (s *session) checkCounts(found layout) error {
	t := s.p.cfg.Topics
	together := map[string]int32{}
	for _, name := range append(s.p.cfg.topicNames(), t.Checkpoint, t.BatchLog, t.DeadLetters) {
		together[name] = found.counts[name]
	}
	return assign.CheckCopartitioned(together)
}

// goneAfter is how many consecutive looks must find a topic missing, for it to be gone: brokers
// that have just started may not know all topics yet.
const goneAfter = 3

// watchTopics holds the topics against what they were when the session began;
// missed counts the consecutive looks that found one missing. The client itself
// says nothing of a topic that is deleted, and asks for it without a pause.
func (s *session) watchTopics(ctx context.Context, missed *int) error {
	found, err := s.describeTopics(ctx)
	var missing *missingTopicError
	if errors.As(err, &missing) {
		if *missed++; *missed >= goneAfter {
			return fmt.Errorf("read and write %s: %w: %s", missing.topic, kerr.UnknownTopicOrPartition, topicGone)
		}
		return nil
	}
	if err != nil {
		return nil // transient; what is asked next will tell
	}
	*missed = 0
	for name, id := range found.ids {
		if id != s.topicIDs[name] {
			return fmt.Errorf("read and write %s: %w: %s", name, kerr.InconsistentTopicID, topicGone)
		}
	}
	if err := s.checkCounts(found); err != nil {
		return fmt.Errorf("%w: %w", errReplaceClient, err)
	}
	if n := found.counts[s.p.cfg.Inputs[0].Topic]; n != s.p.partitions {
		return fmt.Errorf("%w: the inputs have %d partitions now, not %d", errReplaceClient, n, s.p.partitions)
	}
	return nil
}

const topicGone = "the topic is gone or was created anew; state and topic do not belong together any more; " +
	"restore the topic, or do what the next start says"
