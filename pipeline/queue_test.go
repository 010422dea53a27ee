package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
)

// TestQueueIsAModelOfASlice pushes and pops at random.
func TestQueueIsAModelOfASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, in := &queue{}, &inputState{position: 5}
		q.reset(in)
		var model []*kgo.Record
		next := int64(5)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if n := rapid.IntRange(0, 4).Draw(t, "push"); n > 0 {
				for range n {
					next += rapid.Int64Range(0, 3).Draw(t, "hole")
					r := &kgo.Record{Offset: next, Value: make([]byte, rapid.IntRange(0, 50).Draw(t, "bytes"))}
					next++
					q.push(r, nil)
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
				t.Fatalf("%d items of %d bytes up to %d, want %d of %d up to %d", len(q.waiting()), q.bytes, q.next, len(model), bytes, next)
			}
		}
	})
}

// merging is a worker with inputs of which the last is that of control records.

// TestSessionsHoldTheirInputs: within a backfill events are applied as far as it
// says, live ones among them; without a word from it they are not held.
func TestSessionsHoldTheirInputs(t *testing.T) {
	now := time.Now()
	w := merging(2)
	w.heardOf = now
	w.open(&control.Record{Session: "b", Topics: []string{"t0", "elsewhere"}, Offsets: []int64{4, 0}}, 1)
	check := func(what string, input int, upTo, wantTime event.Instant, wantOffset int64) {
		t.Helper()
		if at, offset := w.limitsOf(input, upTo, now); at != wantTime || offset != wantOffset {
			t.Errorf("%s: up to time %d and offset %d, want %d and %d", what, at, offset, wantTime, wantOffset)
		}
	}
	const anywhere = 1<<63 - 1
	check("its input", 0, 77, forever, 4)
	check("another input", 1, 77, 77, anywhere)
	reached := &control.Record{Kind: control.BackfillReached, Session: "b", Topics: []string{"t0"}, Offsets: []int64{9}, Through: 500}
	if w.mayObey(reached) {
		t.Error("obeyed before the input was read up to there")
	}
	w.queues[0].next = 9
	if !w.mayObey(reached) || !w.reachedBy(reached, 2) || w.reachedBy(&control.Record{Session: "other"}, 2) {
		t.Error("not obeyed although the input was read up to there, or of another session")
	}
	check("its input, further", 0, 77, forever, 9)
	if got := w.silenceOf(); got != 500-w.lateness {
		t.Errorf("silence counts up to %d", got)
	}
	w.heardOf = now.Add(-time.Minute)
	check("a backfill that says nothing", 0, 77, forever, anywhere)
	w.heardOf = now
	w.queues[0].bytes = overfull*w.holdBytes + 1
	check("much that is read and held", 0, 77, forever, 9)
	w.queues[2].items = []queued{{command: &control.Record{Kind: control.BackfillReached, Topics: []string{"t0"}, Offsets: []int64{99}}}}
	check("a stretch that is too large to be held", 0, 77, forever, anywhere)
	w.queues[0].bytes, w.queues[2].items = 0, nil
	w.open(&control.Record{Session: "c", Topics: []string{"t1"}}, 3)
	check("two backfills", 0, 77, 77, anywhere)
	w.close(&control.Record{Session: control.AllSessions}, nil)
	if len(w.sessions) != 0 {
		t.Errorf("%d sessions are open", len(w.sessions))
	}
	for n := range 40 {
		w.open(&control.Record{Session: fmt.Sprint(n)}, 3)
	}
	if len(w.sessions) != maxSessions || w.sessions[0].ID != "24" {
		t.Errorf("%d sessions from %s on", len(w.sessions), w.sessions[0].ID)
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

// TestDoubt: when a wall time is not believed.
func TestDoubt(t *testing.T) {
	mono := time.Now()
	const wall = 1_750_000_000 * event.Second
	later := func(d time.Duration) time.Time { return mono.Add(d) }
	for name, c := range map[string]struct {
		set     func(w *times)
		at      event.Instant
		mono    time.Time
		doubted bool
	}{
		"the first":                    {func(*times) {}, wall, mono, false},
		"as the monotonic clock":       {func(w *times) { w.believe(wall, mono) }, wall + event.Hour, later(time.Hour), false},
		"a jump ahead":                 {func(w *times) { w.believe(wall, mono) }, wall + event.Hour, later(time.Minute), true},
		"a jump back":                  {func(w *times) { w.believe(wall, mono) }, wall - event.Hour, later(time.Minute), true},
		"small steps":                  {func(w *times) { w.believe(wall, mono) }, wall + 90*event.Second, later(time.Second), false},
		"as the brokers":               {func(w *times) { w.appended(wall, mono) }, wall + event.Minute, later(time.Minute), false},
		"unlike the brokers":           {func(w *times) { w.appended(wall, mono) }, wall + 10*event.Day24h, later(time.Minute), true},
		"a jump that the brokers made": {func(w *times) { w.believe(wall, mono); w.appended(wall+event.Day24h, later(time.Minute)) }, wall + event.Day24h, later(time.Minute), false},
		"not looked at":                {func(w *times) { w.tolerance = -1; w.believe(wall, mono) }, wall + event.Day24h, later(time.Second), false},
	} {
		w := &times{tolerance: 2 * time.Minute}
		c.set(w)
		if why := w.believe(c.at, c.mono); (why != "") != c.doubted || w.doubted() != why {
			t.Errorf("%s: %q, and remembers %q", name, why, w.doubted())
		}
	}
	w := &times{tolerance: time.Minute}
	w.believe(wall, mono)
	w.believe(wall+event.Day24h, later(time.Second)) // not believed, so it is no measure
	if why := w.believe(wall+2*event.Second, later(2*time.Second)); why != "" {
		t.Errorf("back at the right time: %s", why)
	}
}

// TestAskingsFromBeforeABackfillsEndAreOfNoUse: neither the latest one nor the one
// on its way when the end was read knows what had come by then.
func TestAskingsFromBeforeABackfillsEndAreOfNoUse(t *testing.T) {
	c := newClock(1)
	asked := func(number uint64, at event.Instant) *logEnds {
		a := ends(10)
		a.number, a.at = number, at
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
			w := merging(1)
			w.clock = newClock(2)
			w.inputs[0].latest = latest
			w.clock.take(ends(9, 0), 0)
			if got, want := w.clock.reading(w, mode, 1000), min(latest, 1000); got != want {
				t.Errorf("%s, mode %d: the clock reads %d, want %d", name, mode, got, want)
			}
		}
	}
}

// TestDeletedUnreadIsRefusedAtOnce, by what the log starts say, before any fetch does.
func TestDeletedUnreadIsRefusedAtOnce(t *testing.T) {
	w := merging(1)
	w.inputs[0].position = 7
	w.dropQueues()
	s := &session{p: &Pipeline{}, workers: []*worker{w}}
	for start, lost := range map[int64]bool{0: false, 7: false, 8: true} {
		asked := ends(9, 0)
		asked.ends[0][0] = checkpoint.Range{Start: start, End: 9}
		if err := s.checkUnread(asked); errors.Is(err, errLostUnread) != lost {
			t.Errorf("the log begins with %d, and 7 is next: %v", start, err)
		}
	}
	if err := s.checkUnread(nil); err != nil {
		t.Error(err)
	}
}

// TestEpochsGrow: a later beginning has a greater epoch, also after years.
func TestEpochsGrow(t *testing.T) {
	last := uint32(0)
	for _, date := range []string{"2026-11-27T00:00:00Z", "2026-11-27T00:00:04Z", "2031-01-01T00:00:00Z", "2053-12-31T00:00:00Z"} {
		at, err := time.Parse(time.RFC3339, date)
		if err != nil {
			t.Fatal(err)
		}
		if e := newEpoch(event.Instant(at.UnixMicro())); e <= last || e >= 1<<28 {
			t.Errorf("%s: epoch %d after %d, want more and at most 28 bits", date, e, last)
		} else {
			last = e
		}
	}
}

// TestWhatWaitsHoldsNoBatch: records that go on waiting are copied where they
// hold more than themselves, and what they held is given back.
func TestWhatWaitsHoldsNoBatch(t *testing.T) {
	for name, c := range map[string]struct {
		codec  kgo.CompressionCodec
		short  bool
		copies int
	}{
		"packed":                    {kgo.Lz4Compression(), false, 0},
		"packed, memory short":      {kgo.Lz4Compression(), true, 3},
		"never packed":              {kgo.NoCompression(), false, 3},
		"never packed, room enough": {kgo.NoCompression(), true, 3},
	} {
		b := newBudget(1 << 20)
		records := fetchedRecords(t, b, c.codec)
		q := &queue{}
		for _, r := range records {
			q.push(r, nil)
		}
		q.pop(1) // applied
		records[0].Recycle()
		if got := q.keep(c.short); got != c.copies {
			t.Errorf("%s: %d copies, want %d", name, got, c.copies)
		}
		if got := q.keep(c.short); got != 0 {
			t.Errorf("%s: %d more copies of the same", name, got)
		}
		for i, item := range q.waiting() {
			r := item.record
			if want := fmt.Sprintf("value %d", i+1); string(r.Value) != want || r.Key != nil || r.Offset != int64(i+1) ||
				len(r.Headers) != 1 || string(r.Headers[0].Value) != "h" {
				t.Errorf("%s: record %d is %q, key %q, offset %d, headers %v", name, i, r.Value, r.Key, r.Offset, r.Headers)
			}
		}
		if used := b.inUse(); (used == 0) != (c.copies > 0) {
			t.Errorf("%s: %d bytes are in use with %d copies", name, used, c.copies)
		}
	}
}

// fetchedRecords are four records as the client makes them of an answer.
func fetchedRecords(t *testing.T, b *budget, codec kgo.CompressionCodec) []*kgo.Record {
	t.Helper()
	pool := newFetchPool(b)
	unpack, err := newDecompressor(b, pool, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	batch := batchOf(t, codec, 4)
	processed, _ := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Topic: "t", Pools: []kgo.Pool{pool}},
		&kmsg.FetchResponseTopicPartition{RecordBatches: batch}, unpack, nil)
	if processed.Err != nil || len(processed.Records) != 4 {
		t.Fatal(processed.Err, len(processed.Records))
	}
	return processed.Records
}

