package backfill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/holdfast/holdfast/pipeline/event"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// visits is a plan of n visits of customers c0, c1, … on successive days.
func visits(t *testing.T, n int) *Plan {
	t.Helper()
	text := &strings.Builder{}
	text.WriteString("customer_id,occurred_at,kind\n")
	for i := range n {
		fmt.Fprintf(text, "c%d,%s,session\n", i%7, time.Date(2020, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
	}
	plan, err := Prepare(Options{Name: "v.csv", Format: CSV, Zone: time.UTC, MemoryBytes: 1 << 20,
		Now:      time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC),
		Open:     func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text.String())), nil },
		Rejected: func(r *Reject) error { return errors.New(r.Detail) }})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

var visitTopics = map[event.Type]string{event.Visit: "visits"}

func TestEventsArriveInOrderOnThePartitionOfTheirCustomer(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "visits"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumeTopics("visits"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	last := int64(0)
	sent, err := Send(ctx, visits(t, 100), client, Sending{Topics: visitTopics, Skip: 10,
		Done: func(sent int64) { last = sent }})
	if err != nil || sent != 100 || last != 100 {
		t.Fatalf("sent %d, told %d, %v", sent, last, err)
	}
	partition, day := map[string]int32{}, map[int32]string{}
	for got := 0; got < 90; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(record *kgo.Record) {
			got++
			key := string(record.Key)
			if before, seen := partition[key]; seen && before != record.Partition {
				t.Errorf("a customer's events lie on partitions %d and %d", before, record.Partition)
			}
			partition[key] = record.Partition
			_, at, _ := strings.Cut(string(record.Value), `"occurred_at":"`)
			if at[:10] <= day[record.Partition] || at[:10] < "2020-01-11" {
				t.Errorf("%s comes after %s", at[:10], day[record.Partition])
			}
			day[record.Partition] = at[:10]
		})
	}
	if len(partition) != 7 {
		t.Errorf("%d customers", len(partition))
	}
}

// fakeProducer acknowledges as it is told.
type fakeProducer struct {
	hold    []func()
	produce func(*kgo.Record) error
}

func (f *fakeProducer) Produce(_ context.Context, record *kgo.Record, promise func(*kgo.Record, error)) {
	f.hold = append(f.hold, func() { promise(record, f.produce(record)) })
}

func (f *fakeProducer) Flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, acknowledge := range f.hold {
		acknowledge()
	}
	return nil
}

func TestAStoppedBackfillSaysHowFarItCame(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	count := 0
	producer := &fakeProducer{produce: func(*kgo.Record) error { return nil }}
	plan := visits(t, 50)
	counting := producerFunc(func(ctx context.Context, record *kgo.Record, promise func(*kgo.Record, error)) {
		if count++; count == 20 {
			cancel()
		}
		producer.Produce(ctx, record, promise)
	})
	reached := func(ctx context.Context, through event.Instant, sent int64) error {
		at := time.Date(2020, 1, 20, 12, 0, 0, 0, time.UTC).UnixMicro()
		if through != event.Instant(at)-1 || sent != 20 {
			t.Errorf("told of %d events through %d, want 20 and just before %d", sent, through, at)
		}
		return ctx.Err()
	}
	sent, err := Send(ctx, plan, struct {
		producerFunc
		flusher
	}{counting, producer}, Sending{Topics: visitTopics, Reached: reached})
	if sent != 20 || !errors.Is(err, context.Canceled) {
		t.Errorf("sent %d, %v", sent, err)
	}
}

type flusher interface{ Flush(context.Context) error }

type producerFunc func(context.Context, *kgo.Record, func(*kgo.Record, error))

func (f producerFunc) Produce(ctx context.Context, record *kgo.Record, promise func(*kgo.Record, error)) {
	f(ctx, record, promise)
}

