package main

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast/holdfast/internal/workload"
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

// sendHistory sends what happened up to the end of the history: step 2.
func (d *demonstration) sendHistory(ctx context.Context) error {
	began := d.now()
	d.end = began.UTC().Truncate(24 * time.Hour).Add(-sinceHistory)
	d.shop = workload.NewShop(workload.ShopConfig{
		Seed: d.flags.seed, Customers: d.flags.customers, End: workload.InstantOf(d.end),
		HistoryDays: d.flags.days, LiveDays: -1, Currency: d.loaded.Money.Currency,
	})
	bar := d.progress("history", int64(d.flags.days))
	defer bar.end()
	from := workload.TimeOf(d.shop.Start())
	for item := d.nextItem(); item != nil && workload.TimeOf(item.At).Before(d.end); item = d.nextItem() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if d.history++; d.history%500 == 0 {
			bar.to(int64(workload.TimeOf(item.At).Sub(from).Hours() / 24))
		}
		if err := d.sendNext(); err != nil {
			return err
		}
	}
	if err := d.client.Flush(ctx); err != nil {
		return err
	}
	bar.end()
	d.step(2, "history", fmt.Sprintf("%d days · %d customers · %d events", d.flags.days, d.flags.customers,
		d.history), began)
	return nil
}

// printDays is after how many shop days a line is printed.
const printDays = 5

// live plays the days since, each within shopDay, and goes on as time does
// once the present is reached: step 4.
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
	printed, arrived := d.end, false
	_, _, raised, resolved := d.board.counts()
	for {
		for item := d.nextItem(); item != nil && !workload.TimeOf(item.At).After(shopNow()); item = d.nextItem() {
			if err := d.sendNext(); err != nil {
				return err
			}
		}
		if today := shopNow(); today.Sub(printed) >= printDays*24*time.Hour {
			printed = today
			open, critical, allRaised, allResolved := d.board.counts()
			fmt.Fprintf(d.stdout, "%s  +%d alerts, %d resolved · %d open, %d critical\n", today.Format(time.DateOnly),
				allRaised-raised, allResolved-resolved, open, critical)
			raised, resolved = allRaised, allResolved
		}
		if !arrived && d.now().After(present) {
			arrived = true
			fmt.Fprintln(d.stdout, "The shop has reached the present and goes on as time does.")
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil
		case <-d.parts[0].done:
			return nil // stop returns its error
		}
	}
}
