package lane_test

import (
	"testing"
	"time"

	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/state"
)

// credits says that a customer has referred another one.
func (d *driven) credits(customer, id string, at time.Time) {
	d.say(control.Record{Kind: control.ReferralCredit, Customer: customer, Event: id, OccurredAt: at.UnixMicro()})
	d.logs[controls][len(d.logs[controls])-1].credit = true
}

// step asks, reads so many records of the purchases and all else, and works.
func (d *driven) step(purchased int) {
	d.ask()
	for i := range inputCount {
		n := 1 << 20
		if i == purchases {
			n = purchased
		}
		d.read(i, n, 0)
	}
	d.work(1000)
}

func (d *driven) creditsApplied() int64 {
	at, _ := d.lane.Position(controls)
	return at
}

// TestCreditsWaitForInputsThatAreBehind: as an event does, but never before a command, and no
// longer than an input that brings nothing holds the others.
func TestCreditsWaitForInputsThatAreBehind(t *testing.T) {
	d := newDriven(t, drivenConfig(t))
	for n := range 3 {
		d.arrive(purchases, d.now.Add(time.Duration(n-3)*time.Hour), 1, "event")
	}
	d.credits("c-2", "r-1", d.now.Add(-2*time.Hour))
	d.credits("c-2", "r-2", d.now.Add(-90*time.Minute))
	d.step(0)
	d.step(0)
	if got := d.creditsApplied(); got != 0 {
		t.Errorf("%d credits are applied before any purchase", got)
	}
	d.step(2) // up to two hours ago
	d.step(0)
	if got := d.creditsApplied(); got != 1 {
		t.Errorf("%d credits are applied with the purchases of their time, want 1", got)
	}
	d.say(control.Record{Kind: control.RowsResend})
	d.step(0)
	if got := d.creditsApplied(); got != 3 {
		t.Errorf("%d control records are applied with a command behind them, want 3", got)
	}
	d.credits("c-2", "r-3", d.now.Add(-30*time.Minute))
	d.step(0)
	if got := d.creditsApplied(); got != 3 {
		t.Errorf("%d control records are applied, want 3", got)
	}
	d.now = d.now.Add(11 * time.Second)
	d.step(0)
	d.step(0)
	if got := d.creditsApplied(); got != 4 {
		t.Errorf("%d control records are applied after a long wait, want 4", got)
	}
}

// TestCreditsAreReplayed: a restore without any page finds them in the internal topic.
func TestCreditsAreReplayed(t *testing.T) {
	d := newDriven(t, drivenConfig(t))
	d.credits("c-2", "r-1", d.now.Add(-2*time.Hour))
	d.credits("c-2", "r-2", d.now.Add(100*365*24*time.Hour)) // no later than events may be
	d.step(0)
	d.step(0)
	d.commit(false, true)
	d.restart(func(int) int { return -1 })
	c, id := new(state.Customer), []byte("c-2")
	if !d.lane.Shard().Slab().Peek(c, event.HashID(id), id) {
		t.Fatal("the customer is not there")
	}
	if want := wallOf(d.now) + event.Hour; c.Interest.ReferralAt != want {
		t.Errorf("the latest referral is at %d, want %d", c.Interest.ReferralAt, want)
	}
}

// TestClockRepairPassesCredits: while the clock is ahead of the wall time no credit is applied, but
// those in front of its repair are, with it.
func TestClockRepairPassesCredits(t *testing.T) {
	d := newDriven(t, drivenConfig(t))
	d.arrive(visits, d.now, 1, "event")
	d.step(0)
	d.commit(false, true)
	d.now = d.now.Add(48 * time.Hour)
	d.step(0)
	d.arrive(visits, d.now, 1, "event")
	d.step(0)
	d.commit(false, true)
	d.now = d.now.Add(-47 * time.Hour)
	d.credits("c-2", "r-1", d.now.Add(-time.Minute))
	d.step(0)
	d.step(0)
	if got := d.creditsApplied(); got != 0 {
		t.Errorf("%d control records are applied while the clock is ahead", got)
	}
	d.say(control.Record{Kind: control.ClockRepair})
	d.step(0)
	if got := d.creditsApplied(); got != 2 {
		t.Errorf("%d control records are applied with the repair, want 2", got)
	}
}
