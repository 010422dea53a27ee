package backfill

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/event"
)

// Producer is what Send needs of a Kafka client: *kgo.Client. It must be
// idempotent and place records by the murmur2 hash of their key, as kgo does
// by default.
type Producer interface {
	Produce(ctx context.Context, record *kgo.Record, promise func(*kgo.Record, error))
	Flush(ctx context.Context) error
}

// ErrNoTopic says that an event's type has no input topic in the
// configuration.
var ErrNoTopic = errors.New("no input topic is configured for this type of event")

// flushGrace is how long a stopped backfill waits for what it has handed over,
// so that what was sent is a beginning of the order.
const flushGrace = 10 * time.Second

// Sending says what of a plan is sent, and who is told.
type Sending struct {
	Topics map[event.Type]string // by type of event
	// Skip leaves out the first events. Of those behind them, the ones in
	// Arrived lie on the topics already, and are counted as sent.
	Skip    int64
	Arrived Arrived
	// Done is told of the number of events acknowledged, the skipped ones
	// included; nil = nobody wants to know.
	Done func(sent int64)
	// Reached is told now and then up to which time all events are there, and
	// how many of the first in order are acknowledged; nil = nobody wants to
	// know. It may be told the same time twice, with more events.
	Reached func(ctx context.Context, through event.Instant, sent int64) error
}

// Send sends a plan's events in event-time order, and returns the number of events
// that the brokers have acknowledged, the skipped ones included. Where ctx ends,
// what was handed over is still waited for: the events sent are then the first
// of the order, and Reached is told of them. Where sending fails, partitions may
// have come differently far: the number is then that of the last stretch, and
// later events may be there too.
func Send(ctx context.Context, plan *Plan, producer Producer, how Sending) (int64, error) {
	s := &sending{Sending: how, producer: producer, sent: how.Skip, told: how.Skip,
		unacked: make(chan struct{}, inFlight), at: time.Now()}
	index := int64(0)
	err := plan.Each(func(e Event) error {
		index++
		if index <= how.Skip {
			return nil
		}
		return s.one(ctx, e, plan.Streamed)
	})
	if err == nil {
		return s.finish(ctx, s.last)
	}
	if ctx.Err() == nil {
		_ = producer.Flush(ctx) // what failed is told by err
		return s.told, errors.Join(s.failure(), err)
	}
	// Finish what is handed over all the same.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushGrace)
	defer cancel()
	sent, late := s.finish(grace, s.last-1) // the next may be of the same time
	return sent, errors.Join(err, late)
}

// inFlight bounds the records that wait for an acknowledgement; it is below
// the client's own bound, so that Produce never blocks and a stop is heard.
const inFlight = 8192

type sending struct {
	Sending
	producer Producer
	unacked  chan struct{}

	since int           // events since Reached was told last
	bytes int           // and their bytes
	at    time.Time     // when
	told  int64         // events that were acknowledged then
	last  event.Instant // time of the latest event handed over

	mu     sync.Mutex
	sent   int64
	failed error
}

func (s *sending) one(ctx context.Context, e Event, volatile bool) error {
	topic := s.Topics[e.Type]
	if topic == "" {
		return fmt.Errorf("send row %d: %w: %s", e.Row, ErrNoTopic, e.Type)
	}
	if err := s.failure(); err != nil {
		return err
	}
	select {
	case s.unacked <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil { // both were ready
		return err
	}
	if err := s.report(ctx, e.At, len(e.Key)+len(e.Value)); err != nil {
		return err
	}
	if s.Arrived.take(topic, e.Key, e.Value) {
		s.acknowledged(nil, nil)
		return nil
	}
	key, value := e.Key, e.Value
	if volatile { // the client keeps the record until it is acknowledged
		key, value = append([]byte(nil), key...), append([]byte(nil), value...)
	}
	record := &kgo.Record{
		Topic: topic, Key: key, Value: value,
		Headers: []kgo.RecordHeader{{Key: "content-type", Value: []byte("application/json")}},
	}
	// The record's own context never ends: a cancelled record in the middle
	// would leave a hole in the order.
	s.producer.Produce(context.Background(), record, s.acknowledged)
	return nil
}

const (
	// reportEvents is how many events may be on their way before it is told
	// how far they go; an instance holds that many in memory. It lies below
	// arrivedAtLeast, so that they are found again after a kill.
	reportEvents = 10_000
	reportBytes  = 4 << 20
	reportEvery  = time.Second
)

// report says how far the events sent so far go, where it is time to. What is
// sent again after a kill is at most one stretch.
func (s *sending) report(ctx context.Context, next event.Instant, bytes int) error {
	due := s.since >= reportEvents || s.bytes >= reportBytes || time.Since(s.at) >= reportEvery
	if due && s.since > 0 && s.Reached != nil {
		through := s.last
		if next <= s.last {
			through-- // more of this time are to come
		}
		if _, err := s.finish(ctx, through); err != nil {
			return err
		}
	}
	s.bytes += bytes
	s.since, s.last = s.since+1, max(s.last, next)
	return nil
}

// finish waits for what was handed over, and tells of it. It returns what was
// told, so that what follows may be sent again.
func (s *sending) finish(ctx context.Context, through event.Instant) (int64, error) {
	if err := s.producer.Flush(ctx); err != nil {
		return s.told, errors.Join(s.failure(), err)
	}
	if err := s.failure(); err != nil {
		return s.told, err
	}
	s.mu.Lock()
	sent := s.sent
	s.mu.Unlock()
	if s.since > 0 && s.Reached != nil {
		if err := s.Reached(ctx, through, sent); err != nil {
			return s.told, err
		}
	}
	s.since, s.bytes, s.at, s.told = 0, 0, time.Now(), sent
	return sent, nil
}

func (s *sending) acknowledged(record *kgo.Record, err error) {
	<-s.unacked
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.sent++
		if s.Done != nil {
			s.Done(s.sent)
		}
	case s.failed == nil:
		s.failed = fmt.Errorf("send to %s: %w", record.Topic, err)
	}
}

func (s *sending) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}
