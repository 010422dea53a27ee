package lane

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
)

// merging is a lane with inputs of which the last is that of control records.
func merging(inputs int) *Lane {
	l := &Lane{cfg: &Config{}, control: inputs, queues: make([]queue, inputs+1), inputs: make([]inputState, inputs+1),
		holdBytes: 1 << 20}
	for i := range l.queues {
		l.topics = append(l.topics, fmt.Sprintf("t%d", i))
	}
	l.Seek(time.Now())
	return l
}

func ends(of ...int64) *LogEnds {
	asked := &LogEnds{Number: 1, At: 1}
	for _, end := range of {
		asked.Ends = append(asked.Ends, map[int32]checkpoint.Range{0: {End: end}})
	}
	return asked
}

// TestFrontier: how far events may be applied, by what has been read of each input.
func TestFrontier(t *testing.T) {
	now := time.Now()
	read := func(l *Lane, input int, next int64, latest event.Instant) {
		l.queues[input].next, l.queues[input].latest, l.queues[input].movedAt = next, latest, now
	}
	for name, c := range map[string]struct {
		asked *LogEnds
		set   func(l *Lane)
		want  event.Instant
	}{
		"nothing asked":  {nil, func(*Lane) {}, noTime},
		"all empty":      {ends(0, 0, 0), func(*Lane) {}, forever},
		"all read":       {ends(7, 9, 0), func(l *Lane) { read(l, 0, 7, 100); read(l, 1, 12, 50) }, forever},
		"one behind":     {ends(7, 9, 0), func(l *Lane) { read(l, 0, 7, 100); read(l, 1, 3, 50) }, 50 + mergeSlack},
		"both behind":    {ends(7, 9, 0), func(l *Lane) { read(l, 0, 6, 40); read(l, 1, 3, 50) }, 40 + mergeSlack},
		"one never read": {ends(7, 9, 0), func(l *Lane) { read(l, 0, 7, 100) }, 0 + mergeSlack},
		"one brings nothing": {ends(7, 9, 0), func(l *Lane) {
			read(l, 0, 7,
				100)
			l.queues[1].movedAt = now.Add(-time.Minute)
		}, forever},
		"control unread": {ends(0, 0, 1), func(*Lane) {}, noTime},
		"control read":   {ends(0, 0, 1), func(l *Lane) { read(l, 2, 1, 0) }, forever},
		"control never comes": {ends(0, 0, 1), func(l *Lane) {
			l.queues[2].movedAt = now.Add(-time.Minute)
		}, forever},
	} {
		l := merging(2)
		c.set(l)
		if got := l.frontier(c.asked, now); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestBounded: a batch of what has waited for long has about as many events as it may.
func TestBounded(t *testing.T) {
	l := merging(2)
	for n := range event.Instant(100) {
		for input := range 2 {
			l.queues[input].push(&kgo.Record{Offset: int64(n)}, nil, time.Now())
			waiting := l.queues[input].waiting()
			waiting[len(waiting)-1].at = 1000 + n
		}
	}
	for most, want := range map[int]event.Instant{500: forever, 200: forever, 100: 1049, 3: 1001} {
		if got := l.bounded(forever, most); got != want {
			t.Errorf("at most %d events: up to %d, want %d", most, got, want)
		}
	}
	if got := l.bounded(1010, 100); got != 1010 {
		t.Errorf("22 events within the frontier: up to %d, want 1010", got)
	}
}

// TestBoundedBatchesAdvance: whatever the order of what waits, the bound lets
// some of it be applied. A newest-first log holds its earliest events behind all others.
func TestBoundedBatchesAdvance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := merging(2)
		count := rapid.IntRange(1, 300).Draw(t, "events")
		falls := rapid.Bool().Draw(t, "newest first")
		for n := range count {
			input := rapid.IntRange(0, 1).Draw(t, "input")
			l.queues[input].push(&kgo.Record{Offset: int64(n)}, nil, time.Now())
			waiting := l.queues[input].waiting()
			at := rapid.Int64Range(1, 50).Draw(t, "time")
			if falls {
				at = int64(1000 - n)
			}
			waiting[len(waiting)-1].at = event.Instant(at)
		}
		most := rapid.IntRange(1, 310).Draw(t, "most")
		upTo, admitted := l.bounded(forever, most), 0
		for i := range l.queues {
			admitted += l.queues[i].admissible(upTo, 1<<62)
		}
		if want := min(most, count); admitted < want {
			t.Fatalf("%d of %d events may be applied up to %d, want at least %d", admitted, count, upTo, want)
		}
		if l.more != (upTo != forever) {
			t.Fatalf("more is %v, and the bound %d", l.more, upTo)
		}
	})
}
