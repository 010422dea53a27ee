package txn

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/lane"
)

// TestUntil: a question is asked until nothing is missing; an error ends it, and
// the end of the time says what was missing last.
func TestUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, asked := time.Now(), 0
		err := until(t.Context(), func() (string, error) {
			if asked++; asked < 4 {
				return "rows", nil
			}
			return "", nil
		})
		if err != nil || asked != 4 || time.Since(began) != 150*time.Millisecond {
			t.Errorf("asked %d times in %s: %v", asked, time.Since(began), err)
		}
		if err := until(t.Context(), func() (string, error) { return "rows", kerr.GroupAuthorizationFailed }); !errors.Is(err,
			kerr.GroupAuthorizationFailed) {
			t.Errorf("an error while there is time: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 220*time.Millisecond)
		defer cancel()
		err = until(ctx, func() (string, error) {
			if ctx.Err() == nil && time.Since(began) > 300*time.Millisecond {
				return "the last rows", nil
			}
			return "rows", ctx.Err()
		})
		if !errors.Is(err, context.DeadlineExceeded) || !strings.HasSuffix(err.Error(), ": the last rows") {
			t.Errorf("at the end of the time: %v", err)
		}
	})
}

// TestLoaded: rows are loaded once the loader's group stands at the outbox's ends.
func TestLoaded(t *testing.T) {
	s, _, _ := onKafka(t)
	admin, a := kadm.NewClient(s.reader), Awaited{Outbox: "outbox", LoaderGroup: "loader"}
	ends := map[int32]checkpoint.Range{0: {Start: 2, End: 2}, 1: {Start: 3, End: 9}}
	is := func(when, want string) {
		t.Helper()
		if got, err := loaded(t.Context(), admin, a, ends); got != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", when, got, err, want)
		}
	}
	is("before the first commit", "outbox/1 is loaded up to 0 of 9")
	s.commitOffsets(t, "loader", kadm.Offset{Topic: "outbox", Partition: 1, At: 8})
	is("one short", "outbox/1 is loaded up to 8 of 9")
	s.commitOffsets(t, "loader", kadm.Offset{Topic: "outbox", Partition: 1, At: 9})
	is("at the end", "")
	s.commitOffsets(t, "loader", kadm.Offset{Topic: "outbox", Partition: 1, At: 12})
	is("beyond", "")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := loaded(gone, admin, a, ends); !errors.Is(err, context.Canceled) ||
		!strings.Contains(err.Error(), "group loader") {
		t.Errorf("%q, %v, want the group that cannot be read", got, err)
	}
}

// TestWaitCaughtUp waits for the inputs first, then for the loader, and only for
// what was there when it was called.
func TestWaitCaughtUp(t *testing.T) {
	s, _, _ := onKafka(t)
	records := []*kgo.Record{{Topic: "a", Partition: 1, Value: []byte("x")},
		{Topic: "outbox", Partition: 0, Value: []byte("y")}}
	if err := s.reader.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	a := Awaited{Group: "holdfast", Topics: []string{"a", "b"}, Outbox: "outbox", LoaderGroup: "loader"}
	missing := func(want string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if err := WaitCaughtUp(ctx, s.reader, a); !errors.Is(err, context.DeadlineExceeded) ||
			!strings.HasSuffix(err.Error(), want) {
			t.Errorf("%v, want in it: %s", err, want)
		}
	}
	missing("a/1 is applied up to 0 of 1")
	mark := lane.Mark{Batch: 1, Incarnation: "x"}
	commit := func() {
		t.Helper()
		s.commitOffsets(t, "holdfast", kadm.Offset{Topic: "a", Partition: 1, At: 1, Metadata: mark.String()},
			kadm.Offset{Topic: "b", Partition: 1, At: 0, Metadata: mark.String()})
	}
	commit()
	missing("rows of shard 1 are in the outbox up to batch 0 of 1")
	mark.RowsComplete = 1
	commit()
	missing("outbox/0 is loaded up to 0 of 1")
	s.commitOffsets(t, "loader", kadm.Offset{Topic: "outbox", Partition: 0, At: 1})
	if err := WaitCaughtUp(t.Context(), s.reader, a); err != nil {
		t.Error(err)
	}
	a.LoaderGroup = ""
	if err := WaitCaughtUp(t.Context(), s.reader, a); err != nil {
		t.Errorf("without a loader: %v", err)
	}
	a.Topics = []string{"a", "nowhere"}
	if err := WaitCaughtUp(t.Context(), s.reader, a); !errors.Is(err, kerr.UnknownTopicOrPartition) {
		t.Errorf("a topic that is not there: %v", err)
	}
}

// TestWhereInputsStand: positions are those of the batch log, not of the group.
func TestWhereInputsStand(t *testing.T) {
	s, _, cluster := onKafka(t)
	var records []*kgo.Record
	for range 9 {
		records = append(records, &kgo.Record{Topic: "a", Partition: 1, Value: []byte("x")})
	}
	entry := checkpoint.Entry{Batch: 3, Inputs: []checkpoint.InputRange{{Topic: "a", From: 2, To: 4}},
		Counters: counted(6)}
	records = append(records, lane.LogRecord(&s.p.cfg.Topics, 1, &entry))
	if err := s.reader.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	mark := lane.Mark{Batch: 3, Incarnation: "x"}
	s.commitOffsets(t, "holdfast", kadm.Offset{Topic: "a", Partition: 1, At: 5, Metadata: mark.String()})
	if err := cluster.DeleteRecords("a", 1, 7); err != nil {
		t.Fatal(err)
	}
	got, err := s.p.InputOffsets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []InputOffsets{{Topic: "a", Partition: 0, Position: -1, Committed: -1},
		{Topic: "a", Partition: 1, Start: 7, End: 9, Position: 4, Committed: 5, Lost: 3, Skipped: 6},
		{Topic: "b", Partition: 0, Position: -1, Committed: -1}, {Topic: "b", Partition: 1, Position: -1, Committed: -1}}
	if len(got) != len(want) {
		t.Fatalf("%+v, want %+v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
	for _, c := range []struct {
		o    InputOffsets
		want int64
	}{{got[1], 2}, {got[0], 0},
		{InputOffsets{Start: 2, End: 9, Position: 5}, 4}, {InputOffsets{Start: 2, End: 9, Position: -1}, 7},
		{InputOffsets{End: 3, Position: 4}, 0}} {
		if lag := c.o.Lag(); lag != c.want {
			t.Errorf("%+v has a lag of %d, want %d", c.o, lag, c.want)
		}
	}
}
