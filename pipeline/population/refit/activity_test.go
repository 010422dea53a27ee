package refit

import (
	"strings"
	"testing"

	"github.com/holdfast/holdfast/pipeline/population/parameters"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// visiting lets every customer be active on other days than those of its purchases.
func visiting(histories []shard.History, active []shard.History) []shard.History {
	for i := range histories {
		h, a := &histories[i], &active[i]
		h.FirstActive, h.LastActive = min(h.FirstDay, a.FirstDay), max(h.LastDay, a.LastDay)
		h.ActivityX = h.X + a.X + 1
		h.Seen = true
	}
	return histories
}

func TestActivityIsFittedBesidePurchases(t *testing.T) {
	const until = 600
	with := visiting(lives(1, 3000, until), lives(2, 3000, until))
	d := decide(t, baseOf(with, until), until, nil)
	if !d.Accepted || d.Record.Activity == nil || !strings.Contains(d.Reason, "activity days: fitted to 3000 customers") {
		t.Fatalf("decided %+v", d)
	}
	without := decide(t, baseOf(lives(1, 3000, until), until), until, nil)
	if without.Record.Activity != nil || without.Record.Purchase != d.Record.Purchase ||
		without.Record.Version == d.Record.Version {
		t.Errorf("without visits %+v, with %+v", without.Record, d.Record)
	}
	few := visiting(lives(1, 3000, until), lives(2, 3000, until))
	for i := range few {
		few[i].Seen = i < MinCustomers-1
	}
	if d := decide(t, baseOf(few, until), until, nil); d.Record.Activity != nil {
		t.Errorf("fitted to %d customers: %+v", MinCustomers-1, d.Record.Activity)
	}
	// Purchases are as before, visits are new: they come into force alone.
	champion := without.Record
	next := decide(t, baseOf(with, until), until, &champion)
	if !next.Accepted || next.Record.Activity == nil || next.Record.Purchase != champion.Purchase {
		t.Errorf("visits that are new: %+v", next)
	}
	again := decide(t, baseOf(with, until), until, &next.Record)
	if again.Accepted {
		t.Errorf("the same base again: %+v", again)
	}
	// Who can be fitted to no longer has none.
	gone := decide(t, baseOf(lives(1, 3000, until), until), until, &next.Record)
	if !gone.Accepted || gone.Record.Activity != nil {
		t.Errorf("without visits any more: %+v", gone)
	}
	text, err := next.Record.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := parameters.Parse(text); err != nil || *read.Activity != *next.Record.Activity {
		t.Errorf("read %+v, %v", read, err)
	}
}
