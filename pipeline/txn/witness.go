package txn

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
)

// A moment needs two witnesses. The host's clock alone may jump, and a clock of
// ours that has once been ahead makes silence of what is none. So the wall time
// is held against the machine's monotonic clock since the last asking, and
// against the time at which the brokers append a record of ours. Where they
// differ by more than clock_tolerance no batch is made, and the process is not
// ready; it goes on by itself once they agree again. Brokers on the same machine
// jump with it: what they agree on and the monotonic clock does not is believed
// only once it has been so for as long as clock_tolerance.

// times holds the wall time against its witnesses.
type times struct {
	tolerance time.Duration // negative: nothing is held against anything

	mu       sync.Mutex
	wall     event.Instant // that was last believed, and the monotonic time then
	mono     time.Time
	broker   event.Instant // when the brokers last appended, 0 = not known
	brokerAt time.Time     // the monotonic time then
	shift    event.Instant // by which wall time and brokers went ahead of the monotonic clock together
	shifted  time.Time     // the monotonic time when that was first seen; zero while they have not
	why      string        // why the wall time is not believed; empty while it is
}

// believe reports whether a wall time is believed, and why not.
func (t *times) believe(wall event.Instant, mono time.Time) (why string) {
	if t.tolerance < 0 {
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.why = t.doubt(wall, mono)
	if t.why == "" {
		t.wall, t.mono = wall, mono
	}
	return t.why
}

func (t *times) doubt(wall event.Instant, mono time.Time) string {
	shifted := t.shifted
	t.shifted = time.Time{}
	if t.broker != 0 {
		if expected := t.broker + instantOf(mono.Sub(t.brokerAt)); t.differ(wall, expected) {
			return fmt.Sprintf("the host's clock says %s and the brokers' says %s: the clock stands and no batch is made "+
				"until they agree; set the wrong one right", timeOf(wall), timeOf(expected))
		}
	}
	expected := t.wall + instantOf(mono.Sub(t.mono))
	switch {
	case t.wall == 0 || !t.differ(wall, expected):
		return ""
	case t.broker == 0:
		return fmt.Sprintf("the host's clock has jumped to %s, and %s was expected: the clock stands and no batch is made "+
			"until it is back; if the new time is right, restart the process", timeOf(wall), timeOf(expected))
	}
	if shifted.IsZero() || t.differ(wall-expected, t.shift) {
		shifted, t.shift = mono, wall-expected
	}
	if mono.Sub(shifted) >= t.tolerance {
		return ""
	}
	t.shifted = shifted
	return fmt.Sprintf("the host's clock and the brokers' have jumped together to %s, and %s was expected: the clock "+
		"stands and no batch is made until they are back, or have said so for %s", timeOf(wall), timeOf(expected),
		t.tolerance)
}

func (t *times) differ(a, b event.Instant) bool {
	return max(a-b, b-a) > instantOf(t.tolerance)
}

// doubted is why the wall time is not believed; empty while it is.
func (t *times) doubted() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.why
}

// appended notes when the brokers appended a record, at a monotonic time.
func (t *times) appended(at event.Instant, mono time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.broker, t.brokerAt = at, mono
}

func instantOf(d time.Duration) event.Instant { return event.Instant(d.Microseconds()) }

const (
	// witnessEvery is how often the brokers are asked for the time.
	witnessEvery = 30 * time.Second
	// witnessKey is the key of the record that asks for it, in the checkpoint
	// topic: no page has such a key, and compaction keeps one of them.
	witnessKey = "clock"
)

// askBrokers writes a record and reads back when it was appended. Where the
// topic keeps the producer's timestamps there is no such witness.
func (s *session) askBrokers(ctx context.Context) error {
	topic := s.p.cfg.Topics.Checkpoint
	before := time.Now()
	mine := time.UnixMilli(1) // what differs from it is the brokers'
	written, err := s.reader.ProduceSync(ctx, &kgo.Record{Topic: topic, Key: []byte(witnessKey), Value: []byte{},
		Timestamp: mine}).First()
	if err != nil {
		return fmt.Errorf("ask the brokers for the time: %w", err)
	}
	after := time.Now()
	_, err = checkpoint.ReadRange(ctx, s.reader, checkpoint.ReadRangeOptions{Topic: topic, Partition: 0,
		From: written.Offset, To: written.Offset + 1, Isolation: checkpoint.ReadUncommitted}, func(r *kgo.Record) error {
		if !r.Timestamp.Equal(mine) {
			s.p.times.appended(event.Instant(r.Timestamp.UnixMicro()), before.Add(after.Sub(before)/2))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("ask the brokers for the time: %w", err)
	}
	return nil
}
