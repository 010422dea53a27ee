package restore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/restore"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// TestNothingIsNoHistory: a first start begins at the log starts, in an epoch of now.
func TestNothingIsNoHistory(t *testing.T) {
	h := newHistory(t)
	h.batch(0, 5, false)
	h.delete("visits", 2)
	h.standing = lane.Standing{}
	l, err := h.restore()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int64{0, 2} {
		if at, known := l.Position(i); at != want || !known {
			t.Errorf("input %d is at %d, known %v, want %d", i, at, known, want)
		}
	}
	p := l.Shard().Position()
	if p.Batch != 0 || p.NextSeq != 1 || p.Clock != shard.ClockUnset || p.Epoch < 1<<24 {
		t.Errorf("a first life stands at %+v", p)
	}
}

// TestInputsThatAReplayNeeds: what is deleted of them is refused with the command
// that goes on without, and not missed where an operator has given it up.
func TestInputsThatAReplayNeeds(t *testing.T) {
	needed := int64(2*perPage + 10) // where the second batch begins in each input
	for _, c := range []struct {
		name            string
		before, givenUp int64
		refused         bool
	}{
		{"all there", needed, 0, false},
		{"one gone", needed + 1, 0, true},
		{"one gone and given up", needed + 1, needed + 1, false},
		{"one gone, fewer given up", needed + 2, needed + 1, true},
		{"a batch gone and given up", needed + 5, needed + 5, false},
		{"all gone and given up", needed + 9, needed + 9, false},
	} {
		h := busy(t)
		h.delete("visits", c.before)
		h.entries(func(e *checkpoint.Entry) { e.Inputs[1].LostBelow = c.givenUp })
		h.put()
		l, err := h.restore()
		switch {
		case c.refused:
			var below *checkpoint.BelowLogStartError
			if !errors.As(err, &below) || errors.Is(err, restore.ErrTransient) ||
				!strings.Contains(err.Error(), "run `holdfast offsets skip --input visits/1`, which counts what is lost") {
				t.Errorf("%s: %v", c.name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.givenUp == 0:
			h.same(l)
		case l.Shard().Position() != h.lane.Shard().Position():
			t.Errorf("%s: the shard stands at %+v", c.name, l.Shard().Position())
		}
	}
}

// TestAReplayReadsAroundWhatWasMoved: where an operator has moved a position the
// batches are of stretches that do not touch, forwards and backwards.
func TestAReplayReadsAroundWhatWasMoved(t *testing.T) {
	const begin = 2*perPage + 10
	for name, ranges := range map[string][2][2]int64{
		"as they came":                 {{begin, begin + 5}, {begin + 5, begin + 9}},
		"a stretch that is left out":   {{begin, begin + 3}, {begin + 5, begin + 9}},
		"a stretch that is read again": {{begin, begin + 5}, {begin + 2, begin + 9}},
		"back to before the first":     {{begin, begin + 5}, {begin - 4, begin + 9}},
		"nothing, and then something":  {{begin, begin}, {begin, begin + 9}},
		"nothing at another place":     {{7, 7}, {begin, begin + 9}},
	} {
		h := busy(t)
		h.entries(func(e *checkpoint.Entry) {
			if e.Batch > 1 {
				for i := range e.Inputs {
					e.Inputs[i].From, e.Inputs[i].To = ranges[e.Batch-2][0], ranges[e.Batch-2][1]
				}
			}
		})
		h.put()
		events := 0
		h.source.Replayed = func(n int) { events += n }
		if _, err := h.restore(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want := int64(0)
		for _, r := range ranges {
			want += 2 * (r[1] - r[0])
		}
		if events != int(want) {
			t.Errorf("%s: %d events are replayed, want %d", name, events, want)
		}
	}
}

// TestWeatherIsNoDamage: brokers that refuse or are gone lead to another try, and
// never to advice to begin anew.
func TestWeatherIsNoDamage(t *testing.T) {
	for name, fault := range map[string]kfake.Fault{
		"log ends":  {Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.KafkaStorageError, Count: -1},
		"the pages": {Keys: []kmsg.Key{kmsg.Fetch}, Topic: "checkpoint", Err: kerr.TopicAuthorizationFailed, Count: -1},
		"the log":   {Keys: []kmsg.Key{kmsg.Fetch}, Topic: "batch-log", Err: kerr.TopicAuthorizationFailed, Count: -1},
		"an input":  {Keys: []kmsg.Key{kmsg.Fetch}, Topic: "visits", Err: kerr.TopicAuthorizationFailed, Count: -1},
	} {
		h := busy(t)
		h.put()
		h.cluster.Fault(fault)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		_, err := h.source.Restore(ctx, ours, h.standing, nil)
		cancel()
		if !errors.Is(err, restore.ErrTransient) || strings.Contains(err.Error(), "anew") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTheLastEntry is found from the end of a log of any length, in the header
// where the log has run out, and nowhere where nothing was.
func TestTheLastEntry(t *testing.T) {
	h := newHistory(t)
	last := func(when string, want uint64) {
		t.Helper()
		e, err := h.source.LastEntry(t.Context(), ours)
		if err != nil || (e == nil) != (want == 0) || e != nil && e.Batch != want {
			t.Errorf("%s: %+v, %v, want batch %d", when, e, err, want)
		}
	}
	last("before the first batch", 0)
	for range 20 {
		h.batch(0, 2, false)
	}
	h.batch(0, 2, true)
	h.put()
	last("a log of some batches", 21)
	for _, left := range []int64{20, 15, 1} {
		h.delete("batch-log", 21-left)
		last("a log that has run out from its beginning", 21)
	}
	h.delete("batch-log", 21)
	last("a log that has run out", 21)
	h.log[0].Value[9] ^= 1
	h.log, h.pages = h.log[:1], nil
	h.put()
	if _, err := h.source.LastEntry(t.Context(), ours); !errors.Is(err, checkpoint.ErrEntryCorrupt) ||
		!strings.Contains(err.Error(), "batch-log/1 offset 21") {
		t.Errorf("a damaged entry: %v", err)
	}
}

// TestTheLastEntryBehindMuchElse: aborted transactions leave long stretches of the
// log without an entry.
func TestTheLastEntryBehindMuchElse(t *testing.T) {
	h := newHistory(t)
	h.batch(0, 2, false)
	h.put()
	writer := h.connect(kgoTransactional)
	for range 40 {
		if err := writer.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		r := *h.log[0]
		r.Value = []byte("of a transaction that was taken back")
		if err := writer.ProduceSync(t.Context(), &r).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := writer.EndTransaction(t.Context(), false); err != nil {
			t.Fatal(err)
		}
	}
	e, err := h.source.LastEntry(t.Context(), ours)
	if err != nil || e == nil || e.Batch != 1 {
		t.Errorf("%+v, %v, want batch 1", e, err)
	}
}
