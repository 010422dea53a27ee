package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/schemas/topics"
)

// loader writes the input and keeps count of it: the oracle of every run. What
// it counts it takes from the bytes that it writes.
type loader struct {
	client  *kgo.Client
	names   topics.Names
	load    *workload.Load
	o       options
	start   event.Instant // of the first event that is measured
	life    tally
	repeats []uint8 // complaints of each customer, up to 2

	mu      sync.Mutex
	failure error
}

// stretch is what was written at one go.
type stretch struct {
	tally
	alerts   uint64 // that it must raise
	from, to map[string][]int64
}

func newLoader(addrs []string, names topics.Names, o options) (*loader, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(addrs...),
		kgo.ProducerBatchCompression(kgo.Lz4Compression()), kgo.ProducerBatchMaxBytes(producerBatch),
		kgo.ProducerLinger(200*time.Millisecond), kgo.MaxBufferedRecords(200_000))
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	step := event.Instant(o.step.Microseconds())
	return &loader{client: client, names: names, o: o, start: o.start, repeats: make([]uint8, o.customers),
		load: workload.NewLoad(workload.LoadConfig{Seed: 1, Customers: o.customers,
			Start: o.start - event.Instant(warmEvents*o.customers)*step, Step: step})}, nil
}

// warmEvents is how many events every customer has before the first round.
const warmEvents = 3

// warm lets every customer be known: two purchases, each some weeks back, and
// a visit within the last hour.
func (l *loader) warm(ctx context.Context) (stretch, error) {
	n := event.Instant(l.o.customers)
	at := func(i int, from, to event.Instant) event.Instant {
		return l.start - from + (from-to)*event.Instant(i)/n
	}
	// Each customer's second purchase says so.
	s, err := l.write(ctx, warmEvents*l.o.customers, func(i int) workload.Item {
		c := i % l.o.customers
		switch i / l.o.customers {
		case 0:
			return l.load.Make(event.Purchase, uint64(c), at(c, 65*event.Day24h, 40*event.Day24h))
		case 1:
			return l.load.Make(event.Purchase, uint64(c), at(c, 35*event.Day24h, 5*event.Day24h))
		}
		return l.load.Make(event.Visit, uint64(c), at(c, event.Hour, 0))
	})
	s.alerts = uint64(l.o.customers)
	return s, err
}

// round writes the events of one round.
func (l *loader) round(ctx context.Context) (stretch, error) {
	return l.write(ctx, l.o.events, func(int) workload.Item {
		item, _ := l.load.Next()
		return item
	})
}

// newcomers writes a purchase of each of n customers, the first ever.
func (l *loader) newcomers(ctx context.Context, n int) (stretch, error) {
	return l.write(ctx, n, func(i int) workload.Item {
		return l.load.Make(event.Purchase, uint64(i), l.start+event.Instant(i)*event.Instant(l.o.step.Microseconds()))
	})
}

func (l *loader) write(ctx context.Context, n int, next func(int) workload.Item) (s stretch, err error) {
	if s.from, err = l.ends(ctx); err != nil {
		return s, err
	}
	topicOf := map[event.Type]string{}
	for _, in := range inputs {
		topicOf[in.kind] = l.names[in.key]
	}
	for i := range n {
		item := next(i)
		s.alerts += l.count(&s.tally, &item)
		l.client.Produce(ctx, &kgo.Record{Topic: topicOf[item.Topic], Key: item.Key, Value: item.Value,
			Timestamp: workload.TimeOf(item.At)}, l.produced)
	}
	err = l.client.Flush(ctx)
	l.mu.Lock()
	err = errors.Join(err, l.failure)
	l.mu.Unlock()
	if err != nil {
		return s, fmt.Errorf("write the input: %w", err)
	}
	l.life.add(s.tally)
	s.to, err = l.ends(ctx)
	return s, err
}

func (l *loader) produced(_ *kgo.Record, err error) {
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.failure = err
	}
}

// count adds an item to the tally, and says how many alerts it must raise: the
// second complaint of a customer within 30 days raises one, once.
func (l *loader) count(t *tally, item *workload.Item) (alerts uint64) {
	t.Events++
	t.Bytes += int64(len(item.Key) + len(item.Value))
	switch item.Topic {
	case event.Purchase:
		t.Purchases++
		field := []byte(`"amount_net":`)
		t.AmountMinor += number(item.Value[bytes.Index(item.Value, field)+len(field):])
	case event.Visit:
		t.Visits++
	case event.Complaint:
		t.Complaints++
		if c := number(item.Key[2:]); l.repeats[c] < 2 {
			if l.repeats[c]++; l.repeats[c] == 2 {
				return 1
			}
		}
	default: // the load has no others
	}
	return 0
}

// number reads the digits that text begins with.
func number(text []byte) (n int64) {
	for _, b := range text {
		if b < '0' || b > '9' {
			return n
		}
		n = n*10 + int64(b-'0')
	}
	return n
}

// ends are the inputs' log ends.
func (l *loader) ends(ctx context.Context) (map[string][]int64, error) {
	var names []string
	for _, in := range inputs {
		names = append(names, l.names[in.key])
	}
	listed, err := kadm.NewClient(l.client).ListEndOffsets(ctx, names...)
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("list the ends of the inputs: %w", err)
	}
	ends := map[string][]int64{}
	for _, name := range names {
		ends[name] = make([]int64, partitions)
		for n := range ends[name] {
			o, _ := listed.Lookup(name, int32(n))
			ends[name][n] = o.Offset
		}
	}
	return ends, nil
}
