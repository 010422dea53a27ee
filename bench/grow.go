package main

import (
	"fmt"

	"github.com/holdfast/holdfast/schemas/topics"
)

// grow lets a pipeline that knows nobody meet customer after customer, with
// everything waiting, and prints how long it ever paused between two batches.
func (f *field) grow() error {
	names := namesFor("grow.", "grow.")
	o := f.o
	o.customers = o.grow
	l, err := newLoader(f.addrs, names, o)
	if err != nil {
		return err
	}
	defer l.client.Close()
	if err := makeTopics(f.ctx, l.client, names); err != nil {
		return err
	}
	events, err := l.newcomers(f.ctx, o.grow)
	if err != nil {
		return err
	}
	p, err := start(&f.cores, order{Mode: committing, Name: "grow", Addrs: f.addrs, Names: names,
		Profile: o.profile, CommitBytes: commitBytes, FlushEvery: flushEvery})
	if err != nil {
		return err
	}
	defer p.kill()
	r, err := p.ask(f.ctx, command{Events: o.grow})
	if err != nil {
		return err
	}
	said, err := lastEntries(f.ctx, l.client, names[topics.BatchLog])
	if err != nil {
		return err
	}
	if said.counters.Applied != uint64(events.Events) {
		return fmt.Errorf("grow: %d events applied, want %d: scores nothing", said.counters.Applied, events.Events)
	}
	fmt.Printf("\ngrowing from 0 to %d customers, commits, pages and rows every %s: longest gap between applied "+
		"batches while input waits %.0f ms, %.0fk events/s\n",
		o.grow, flushEvery, r.LongestGap*1e3, r.rate()/1e3)
	return nil
}
