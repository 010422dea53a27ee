package main

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/schemas/topics"
)

// inputs are the input topics in the order that the pipeline has them in.
var inputs = [...]struct {
	key  topics.Key
	kind event.Type
}{{topics.Purchases, event.Purchase}, {topics.Visits, event.Visit}, {topics.Complaints, event.Complaint}}

// source reads a command's records with kgo's default options.
type source struct {
	client *kgo.Client
	left   int
}

func open(o order, c command) (*source, error) {
	from := map[string]map[int32]kgo.Offset{}
	left := 0
	for topic, offsets := range c.From {
		from[topic] = map[int32]kgo.Offset{}
		for n, at := range offsets {
			from[topic][int32(n)] = kgo.NewOffset().At(at)
			left += int(c.To[topic][n] - at)
		}
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(o.Addrs...), kgo.ConsumePartitions(from))
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	return &source{client: client, left: left}, nil
}

// poll gives the next records, at most limit where that is above 0; false after
// the last.
func (s *source) poll(ctx context.Context, limit int) (kgo.Fetches, bool, error) {
	if s.left <= 0 {
		return nil, false, nil
	}
	fetches := s.client.PollRecords(ctx, limit)
	if err := fetches.Err(); err != nil {
		return nil, false, fmt.Errorf("read: %w", err)
	}
	s.left -= fetches.NumRecords()
	return fetches, true, nil
}

// reader is the bare fetch, or the fetch with decoding.
type reader struct {
	order    order
	decoders map[string]*json.Decoder // nil: bare
	arena    decode.Arena
	event    event.Event
}

func newReader(o order) (*reader, error) {
	r := &reader{order: o}
	if o.Mode == bareFetch {
		return r, nil
	}
	r.decoders = map[string]*json.Decoder{}
	for _, in := range inputs {
		d, err := json.New(decode.Config{Type: in.kind})
		if err != nil {
			return nil, err
		}
		r.decoders[o.Names[in.key]] = d
	}
	return r, nil
}

func (r *reader) take(ctx context.Context, c command, m *meter) error {
	s, err := open(r.order, c)
	if err != nil {
		return err
	}
	defer s.client.Close()
	m.begin()
	for {
		fetches, more, err := s.poll(ctx, 0)
		if err != nil || !more {
			m.end()
			return err
		}
		if err := r.pass(fetches, m); err != nil {
			return err
		}
	}
}

func (r *reader) pass(fetches kgo.Fetches, m *meter) (failure error) {
	r.arena.Reset()
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		m.Events += int64(len(f.Records))
		if r.decoders == nil {
			for _, rec := range f.Records {
				m.Bytes += int64(len(rec.Key) + len(rec.Value))
			}
			return
		}
		d := r.decoders[f.Topic]
		for _, rec := range f.Records {
			m.Bytes += int64(len(rec.Key) + len(rec.Value))
			record := recordOf(rec)
			if reject, ok := d.Decode(&r.event, &record, &r.arena); !ok {
				failure = fmt.Errorf("decode %s/%d@%d: %v", f.Topic, f.Partition, rec.Offset, reject)
				return
			}
			m.count(&r.event)
		}
	})
	return failure
}

func recordOf(r *kgo.Record) decode.Record {
	return decode.Record{Key: r.Key, Value: r.Value, HasKey: r.Key != nil, HasValue: r.Value != nil,
		Timestamp: event.Instant(r.Timestamp.UnixMicro())}
}

// count adds what an event is to the tally, but for its bytes and itself.
func (t *tally) count(e *event.Event) {
	t.countOf(e.Type, 1)
	if e.Type == event.Purchase {
		t.AmountMinor += e.AmountNet
	}
}

// countOf counts events of a type.
func (t *tally) countOf(kind event.Type, n int64) {
	switch kind {
	case event.Purchase:
		t.Purchases += n
	case event.Visit:
		t.Visits += n
	case event.Complaint:
		t.Complaints += n
	default: // the load has no others
	}
}

func (r *reader) close(context.Context, *meter) error { return nil }
