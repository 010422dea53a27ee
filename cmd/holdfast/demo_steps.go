package main

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast/holdfast/internal/config"
)

// play sends the history, shows what it means, and goes on: steps 2 to 5.
func (d *demonstration) play(ctx context.Context) error {
	began := d.now()
	d.open()
	fitted := d.end.AddDate(0, 0, -judgedDays)
	if err := d.sendHistory(ctx, fitted); err != nil {
		return err
	}
	d.step(2, "history", fmt.Sprintf("%d days · %d events", max(d.flags.days-judgedDays, 0), d.sender.sent.Load()), began)
	if err := d.awaitModel(ctx, fitted); err != nil {
		return err
	}
	began = d.now()
	if err := d.sendHistory(ctx, d.end); err != nil {
		return err
	}
	d.board.settle(ctx)
	n := d.board.counts()
	d.step(4, "alerts", fmt.Sprintf("%d days more · %d told · %d of them critical", judgedDays, n.told, n.critical), began)
	fmt.Fprintf(d.stdout, "[5/5] %-13s %-58s running\n", "live traffic", fmt.Sprintf(
		"the last %.0f hours, an hour every %s", d.now().Sub(d.end).Hours(), (d.flags.shopDay/24).Round(time.Millisecond)))
	d.board.printTop(d.stdout, 3)
	d.printHeldBack(d.heldBack(ctx))
	d.next()
	return d.live(ctx)
}

// step prints a step and how long it took.
func (d *demonstration) step(number int, name, text string, began time.Time) {
	fmt.Fprintf(d.stdout, "[%d/5] %-13s %-58s %6.1fs\n", number, name, text, d.now().Sub(began).Seconds())
}

// say prints a remark below a step.
func (d *demonstration) say(text string) { fmt.Fprintf(d.stdout, "      %s\n", text) }

// store words where rows go.
func (d *demonstration) store() string {
	switch {
	case d.engines.clickhouse != nil:
		return "on " + d.engines.clickhouse.Addr() + " (libchdb)"
	case d.loaded.Sinks.ClickHouse.On():
		return "at " + config.RedactDSN(d.loaded.Sinks.ClickHouse.DSN)
	}
	return "off (signals on topics only)"
}

// next says what to try.
func (d *demonstration) next() {
	fmt.Fprintln(d.stdout)
	lead := "Next: "
	if d.loaded.Sinks.ClickHouse.On() {
		customer := "CUSTOMER"
		if top := d.board.top(1); len(top) > 0 {
			customer = top[0].CustomerID
		}
		flag := ""
		if d.keys["sinks.clickhouse.dsn"] != config.EmbeddedClickHouse {
			flag = " --clickhouse " + config.RedactDSN(d.keys["sinks.clickhouse.dsn"])
		}
		fmt.Fprintf(d.stdout, "%sholdfast explain %s%s\n", lead, customer, flag)
		lead = "      "
		if d.engines.clickhouse != nil {
			fmt.Fprintf(d.stdout, "      curl %s -d 'SELECT * FROM v_customers_at_risk LIMIT 5 FORMAT Vertical'\n",
				d.engines.clickhouse.Addr())
		}
	}
	fmt.Fprintf(d.stdout, "%scurl %s/readyz\n", lead, d.loaded.Ops.Listen)
	fmt.Fprintln(d.stdout, "Ctrl-C stops and prints a summary.")
	fmt.Fprintln(d.stdout)
}

// summary is what the demo says at its end.
func (d *demonstration) summary(held []heldBack) {
	if d.sender == nil {
		return
	}
	d.board.printTop(d.stdout, 5)
	d.printHeldBack(held)
	n := d.board.counts()
	fmt.Fprintf(d.stdout, "\n%d events sent; %d alerts told, %d of them standing from before; "+
		"%d resolved, %d open, %d critical.\n", d.sender.sent.Load(), n.told, n.standing, n.resolved, n.open, n.critical)
	fmt.Fprintln(d.stdout, "Everything was kept in memory and a temporary folder, and is gone. `holdfast run "+
		"--embedded --data DIR` keeps it.")
}
