package lane

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
)

// TestWhatWaitsIsAppliedAsItWouldBeAtOnce: events that wait, are taken out of a
// batch again, or are copied meanwhile come into their batch as if they had been
// decoded for it, with its wall time.
func TestWhatWaitsIsAppliedAsItWouldBeAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := merging(1)
		decoder, err := json.New(decode.Config{Type: event.Visit, MaxFuture: event.Hour, MaxValueBytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		l.inputs[0].decoder, l.inputs[1].decoder = decoder, decoder
		q, wall, applied := &l.queues[0], event.Instant(1_700_000_000_000_000), int64(0)
		var pushed []*kgo.Record
		var values [][]byte // as they were fetched
		for range 20 {
			for range rapid.IntRange(0, 5).Draw(t, "arrive") {
				r := drawnVisit(t, int64(len(pushed)), wall)
				pushed = append(pushed, r)
				fetched := *r
				fetched.Value = bytes.Clone(r.Value)
				if rapid.Bool().Draw(t, "is copied if it waits") {
					fetched.Context = context.Background()
					values = append(values, fetched.Value)
				}
				q.push(&fetched, nil, time.Now())
			}
			l.batch.Reset()
			l.arena.Reset()
			l.sources, l.rejected = l.sources[:0], l.rejected[:0]
			l.read(0, wall)
			n := rapid.IntRange(0, len(q.waiting())).Draw(t, "applied")
			q.cut = q.position(n)
			l.admit(0, n, wall)
			l.cutBack(0)
			wantBatch(t, l, pushed[applied:applied+int64(n)], wall)
			applied += int64(n)
			if l.KeepWaiting(rapid.Bool().Draw(t, "memory is short")); l.copies {
				for _, value := range values {
					clear(value) // what was copied, or applied, is given back
				}
			}
			wall += event.Instant(rapid.SampledFrom([]int{-2, 0, 1, 5}).Draw(t, "seconds")) * event.Second
		}
	})
}

// drawnVisit is a record that is read, of the past or the future, whose texts
// may need an arena, or one that is none.
func drawnVisit(t *rapid.T, offset int64, wall event.Instant) *kgo.Record {
	at := time.UnixMicro(int64(wall)).Add(time.Duration(rapid.SampledFrom([]int{-3, 0, 1, 3}).Draw(t,
		"stamped")) * time.Second)
	name := rapid.SampledFrom([]string{"anna", `b\u00f6rn`, `j\u00f6rg`}).Draw(t, "customer")
	value := fmt.Sprintf(`{"schema_version":1,"event_id":"e%d","event_type":"visit","kind":"session","customer_id":"%s","occurred_at":%q}`,
		offset, name, at.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 3598, 3600, 7200}).Draw(t,
			"ahead"))*time.Second).UTC().Format(time.RFC3339))
	return &kgo.Record{Topic: "t0", Partition: 0, Offset: offset, Timestamp: at,
		Key: []byte(strings.ReplaceAll(name, `\u00f6`, "ö")), Value: []byte(value)}
}

// wantBatch compares a batch with its records decoded at once.
func wantBatch(t *rapid.T, l *Lane, records []*kgo.Record, wall event.Instant) {
	var want []event.Event
	rejected := 0
	for _, r := range records {
		var e event.Event
		var arena decode.Arena
		if _, ok := l.decodeRecord(0, &e, r, wall, &arena); ok {
			want = append(want, e)
		} else {
			rejected++
		}
	}
	if len(l.batch.Events) != len(want) || len(l.sources) != len(want) || len(l.rejected) != rejected {
		t.Fatalf("%d events of %d records and %d rejects, want %d and %d: %v", len(l.batch.Events), len(l.sources),
			len(l.rejected), len(want), rejected, l.rejected)
	}
	for i := range want {
		if !reflect.DeepEqual(l.batch.Events[i], want[i]) || l.sources[i].Offset != want[i].Offset {
			t.Fatalf("event %d is %+v, want %+v", i, l.batch.Events[i], want[i])
		}
	}
}
