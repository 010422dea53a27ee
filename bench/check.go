package main

import (
	"fmt"
	"os"
	"time"

	"github.com/holdfast/holdfast/schemas/topics"
)

// check holds what a system says of a stretch against the oracle, and what the
// batch log says where there is one. What is wrong scores nothing.
func (f *field) check(e *entrant, want stretch, r *result) error {
	if e.process.order.Mode == committing {
		now, err := lastEntries(f.ctx, f.loader.client, e.process.order.Names[topics.BatchLog])
		if err != nil {
			return err
		}
		c, b := &now.counters, &e.before.counters
		e.expect("batch log: read", int64(c.Read-b.Read), want.Events)
		e.expect("batch log: applied", int64(c.Applied-b.Applied), want.Events)
		e.expect("batch log: duplicates, late, rejected", int64(c.Duplicates+c.TooLate+c.Rejected), 0)
		r.Alerts, r.Fired = c.AlertsRaised-b.AlertsRaised, c.DeadlinesFired-b.DeadlinesFired
		e.rows = append(e.rows, float64(now.rows-e.before.rows)/float64(want.Events))
		e.before = now
	} else {
		e.expect("bytes", r.Bytes, want.Bytes)
		e.expect("purchases", r.Purchases, want.Purchases)
		e.expect("visits", r.Visits, want.Visits)
		e.expect("complaints", r.Complaints, want.Complaints)
		if e.process.order.Mode == fetchDecode { // what was applied is held against the records at the end
			e.expect("amounts", r.AmountMinor, want.AmountMinor)
		}
	}
	e.expect("events", r.Events, want.Events)
	if e.process.order.Mode != fetchDecode && f.alertsAreKnown() {
		e.expect("alerts raised", int64(r.Alerts), int64(want.alerts))
	}
	return nil
}

// alertsAreKnown says whether the oracle can tell the number of alerts: while
// no complaint is old enough to have waited too long for an answer.
func (f *field) alertsAreKnown() bool {
	return time.Duration(f.o.events*f.o.rounds)*f.o.step < 24*time.Hour
}

func (e *entrant) expect(what string, got, want int64) {
	if got != want {
		e.wrong = append(e.wrong, fmt.Sprintf("%s %d, want %d", what, got, want))
	}
}

// conclude ends the systems, holds what they keep against the oracle, and
// prints the table.
func (f *field) conclude() error {
	var sizes *result
	for _, e := range f.entrants {
		held, err := e.process.end(f.ctx)
		if err != nil {
			return err
		}
		switch e.process.order.Mode {
		case bareFetch, fetchDecode:
			continue
		case committing: // not what it says but what it has left
			if held, err = restored(f.ctx, f.loader.client, e.process.order.Names[topics.Checkpoint]); err != nil {
				return err
			}
		case noCommit:
			sizes = &held
		}
		life := f.loader.life
		e.expect("customers held", held.Customers, int64(f.o.customers))
		e.expect("orders held", held.Purchases, life.Purchases)
		e.expect("money held", held.AmountMinor, life.AmountMinor)
		e.expect("visits held", held.Visits, life.Visits)
		e.expect("complaints held", held.Complaints, life.Complaints)
	}
	f.printTable(os.Stdout)
	if sizes != nil {
		n := float64(sizes.Customers)
		fmt.Printf("\nrecords of the %d customers: core with index and id %.0f bytes each (most allowed: 256), side %.0f "+
			"as reserved\n",
			sizes.Customers, float64(sizes.CoreBytes)/n, float64(sizes.SideBytes)/n)
	}
	for _, e := range f.entrants {
		if len(e.wrong) > 0 {
			return fmt.Errorf("check %s: %v", e.title, e.wrong)
		}
	}
	return nil
}
