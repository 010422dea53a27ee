package main

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// applier is the whole path without Kafka's part of a commit: fetch with
// default options, decode, apply; now and then what the shards would undo is
// dropped, and what they would say with it.
type applier struct {
	order   order
	inputOf map[string]int
	shards  [partitions]lane
	latest  [len(inputs)]event.Instant
}

// lane is one partition number.
type lane struct {
	shard    *shard.Shard
	decoders [len(inputs)]*json.Decoder
	batch    shard.Batch
	arena    decode.Arena
	fx       shard.Effects
}

func newApplier(o order) (*applier, error) {
	a := &applier{order: o, inputOf: map[string]int{}}
	for n := range a.shards {
		cfg, err := rules()
		if err != nil {
			return nil, err
		}
		cfg.Shard = uint16(n)
		l := &a.shards[n]
		l.shard = shard.New(cfg)
		for i, in := range inputs {
			if l.decoders[i], err = json.New(decode.Config{Type: in.kind}); err != nil {
				return nil, err
			}
			a.inputOf[o.Names[in.key]] = i
		}
		meta := signal.Meta{Currency: "EUR", CurrencyExponent: 2, TimeZone: "UTC"}
		l.fx = shard.Effects{Customers: score.NewCustomerBlock(meta), AlertRows: signal.NewAlertBlock(meta),
			Models: signal.NewModelBlock(meta)}
	}
	return a, nil
}

func (a *applier) take(ctx context.Context, c command, m *meter) error {
	s, err := open(a.order, c)
	if err != nil {
		return err
	}
	defer s.client.Close()
	raised, fired := a.counters()
	m.begin()
	dropped := m.began
	for {
		fetches, more, err := s.poll(ctx, pollRecords)
		if err != nil || !more {
			m.end()
			alerts, deadlines := a.counters()
			m.Alerts, m.Fired = alerts-raised, deadlines-fired
			return err
		}
		if err := a.apply(fetches, m); err != nil {
			return err
		}
		if now := time.Now(); now.Sub(dropped) >= commitEvery {
			dropped = now
			a.drop()
		}
	}
}

// apply decodes and applies one poll.
func (a *applier) apply(fetches kgo.Fetches, m *meter) (failure error) {
	for n := range a.shards {
		a.shards[n].batch.Reset()
		a.shards[n].arena.Reset()
	}
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		input := a.inputOf[f.Topic]
		l := &a.shards[f.Partition]
		for _, r := range f.Records {
			record := recordOf(r)
			l.batch.Events = append(l.batch.Events, event.Event{})
			e := &l.batch.Events[len(l.batch.Events)-1]
			if reject, ok := l.decoders[input].Decode(e, &record, &l.arena); !ok {
				failure = fmt.Errorf("decode %s/%d@%d: %v", f.Topic, f.Partition, r.Offset, reject)
				return
			}
			e.Input, e.Partition, e.Offset, e.RecordTime = uint8(input), r.Partition, r.Offset, record.Timestamp
			a.latest[input] = max(a.latest[input], e.OccurredAt)
			m.Events++
			m.Bytes += int64(len(r.Key) + len(r.Value))
			m.count(e)
		}
	})
	if failure != nil {
		return failure
	}
	clock := min(a.latest[0], a.latest[1], a.latest[2])
	for n := range a.shards {
		if l := &a.shards[n]; len(l.batch.Events) > 0 {
			if err := l.apply(clock); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *lane) apply(latest event.Instant) error {
	at := l.shard.Position()
	l.batch.Number = at.Batch + 1
	l.batch.Clock = max(at.Clock, latest-event.Hour)
	l.batch.Wall = event.Instant(time.Now().UnixMicro())
	l.shard.Count(uint64(len(l.batch.Events)), uint64(len(l.batch.Events)), 0, 0)
	if err := l.shard.Apply(&l.batch, &l.fx); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	return nil
}

// drop is a commit of which nothing is written.
func (a *applier) drop() {
	meta := signal.Meta{Currency: "EUR", CurrencyExponent: 2, TimeZone: "UTC"}
	for n := range a.shards {
		l := &a.shards[n]
		l.shard.Commit()
		l.fx.Alerts, l.fx.Sealed = l.fx.Alerts[:0], l.fx.Sealed[:0]
		l.fx.Customers.Reset(meta)
		l.fx.AlertRows.Reset(meta)
	}
}

func (a *applier) counters() (raised, fired uint64) {
	for n := range a.shards {
		c := a.shards[n].shard.Position().Counters
		raised += c.AlertsRaised
		fired += c.DeadlinesFired
	}
	return raised, fired
}

// close says what the records add up to.
func (a *applier) close(_ context.Context, m *meter) error {
	for n := range a.shards {
		m.addState(a.shards[n].shard.Slab())
	}
	return nil
}
