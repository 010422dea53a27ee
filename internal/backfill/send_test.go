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
	sent, err := Send(ctx, visits(t, 100), client, visitTopics, 10, func(sent int64) { last = sent }, nil)
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
	sent, err := Send(ctx, plan, struct {
		producerFunc
		flusher
	}{counting, producer}, visitTopics, 0, func(int64) {}, nil)
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
	sent, err := Send(t.Context(), visits(t, 3), producer, visitTopics, 0, func(int64) {}, nil)
	if sent != 0 || !errors.Is(err, refused) {
		t.Errorf("sent %d, %v", sent, err)
	}
}

func TestATypeWithoutATopicIsRefused(t *testing.T) {
	_, err := Send(t.Context(), visits(t, 3), &fakeProducer{}, map[event.Type]string{event.Visit: ""}, 0,
		func(int64) {}, nil)
	if !errors.Is(err, ErrNoTopic) {
		t.Errorf("%v", err)
	}
}
