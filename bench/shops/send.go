package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/simulation"
	"github.com/holdfast/holdfast/schemas/topics"
)

// sent is one event on its way: it happens at one time and is sent at another.
type sent struct {
	at, sendAt      time.Time
	topic, customer string
	value           string
}

// together is what may be on its way at once, by event time.
const together = 4 * time.Hour

// send produces the events of [from, to) in the order in which they are sent, and
// waits until they are worked off and loaded.
func (p *place) send(ctx context.Context, s *shop, lives []simulation.Life, from, to time.Time) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(p.kafka), kgo.ProducerBatchCompression(kgo.ZstdCompression()),
		kgo.MaxBufferedRecords(100_000))
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	defer client.Close()
	failures := make(chan error, 1)
	next := from
	for _, e := range events(s, lives, from, to) {
		if e.sendAt.After(next) { // all topics are as far, as they are where time passes
			if err := client.Flush(ctx); err != nil {
				return fmt.Errorf("send events: %w", err)
			}
			next = e.sendAt.Add(together)
		}
		client.Produce(ctx, &kgo.Record{Topic: e.topic, Key: []byte(e.customer), Value: []byte(e.value), Timestamp: e.sendAt},
			func(_ *kgo.Record, err error) {
				if err != nil {
					select {
					case failures <- err:
					default:
					}
				}
			})
	}
	err = client.Flush(ctx)
	select {
	case failure := <-failures:
		err = errors.Join(err, failure)
	default:
	}
	if err != nil {
		return fmt.Errorf("send events: %w", err)
	}
	return p.once(ctx, "wait", "--caught-up", "--timeout", "10m")
}

// events are what customers did in [from, to), in the order in which it is sent:
// where purchases have an outage, that begins a quarter before the end.
func events(s *shop, lives []simulation.Life, from, to time.Time) []sent {
	names := topics.DefaultNames()
	quiet := to.Add(-to.Sub(from) / 4)
	var all []sent
	add := func(at time.Time, topic topics.Key, customer, format string, args ...any) {
		if at.Before(from) || !at.Before(to) {
			return
		}
		sendAt := at
		if topic == topics.Purchases && !at.Before(quiet) && at.Before(quiet.Add(s.outage)) {
			sendAt = quiet.Add(s.outage)
		}
		value := fmt.Sprintf(`{"customer_id":%q,"occurred_at":%q,`, customer, at.Format(time.RFC3339))
		all = append(all, sent{at, sendAt, names[topic], customer, value + fmt.Sprintf(format, args...) + "}"})
	}
	for i := range lives {
		l := &lives[i]
		for n, at := range l.Purchases {
			add(at, topics.Purchases, l.Customer, `"event_id":"%[1]s-p%[2]d","event_type":"purchase","kind":"order",`+
				`"order_id":"%[1]s-%[2]d","currency":"EUR","amount_net":%[3]d`, l.Customer, n, 2000+len(l.Customer)*n%1000)
		}
		for n, at := range l.Visits {
			add(at, topics.Visits, l.Customer, `"event_id":"%s-v%d","event_type":"visit","kind":"session"`, l.Customer, n)
		}
		for n, c := range l.Complaints {
			for status, at := range map[string]time.Time{"opened": c.OpenedAt, "resolved": c.SolvedAt} {
				if !at.IsZero() {
					add(at, topics.Complaints, l.Customer, `"event_id":"%[1]s-k%[2]d-%[3]s","event_type":"complaint",`+
						`"kind":"complaint","complaint_id":"%[1]s-k%[2]d","status":"%[3]s"`, l.Customer, n, status)
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b sent) int {
		if c := a.sendAt.Compare(b.sendAt); c != 0 {
			return c
		}
		return a.at.Compare(b.at)
	})
	return all
}
