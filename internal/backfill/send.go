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

// Send sends a plan's events in event-time order, after leaving out the first
// skip of them, and returns the number of events that the brokers have
// acknowledged, the skipped ones included. Where ctx ends, what was handed
// over is still waited for: the events sent are then the first of the order.
//
// Now and then, between events of different times, what was handed over is
// waited for and reached is called with the time up to which all events are there;
// it may be nil.
func Send(ctx context.Context, plan *Plan, producer Producer, topics map[event.Type]string, skip int64,
	done func(sent int64), reached func(context.Context, event.Instant) error) (int64, error) {
	sending := &sending{producer: producer, topics: topics, done: done, sent: skip,
		unacked: make(chan struct{}, inFlight), reached: reached}
	index := int64(0)
	err := plan.Each(func(e Event) error {
		index++
		if index <= skip {
			return nil
		}
		return sending.one(ctx, e, plan.Streamed)
	})
	flushed := producer.Flush(ctx)
	if ctx.Err() != nil { // finish what is handed over all the same
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushGrace)
		defer cancel()
		flushed = producer.Flush(grace)
	}
	sent, failed := sending.outcome()
	switch {
	case failed != nil:
		return sent, failed
	case err != nil:
		return sent, err
	case flushed == nil && reached != nil && sending.last != 0:
		// What came after the last report is to be applied too.
		return sent, reached(ctx, sending.last)
	}
	return sent, flushed
}

// inFlight bounds the records that wait for an acknowledgement; it is below
// the client's own bound, so that Produce never blocks and a stop is noticed.
const inFlight = 8192

type sending struct {
	producer Producer
	topics   map[event.Type]string
	done     func(int64)
	unacked  chan struct{} // holds one for each record that is not acknowledged

	reached  func(context.Context, event.Instant) error
	since    int           // events since the last report
	bytes    int           // and their bytes
	reported time.Time     // when
	last     event.Instant // time of the latest event handed over

	mu     sync.Mutex
	sent   int64
	failed error
}

func (s *sending) one(ctx context.Context, e Event, volatile bool) error {
	topic := s.topics[e.Type]
	if topic == "" {
		return fmt.Errorf("send row %d: %w: %s", e.Row, ErrNoTopic, e.Type)
	}
	if _, failed := s.outcome(); failed != nil {
		return failed
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
	// reportEvents is how many events may be sent before a report of how far
	// they go; an instance holds that many in memory.
	reportEvents = 10_000
	reportBytes  = 4 << 20
	reportEvery  = time.Second
)

// report says how far the events sent so far go, where one is due.
func (s *sending) report(ctx context.Context, next event.Instant, bytes int) error {
	if s.reached == nil {
		return nil
	}
	if s.reported.IsZero() {
		s.reported = time.Now()
	}
	due := s.since >= reportEvents || s.bytes >= reportBytes || time.Since(s.reported) >= reportEvery
	if due && next > s.last && s.last != 0 {
		if err := s.producer.Flush(ctx); err != nil {
			return err
		}
		if _, failed := s.outcome(); failed != nil {
			return failed
		}
		if err := s.reached(ctx, s.last); err != nil {
			return err
		}
		s.since, s.bytes, s.reported = 0, 0, time.Now()
	}
	s.bytes += bytes
	s.since, s.last = s.since+1, max(s.last, next)
	return nil
}

func (s *sending) acknowledged(record *kgo.Record, err error) {
	<-s.unacked
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.sent++
		s.done(s.sent)
	case s.failed == nil:
		s.failed = fmt.Errorf("send to %s: %w", record.Topic, err)
	}
}

func (s *sending) outcome() (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent, s.failed
}
