package shard

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/state"
)

// TestEventsSentAgainEarlierCountOnce: a known event comes again with an earlier
// time. What it did is moved there, and done once.
func TestEventsSentAgainEarlierCountOnce(t *testing.T) {
	for _, test := range []struct {
		name   string
		events []string // in the order of arrival
		column string
		want   string
	}{
		{"a refund", []string{
			"2026-03-01T10:00 anna order id=a order=o net=1000",
			"2026-03-05T10:00 anna refund id=r ref=o net=300",
			"2026-03-04T10:00 anna refund id=r ref=o net=300",
		}, "monetary_net_life", "700"},
		{"an adjustment", []string{
			"2026-03-01T10:00 anna order id=a order=o net=1000",
			"2026-03-05T10:00 anna adjustment id=r ref=o net=300",
			"2026-03-04T10:00 anna adjustment id=r ref=o net=300",
			"2026-03-03T10:00 anna adjustment id=r ref=o net=300",
		}, "monetary_net_life", "700"},
		{"a refund that waits for its order", []string{
			"2026-03-05T10:00 anna refund id=r ref=o net=300",
			"2026-03-04T10:00 anna refund id=r ref=o net=300",
		}, "refunds_waiting_net", "300"},
		{"an order moves to its earlier day", []string{
			"2026-03-05T10:00 anna order id=a order=o net=1000",
			"2026-03-02T10:00 anna order id=a order=o net=1000",
		}, "last_purchase_day", "2026-03-02"},
		{"and counts there alone", []string{
			"2026-03-05T10:00 anna order id=a order=o net=1000",
			"2026-03-02T10:00 anna order id=a order=o net=1000",
		}, "purchase_days_life", "1"},
		{"an exchange says nothing", []string{
			"2026-03-05T10:00 anna exchange id=a ref=o",
			"2026-03-02T10:00 anna exchange id=a ref=o",
		}, "approximate", "0"},
		{"a visit moves", []string{
			"2026-03-08T10:00 anna session id=v",
			"2026-02-20T10:00 anna session id=v",
		}, "visits_7d", "0"},
		{"and is one still", []string{
			"2026-03-08T10:00 anna session id=v",
			"2026-02-20T10:00 anna session id=v",
		}, "visits_30d", "1"},
		{"a contact is no visit", []string{
			"2026-03-08T10:00 anna contact_out id=v",
			"2026-02-20T10:00 anna contact_out id=v",
		}, "visits_30d", "0"},
		{"a later time changes nothing", []string{
			"2026-02-20T10:00 anna session id=v",
			"2026-03-08T10:00 anna session id=v",
		}, "visits_7d", "0"},
		{"the latest rating falls behind another", []string{
			"2026-03-03T10:00 anna rating id=x rating=2",
			"2026-03-05T10:00 anna rating id=y rating=4",
			"2026-03-01T10:00 anna rating id=y rating=4",
		}, "rating_last", "2"},
		{"the latest rating stays the latest", []string{
			"2026-03-03T10:00 anna rating id=x rating=2",
			"2026-03-05T10:00 anna rating id=y rating=4",
			"2026-03-04T10:00 anna rating id=y rating=4",
		}, "rating_last", "4"},
		{"a complaint is made earlier", []string{
			"2026-03-08T10:00 anna complaint id=k complaint=k status=opened",
			"2026-03-01T10:00 anna complaint id=k complaint=k status=opened",
		}, "oldest_open_complaint_days", "9"},
		{"the latest step goes before another", []string{
			"2026-03-01T10:00 anna complaint id=k complaint=k status=opened",
			"2026-03-08T10:00 anna complaint id=l complaint=k status=resolved",
			"2026-03-03T10:00 anna complaint id=l complaint=k status=resolved",
			"2026-03-05T10:00 anna complaint id=m complaint=k status=reopened",
		}, "complaints_open", "1"},
		{"what was passed over in between is not known", []string{
			"2026-03-01T10:00 anna complaint id=k complaint=k status=opened",
			"2026-03-08T10:00 anna complaint id=l complaint=k status=resolved",
			"2026-03-05T10:00 anna complaint id=m complaint=k status=reopened",
			"2026-03-03T10:00 anna complaint id=l complaint=k status=resolved",
		}, "approximate", "1"},
		{"a closure before the latest purchase is undone by it", []string{
			"2026-03-03T10:00 anna order id=a order=o net=1000",
			"2026-03-05T10:00 anna closure id=c",
			"2026-03-01T10:00 anna closure id=c",
		}, "lifecycle_state", "reactivated"},
		{"a segment that was named in between", []string{
			"2026-03-05T10:00 anna session id=v segment=retail",
			"2026-03-01T10:00 anna session id=v segment=retail",
			"2026-03-03T10:00 anna session id=w segment=all",
		}, "segment", "all"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPlayer(t, "UTC")
			for _, line := range test.events {
				p.command("event " + line)
				p.batch.Wall = instant(t, "2026-03-10")
				p.command("batch 2026-03-01 2026-03-10")
				p.command("commit")
			}
			if got := p.settled("2026-03-10")[test.column]; got != test.want {
				t.Errorf("%s is %s, want %s", test.column, got, test.want)
			}
		})
	}
}

