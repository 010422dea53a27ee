package lane

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
)

// TestQueueIsAModelOfASlice pushes and pops at random.
func TestQueueIsAModelOfASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, in := &queue{}, &inputState{position: 5}
		q.reset(in, time.Now(), nil)
		var model []*kgo.Record
		next := int64(5)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if n := rapid.IntRange(0, 4).Draw(t, "push"); n > 0 {
				for range n {
					next += rapid.Int64Range(0, 3).Draw(t, "hole")
					r := &kgo.Record{Offset: next, Value: make([]byte, rapid.IntRange(0, 50).Draw(t, "bytes"))}
					next++
					q.push(r, nil, time.Now())
					model = append(model, r)
				}
			}
			n := rapid.IntRange(0, len(model)).Draw(t, "pop")
			want := q.next
			if n < len(model) {
				want = model[n].Offset
			}
			if got := q.position(n); got != want {
				t.Fatalf("position behind %d of %d is %d, want %d", n, len(model), got, want)
			}
			q.pop(n)
			model = model[n:]
			bytes := int64(0)
			for i, item := range q.waiting() {
				if item.record != model[i] {
					t.Fatalf("item %d is of offset %d, want %d", i, item.record.Offset, model[i].Offset)
				}
				bytes += waitingBytes(item.record)
			}
			if len(q.waiting()) != len(model) || q.bytes != bytes || q.next != next {
				t.Fatalf("%d items of %d bytes up to %d, want %d of %d up to %d", len(q.waiting()), q.bytes, q.next, len(model),
					bytes, next)
			}
		}
	})
}

// TestSessionsHoldTheirInputs: within a backfill events are applied as far as it
// says, live ones among them; without a word from it they are not held.
func TestSessionsHoldTheirInputs(t *testing.T) {
	now := time.Now()
	l := merging(2)
	l.heardOf = now
	l.open(&control.Record{Session: "b", Topics: []string{"t0", "elsewhere"}, Offsets: []int64{4, 0}}, 1)
	check := func(what string, input int, upTo, wantTime event.Instant, wantOffset int64) {
		t.Helper()
		if at, offset := l.limitsOf(input, upTo, now); at != wantTime || offset != wantOffset {
			t.Errorf("%s: up to time %d and offset %d, want %d and %d", what, at, offset, wantTime, wantOffset)
		}
	}
	const anywhere = 1<<63 - 1
	check("its input", 0, 77, forever, 4)
	check("another input", 1, 77, 77, anywhere)
	reached := &control.Record{Kind: control.BackfillReached, Session: "b", Topics: []string{"t0"}, Offsets: []int64{9},
		Through: 500}
	if l.mayObey(reached) {
		t.Error("obeyed before the input was read up to there")
	}
	l.queues[0].next = 9
	if !l.mayObey(reached) || !l.reachedBy(reached, 2) || l.reachedBy(&control.Record{Session: "other"}, 2) {
		t.Error("not obeyed although the input was read up to there, or of another session")
	}
	check("its input, further", 0, 77, forever, 9)
	if got := l.silenceOf(); got != 500-l.lateness {
		t.Errorf("silence counts up to %d", got)
	}
	l.heardOf = now.Add(-time.Minute)
	check("a backfill that says nothing", 0, 77, forever, anywhere)
	l.heardOf = now
	l.queues[0].bytes = overfull*l.holdBytes + 1
	check("much that is read and held", 0, 77, forever, 9)
	l.queues[2].items = []queued{{command: &control.Record{Kind: control.BackfillReached, Topics: []string{"t0"},
		Offsets: []int64{99}}}}
	check("a stretch that is too large to be held", 0, 77, forever, anywhere)
	l.queues[0].bytes, l.queues[2].items = 0, nil
	l.open(&control.Record{Session: "c", Topics: []string{"t1"}}, 3)
	check("two backfills", 0, 77, 77, anywhere)
	l.close(&control.Record{Session: control.AllSessions}, nil)
	if len(l.sessions) != 0 {
		t.Errorf("%d sessions are open", len(l.sessions))
	}
	for n := range 40 {
		l.open(&control.Record{Session: fmt.Sprint(n)}, 3)
	}
	if len(l.sessions) != maxSessions || l.sessions[0].ID != "24" {
		t.Errorf("%d sessions from %s on", len(l.sessions), l.sessions[0].ID)
	}
}

// TestLogPlaces: a restart may begin at the newest entry that is not after what
// is needed, whatever was taken back meanwhile.
func TestLogPlaces(t *testing.T) {
	l := &logPlaces{floor: 3}
	check := func(needed uint64, want int64) {
		t.Helper()
		if got := l.before(needed); got != want {
			t.Errorf("batch %d is needed: from %d, want %d (%v)", needed, got, want, l.places)
		}
	}
	check(1, 3)
	for batch := range uint64(5) {
		l.note(10+batch, int64(100+2*batch))
	}
	check(9, 3)
	check(12, 104)
	l.note(13, 120) // 13 and 14 were taken back
	check(13, 120)
	check(200, 120)
	l.note(14, 130)
	check(15, 130)
	if len(l.places) != 1 {
		t.Errorf("%d places are kept, want the newest", len(l.places))
	}
}

// TestAskingsFromBeforeABackfillsEndAreOfNoUse: neither the latest one nor the one
// on its way when the end was read knows what had come by then.
func TestAskingsFromBeforeABackfillsEndAreOfNoUse(t *testing.T) {
	c := newClock(1)
	asked := func(number uint64, at event.Instant) *LogEnds {
		a := ends(10)
		a.Number, a.At = number, at
		return a
	}
	c.take(asked(5, 100), 0)
	if c.askedAt != 100 {
		t.Fatalf("the target is of %d, want 100", c.askedAt)
	}
	c.forget(asked(5, 100))
	for number, want := range map[uint64]event.Instant{5: 0, 6: 0} {
		if c.take(asked(number, 200), 0); c.askedAt != want {
			t.Errorf("asking %d is taken", number)
		}
	}
	if c.take(asked(7, 300), 0); c.askedAt != 300 {
		t.Error("a later asking is not taken")
	}
	if c.take(asked(8, 0), 0); c.askedAt != 300 {
		t.Error("a wall time that is not believed is taken")
	}
}

// TestNoReadingPassesTheWall, whatever the inputs have claimed.
func TestNoReadingPassesTheWall(t *testing.T) {
	for name, latest := range map[string]event.Instant{"behind": 500, "of the future": 5000} {
		for _, mode := range []ClockMode{HonestClock, EventsClock} {
			l := merging(1)
			l.clock = newClock(2)
			l.cfg.Clock, l.inputs[0].latest = mode, latest
			l.clock.take(ends(9, 0), 0)
			if got, want := l.clock.reading(l, l.cfg.Clock, 1000), min(latest, 1000); got != want {
				t.Errorf("%s, mode %d: the clock reads %d, want %d", name, mode, got, want)
			}
		}
	}
}