func TestARefusedRecordEndsTheBackfill(t *testing.T) {
	refused := errors.New("refused")
	producer := &fakeProducer{produce: func(*kgo.Record) error { return refused }}
	sent, err := Send(t.Context(), visits(t, 3), producer, Sending{Topics: visitTopics})
	if sent != 0 || !errors.Is(err, refused) {
		t.Errorf("sent %d, %v", sent, err)
	}
}

// TestWhatFailedIsNoBeginning: behind a refused record others may lie, so the
// number is that of the last stretch.
func TestWhatFailedIsNoBeginning(t *testing.T) {
	refused, produced, told := errors.New("refused"), 0, int64(0)
	producer := acknowledging(func() error {
		if produced++; produced == reportEvents+7 {
			return refused
		}
		return nil
	})
	sent, err := Send(t.Context(), atOnce(t, reportEvents+20), producer, Sending{Topics: visitTopics, Skip: 5,
		Reached: func(_ context.Context, _ event.Instant, sent int64) error { told = sent; return nil }})
	if sent != told || sent != reportEvents+5 || !errors.Is(err, refused) {
		t.Errorf("sent %d, told %d, %v", sent, told, err)
	}
}

// TestAStretchEndsWithinAMoment: what is looked for after a kill is bounded
// whatever the file.
func TestAStretchEndsWithinAMoment(t *testing.T) {
	var told, through []int64
	plan := atOnce(t, 2*reportEvents+1)
	sent, err := Send(t.Context(), plan, acknowledging(func() error { return nil }), Sending{Topics: visitTopics,
		Reached: func(_ context.Context, at event.Instant, sent int64) error {
			told, through = append(told, sent), append(through, int64(plan.Last-at))
			return nil
		}})
	if err != nil || sent != plan.Events {
		t.Errorf("sent %d, %v", sent, err)
	}
	last := len(told) - 1
	if last < 2 || told[last] != plan.Events || through[last] != 0 {
		t.Fatalf("told of %d events, %d before the last moment", told, through)
	}
	for i := range last {
		if before := append([]int64{0}, told...)[i]; told[i]-before > reportEvents || through[i] != 1 {
			t.Errorf("told of %d events after %d, %d before the moment, want at most %d more, and 1",
				told[i], before, through[i], reportEvents)
		}
	}
}

// TestWhatHasArrivedIsNotSentAgain: it counts as sent.
func TestWhatHasArrivedIsNotSentAgain(t *testing.T) {
	plan, arrived, produced := visits(t, 10), Arrived{}, 0
	index := 0
	if err := plan.Each(func(e Event) error {
		if index++; index%2 == 0 {
			arrived[arrivedName("visits", e.Key, e.Value)] = struct{}{}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	sent, err := Send(t.Context(), plan, acknowledging(func() error { produced++; return nil }),
		Sending{Topics: visitTopics, Skip: 4, Arrived: arrived})
	if err != nil || sent != 10 || produced != 3 || len(arrived) != 2 {
		t.Errorf("sent %d by %d records, %d left, %v; want 10 by 3, those that are skipped left",
			sent, produced, len(arrived), err)
	}
}

// acknowledging is a producer that answers at once.
type acknowledging func() error

func (f acknowledging) Produce(_ context.Context, record *kgo.Record, promise func(*kgo.Record, error)) {
	promise(record, f())
}

func (f acknowledging) Flush(ctx context.Context) error { return ctx.Err() }

// atOnce is a plan of n visits of one moment.
func atOnce(t *testing.T, n int) *Plan {
	t.Helper()
	text := &strings.Builder{}
	text.WriteString("customer_id,occurred_at,kind\n")
	for i := range n {
		fmt.Fprintf(text, "c%d,2020-01-01,session\n", i)
	}
	return contentOf(t, "v.csv", text.String(), nil)
}

func TestATypeWithoutATopicIsRefused(t *testing.T) {
	_, err := Send(t.Context(), visits(t, 3), &fakeProducer{}, Sending{Topics: map[event.Type]string{event.Visit: ""}})
	if !errors.Is(err, ErrNoTopic) {
		t.Errorf("%v", err)
	}
}