// TestARatingSentAgainTakesOnePlace: the place of the rating before it is that
// one's.
func TestARatingSentAgainTakesOnePlace(t *testing.T) {
	for _, test := range []struct {
		name           string
		events         []string
		last, previous uint8
		approximate    bool
	}{
		{"alone", []string{"2026-03-05 a rating id=y rating=4", "2026-03-04 a rating id=y rating=4"}, 4, 0, false},
		{"behind a five", []string{
			"2026-03-01 a rating id=x rating=5", "2026-03-05 a rating id=y rating=3", "2026-03-04 a rating id=y rating=3",
		}, 3, 5, false},
		{"the one before, before a forgotten one perhaps", []string{
			"2026-03-03 a rating id=x rating=5", "2026-03-05 a rating id=y rating=3", "2026-03-01 a rating id=x rating=5",
		}, 3, 5, true},
		{"one that is forgotten", []string{
			"2026-03-03 a rating id=x rating=1", "2026-03-05 a rating id=y rating=3", "2026-03-04 a rating id=z rating=2",
			"2026-03-01 a rating id=x rating=1",
		}, 3, 2, false},
	} {
		p := newPlayer(t, "UTC")
		for _, line := range test.events {
			p.command("event " + line)
			p.command("batch 2026-03-01 2026-03-10")
		}
		var c state.Customer
		p.shard.slab.Peek(&c, event.HashID([]byte("a")), []byte("a"))
		r, approximate := &c.Ratings, c.Flags&state.Approximate != 0
		if r.Last.Value != test.last || r.Previous.Value != test.previous || approximate != test.approximate {
			t.Errorf("%s: %d after %d, approximate %v; want %d after %d, %v", test.name, r.Last.Value, r.Previous.Value,
				approximate, test.last, test.previous, test.approximate)
		}
	}
}

// TestForgottenOrdersSentAgainCountOnce: sixteen orders are remembered, and twice as
// many events. One of an order between the two stays on its day.
func TestForgottenOrdersSentAgainCountOnce(t *testing.T) {
	r := newRefundShop(t)
	r.send(20, "order id=e%d order=%d net=10")
	r.wants(t, money{200, 0, 20, false})
	again := r.event(strings.Fields("2026-01-01 anna order id=e1 order=1 net=10"))
	again.OccurredAt = 19_990 * event.Day24h
	now := r.shard.Position()
	b := &Batch{Number: now.Batch + 1, Clock: now.Clock, Wall: now.Clock, Events: []event.Event{again}}
	if err := r.shard.Apply(b, r.fx); err != nil {
		t.Fatal(err)
	}
	r.wants(t, money{200, 0, 20, true})
}

// TestForgottenComplaintsSentAgainCountOnce likewise.
func TestForgottenComplaintsSentAgainCountOnce(t *testing.T) {
	p := newPlayer(t, "UTC")
	for n := range 20 {
		p.command(fmt.Sprintf("event 2026-03-01T%02d:00 anna complaint id=e%d complaint=k%d status=resolved", n, n, n))
	}
	p.command("batch 2026-03-01 2026-03-10")
	p.command("event 2026-02-28T10:00 anna complaint id=e0 complaint=k0 status=resolved")
	p.command("batch 2026-03-01 2026-03-10")
	if row := p.settled("2026-03-10"); row["complaints_30d"] != "20" || row["approximate"] != "1" {
		t.Errorf("%s complaints, approximate %s; want 20, 1", row["complaints_30d"], row["approximate"])
	}
}

// TestWhatIsSentAgainEarlierEqualsTheOracle: of the events of one id the earliest
// counts, whatever comes first; a record that cannot know says so.
func TestWhatIsSentAgainEarlierEqualsTheOracle(t *testing.T) {
	cfg := testConfig(t, "UTC")
	end := 20_000*event.Day24h - 1
	exact := 0
	rapid.Check(t, func(t *rapid.T) {
		all := lifetime(t, 0, end, false)
		arriving := slices.Clone(all)
		for n := range rapid.IntRange(1, 4).Draw(t, "again") {
			again := rapid.SampledFrom(arriving).Draw(t, "event")
			again.OccurredAt -= event.Instant(rapid.IntRange(1, 60*24*60).Draw(t, "earlier"))*event.Minute +
				event.Instant(n+1)*event.Second
			again.OccurredAt = max(again.OccurredAt, end-390*event.Day24h+event.Instant(n))
			again.SLADueAt = 0
			arriving = append(arriving, again)
		}
		oracle := workload.NewOracle("EUR")
		for i := range arriving {
			oracle.Add(&arriving[i])
		}
		s := deliver(t, cfg, rapid.Permutation(arriving).Draw(t, "arrival"), end)
		var c state.Customer
		s.slab.Peek(&c, event.HashID(customerID(0)), customerID(0))
		var st score.Statistics
		s.statistics(&c, end, &st)
		truth, _ := oracle.Customer(string(customerID(0)), end)
		got, want := ofStatistics(&st, false), ofOracle(truth)
		if !st.Approximate {
			exact++
		} else { // what may be told of in the wrong place; sums never are
			got.Open, got.OldestOpen, got.Rating = want.Open, want.OldestOpen, want.Rating
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("approximate %v (-oracle +shard):\n%s", st.Approximate, diff)
		}
	})
	if exact < 5 {
		t.Errorf("%d lives are exact: the test says little", exact)
	}
}
