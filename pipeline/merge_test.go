package pipeline_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// visit and purchase are one event each of customer c-1.
func visit(at event.Instant) workload.Item {
	return workload.Item{Topic: event.Visit, Key: []byte("c-1"), At: at, Value: fmt.Appendf(nil,
		`{"event_id":"v-%d","event_type":"visit","occurred_at":"%s","customer_id":"c-1","kind":"session"}`,
		at, workload.TimeOf(at).Format(time.RFC3339))}
}

func purchase(at event.Instant) workload.Item {
	return workload.Item{Topic: event.Purchase, Key: []byte("c-1"), At: at, Value: fmt.Appendf(nil,
		`{"event_id":"p-%d","event_type":"purchase","occurred_at":"%s","customer_id":"c-1","kind":"order",`+
			`"order_id":"o-%d","amount_net":1000,"currency":"EUR"}`, at, workload.TimeOf(at).Format(time.RFC3339), at)}
}

// stamped are items that are written at one moment, as a backfill does.
func stamped(all []workload.Item, at event.Instant) []workload.Item {
	all = slices.Clone(all)
	for i := range all {
		all[i].At = at
	}
	return all
}

// TestHistoryOverSeveralInputsIsCountedWhole sends three years of purchases,
// waits until the clock has caught up, and sends the visits of those years: all
// of them count, those of days that have been folded approximately.
func TestHistoryOverSeveralInputsIsCountedWhole(t *testing.T) {
	var purchases, visits []workload.Item
	for week := range event.Instant(156) {
		at := start - (156-week)*7*event.Day24h
		purchases, visits = append(purchases, purchase(at)), append(visits, visit(at+2*event.Day24h))
	}
	inVirtualTime(t, func(v *virtual) {
		c := v.clocked()
		c.setWall(start)
		c.produce(stamped(purchases, start))
		c.start()
		if !c.reads(start) {
			t.Error("the clock does not catch up")
		}
		c.produce(stamped(visits, start))
		c.caughtUp(c.cfg)
		if err := c.running.stop(); err != nil {
			t.Fatal(err)
		}
		if letters := v.deadLetters(); len(letters) != 0 {
			t.Errorf("%d events were refused", len(letters))
		}
		h := v.history(c.cfg)
		row := h.rows["c-1"]
		if row.days != 156 || row.orders != 156 || row.net != 156_000 || row.approximate != 1 || row.activity != 311 {
			t.Errorf("row %+v, want 156 orders on as many days, 311 repeated days of activity, approximate", row)
		}
	})
}

// TestInputsAreMergedHoweverTheyArePolled reads years of all events that wait,
// in pieces of several sizes: nothing is refused, nothing approximate, and each
// row is that of the oracle.
func TestInputsAreMergedHoweverTheyArePolled(t *testing.T) {
	shop := workload.NewShop(workload.ShopConfig{Seed: 9, Customers: 60, HistoryDays: 900, End: start})
	var all []workload.Item
	for item, ok := shop.Next(); ok; item, ok = shop.Next() {
		all = append(all, item)
	}
	for _, most := range []int{30, 700, 20_000} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) {
				cfg := v.honest()
				cfg.MaxPollRecords = most
				v.setWall(start)
				v.produce(stamped(all, start))
				p := v.run(cfg)
				v.caughtUp(cfg)
				if err := p.stop(); err != nil {
					t.Fatal(err)
				}
				v.verify(cfg, len(all))
				h := v.history(cfg)
				for n := range testPartitions {
					if c := shard.CountersOf(h.entries[n][len(h.entries[n])-1].Counters); c.Folded > 0 {
						t.Errorf("shard %d: %d events came after their days were folded", n, c.Folded)
					}
				}
				for id, row := range h.rows {
					if row.approximate != 0 {
						t.Errorf("customer %s is approximate", id)
					}
				}
			})
		})
	}
}

// TestUnreadRecordsThatWereDeletedAreNoSilence: retention takes purchases that
// lie unread; the refusal comes before anything is concluded.
func TestUnreadRecordsThatWereDeletedAreNoSilence(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		c := v.clocked()
		c.setWall(start)
		c.produce(few(400, start))
		c.start()
		c.reads(start)
		if err := c.running.stop(); err != nil {
			t.Fatal(err)
		}
		alerts := len(v.alerts())
		c.produce(few(400, start+20*event.Day24h))
		admin := kadm.NewClient(c.client)
		c.deleteRecords(admin, v.topicOf(event.Purchase))
		c.setWall(start + 20*event.Day24h)
		_, done := c.runToItsEnd(fresh(c.cfg))
		wantEnd(t, done, "deleted by retention before they were read",
			"holdfast offsets skip --input "+v.topicOf(event.Purchase))
		if now := len(v.alerts()); now != alerts {
			t.Errorf("%d alerts were committed before the refusal", now-alerts)
		}
	})
}
