package main

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/sinks/clickhouse"
)

// nextItem looks at the shop's next event without taking it.
func (d *demonstration) nextItem() *workload.Item {
	if d.waiting == nil {
		if item, ok := d.shop.Next(); ok {
			d.waiting = &item
		}
	}
	return d.waiting
}

// sendNext sends it.
func (d *demonstration) sendNext() error {
	item := *d.waiting
	d.waiting = nil
	return d.sender.send(item)
}

// judgedDays are the days of the history that are sent once the model of the days
// before is in force, so that they are judged by it: more than the day in which
// nothing follows from new parameters, and the dwell; with what is played, less
// than the week after which the model is fitted anew.
const judgedDays = 4

// historyEnd is when the shop last opened, 14 to 38 hours before now: the night
// before it, in which nothing comes, is still within alerts.max_event_age, so who is
// at risk then may be told at once.
func historyEnd(now time.Time) time.Time {
	const opens, least = 8 * time.Hour, 14 * time.Hour
	return now.UTC().Add(-opens - least).Truncate(24 * time.Hour).Add(opens)
}

// open opens the shop.
func (d *demonstration) open() {
	d.end = historyEnd(d.now())
	d.shop = workload.NewShop(workload.ShopConfig{
		Seed: d.flags.seed, Customers: d.flags.customers, End: workload.InstantOf(d.end),
		HistoryDays: d.flags.days, LiveDays: -1, Currency: d.loaded.Money.Currency,
	})
}

// begin is when the history begins.
func (d *demonstration) begin() time.Time { return workload.TimeOf(d.shop.Start()) }

// sendHistory sends what happened up to a moment, and waits until it is applied.
func (d *demonstration) sendHistory(ctx context.Context, until time.Time) error {
	bar := d.progress("history", int64(d.flags.days))
	defer bar.end()
	for n := 1; ; n++ {
		item := d.nextItem()
		if item == nil || !workload.TimeOf(item.At).Before(until) {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if n%500 == 0 {
			bar.to(int64(workload.TimeOf(item.At).Sub(d.begin()).Hours() / 24))
		}
		if err := d.sendNext(); err != nil {
			return err
		}
	}
	if err := d.client.Flush(ctx); err != nil {
		return err
	}
	awaited := pipeline.Awaited{Group: d.loaded.Kafka.Group, Topics: inputNames(&d.loaded.Config)}
	if d.loaded.Sinks.ClickHouse.On() {
		awaited.Outbox, awaited.LoaderGroup = outboxTopic(), clickhouse.LoadGroup(d.loaded.Kafka.Group)
	}
	return pipeline.WaitCaughtUp(ctx, d.client, awaited)
}

// printHours is after how many hours of the shop a line is printed.
const printHours = 6

// live plays the hours since, at the pace of shopDay, and goes on as time does once
// the present is reached: step 5.
func (d *demonstration) live(ctx context.Context) error {
	began := d.now()
	pace := float64(24*time.Hour) / float64(d.flags.shopDay)
	present := began.Add(time.Duration(float64(began.Sub(d.end)) / (pace - 1)))
	// shopNow is the shop's clock: it runs fast from the end of the history
	// and meets the real one at present.
	shopNow := func() time.Time {
		now := d.now()
		if now.After(present) {
			return now
		}
		return d.end.Add(time.Duration(float64(now.Sub(began)) * pace))
	}
	printed, arrived, model := d.end, false, d.board.modelFitted()
	d.board.news() // what was told before is on the board
	for {
		for item := d.nextItem(); item != nil && !workload.TimeOf(item.At).After(shopNow()); item = d.nextItem() {
			if err := d.sendNext(); err != nil {
				return err
			}
		}
		d.board.printNews(d.stdout)
		if newer := d.board.modelFitted(); newer != model {
			model = newer
			d.say(fmt.Sprintf("the model was fitted to %d customers: %s", model.Customers,
				modelWords(model, d.loaded.Money.Currency)))
		}
		if today := shopNow(); today.Sub(printed) >= printHours*time.Hour {
			printed = today
			n := d.board.counts()
			fmt.Fprintf(d.stdout, "%s  -- %d told, %d open, %d critical, %d resolved\n", today.Format(newsTime), n.told, n.open,
				n.critical, n.resolved)
		}
		if !arrived && d.now().After(present) {
			arrived = true
			fmt.Fprintln(d.stdout, "The shop has reached the present and goes on as time does.")
		}
		if !pause(ctx) {
			return nil
		}
	}
}

// pause waits a moment, and reports whether to go on.
func pause(ctx context.Context) bool {
	select {
	case <-time.After(50 * time.Millisecond):
		return true
	case <-ctx.Done():
		return false
	}
}