// batchOf encodes a batch of n records without keys, "value 0" and so on.
func batchOf(t *testing.T, codec kgo.CompressionCodec, n int) []byte {
	t.Helper()
	var raw []byte
	for i := range n {
		record := kmsg.Record{OffsetDelta: int32(i), Key: nil, Value: fmt.Appendf(nil, "value %d", i),
			Headers: []kmsg.Header{{Key: "k", Value: []byte("h")}}}
		body := record.AppendTo(nil)
		record.Length = int32(len(body) - 1)
		raw = record.AppendTo(raw)
	}
	compressor, err := kgo.DefaultCompressor(codec)
	if err != nil {
		t.Fatal(err)
	}
	attributes := int16(0)
	if compressor != nil {
		packed, kind := compressor.Compress(&bytes.Buffer{}, raw)
		raw, attributes = slices.Clone(packed), int16(kind)
	}
	batch := kmsg.RecordBatch{Magic: 2, Attributes: attributes, LastOffsetDelta: int32(n - 1), ProducerID: -1, ProducerEpoch: -1,
		NumRecords: int32(n), Records: raw}
	encoded := batch.AppendTo(nil)
	batch.Length = int32(len(encoded) - 12)
	batch.CRC = int32(crc32.Checksum(batch.AppendTo(nil)[21:], crc32.MakeTable(crc32.Castagnoli)))
	return batch.AppendTo(nil)
}
