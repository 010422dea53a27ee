package shard

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/state"
)

// referred applies events of customers, written as in a transcript, in a batch
// of their own, and gives the credits.
func referred(p *player, replay bool, events ...string) []Credit {
	p.t.Helper()
	b := &Batch{Number: p.shard.batch + 1, Clock: ClockUnset, Wall: instant(p.t, "2026-03-01"), Replay: replay}
	for _, text := range events {
		b.Events = append(b.Events, p.event(strings.Fields(text)))
	}
	p.fx.reset()
	if err := p.shard.Apply(b, p.fx); err != nil {
		p.t.Fatal(err)
	}
	p.shard.Commit()
	return slices.Clone(p.fx.Credits)
}

func recordOf(p *player, id string) *state.Customer {
	p.t.Helper()
	c := new(state.Customer)
	if !p.shard.slab.Peek(c, event.HashID([]byte(id)), []byte(id)) {
		p.t.Fatalf("%s is not there", id)
	}
	return c
}

// TestWhoIsDueCreditOfAReferral: the one whose event it is, or the one that it names, and not both.
func TestWhoIsDueCreditOfAReferral(t *testing.T) {
	p, at := newPlayer(t, "UTC"), instant(t, "2026-02-01T10:00")
	own := referred(p, false, "2026-02-01T10:00 anna referral id=a")
	if got := recordOf(p, "anna"); len(own) != 0 || got.Interest.ReferralAt != at {
		t.Errorf("%v is due, and anna referred at %d", own, got.Interest.ReferralAt)
	}
	named := referred(p, false, "2026-02-01T10:00 bert referral id=b referrer=cleo")
	if len(named) != 1 || string(named[0].Referrer) != "cleo" || named[0].At != at {
		t.Fatalf("%+v is due, want cleo", named)
	}
	if bert := recordOf(p, "bert"); bert.Interest.ReferralAt != 0 || len(bert.Days) != 1 || bert.Days[0].Visits != 1 {
		t.Errorf("bert referred at %d, with the days %v, want a visit alone", bert.Interest.ReferralAt, bert.Days)
	}
	again := referred(p, false, "2026-02-01T10:00 bert referral id=b referrer=cleo",
		"2026-02-01T11:00 dora referral id=b referrer=cleo")
	if len(again) != 1 || again[0].ID == named[0].ID {
		t.Errorf("%+v is due of a repetition and of another's event, want the latter's", again)
	}
	earlier := referred(p, false, "2026-01-31T10:00 bert referral id=b referrer=cleo")
	if len(earlier) != 1 || earlier[0].ID != named[0].ID || earlier[0].At != at-event.Day24h {
		t.Errorf("%+v is due of the event at an earlier time", earlier)
	}
	if replayed := referred(p, true, "2026-02-03T10:00 bert referral id=c referrer=cleo"); len(replayed) != 0 {
		t.Errorf("a replay makes %+v", replayed)
	}
	if self := referred(p, false, "2026-02-01T12:00 emil referral id=e referrer=emil"); len(self) != 0 ||
		recordOf(p, "emil").Interest.ReferralAt != 0 || p.shard.counters.SelfReferral != 1 {
		t.Errorf("%+v is due to who refers to himself, %d are counted", self, p.shard.counters.SelfReferral)
	}
}

// creditOf is what a credit becomes in the shard of the referrer.
func creditOf(c Credit) event.Event {
	return event.Event{Type: event.Internal, Kind: event.Referral, CustomerID: c.Referrer,
		CustomerHash: event.HashID(c.Referrer), EventHash: event.HashID([]byte(c.ID)), OccurredAt: c.At}
}

// TestCreditMakesAnAdvocate: once, however often it comes; it is no visit of the referrer's.
func TestCreditMakesAnAdvocate(t *testing.T) {
	p := newPlayer(t, "UTC")
	credits := referred(p, false, "2026-01-10T10:00 cleo order order=1 net=100",
		"2026-01-20T10:00 cleo order order=2 net=100",
		"2026-02-01T10:00 bert referral referrer=cleo")
	for range 2 {
		b := &Batch{Number: p.shard.batch + 1, Clock: ClockUnset, Wall: instant(t, "2026-03-01"),
			Events: []event.Event{creditOf(credits[0])}}
		if err := p.shard.Apply(b, newEffects()); err != nil {
			t.Fatal(err)
		}
		p.shard.Commit()
	}
	cleo := recordOf(p, "cleo")
	days := []int32{cleo.Days[0].Day, cleo.Days[1].Day}
	if diff := cmp.Diff([]int32{20463, 20473}, days); diff != "" || len(cleo.Days) != 2 || len(cleo.Weeks) != 0 {
		t.Errorf("cleo has the days %v and weeks %v: %s", cleo.Days, cleo.Weeks, diff)
	}
	p.fx.reset()
	p.shard.WriteRows(0, 1, p.fx)
	if row := lastRow(t, p.fx); row["customer_id"] != "cleo" || row["ladder_stage"] != "advocate" {
		t.Errorf("the first row is of %s, %s", row["customer_id"], row["ladder_stage"])
	}
	if c := p.shard.counters; c.Applied != 4 || c.Duplicates != 1 {
		t.Errorf("%d events are applied and %d were known, want 4 and 1", c.Applied, c.Duplicates)
	}
}
