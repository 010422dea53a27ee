package shard

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
)

// crowd is events of one customer, told as in a transcript with %d for a number
// of their own, within the hours of one day.
func (p *player) crowd(day string, n int, format string) {
	p.t.Helper()
	for i := range n {
		e := p.event(strings.Fields(day + " anna " + strings.ReplaceAll(format, "%d", strconv.Itoa(i))))
		e.OccurredAt += event.Instant(i) * event.Second / 2
		p.batch.Events = append(p.batch.Events, e)
	}
}

// settled applies what was told and gives the customer's row.
func (p *player) settled(clock string) map[string]string {
	p.t.Helper()
	p.apply([]string{clock})
	p.shard.Commit()
	p.shard = reload(p.t, p.cfg, p.shard)
	if n := p.shard.WriteRows(p.shard.clock, 1, p.fx); n != 1 {
		p.t.Fatalf("%d rows, want 1", n)
	}
	row := lastRow(p.t, p.fx)
	p.fx.reset()
	return row
}

// most is the largest sum of money, and half of it is well below.
const most, large = 1_000_000_000_000_000_000, 900_000_000_000_000_000

// TestNothingSaturatesInSilence: whatever meets the limit of its number makes
// the row approximate, for good where the record itself was cut; the number
// before the limit does not.
func TestNothingSaturatesInSilence(t *testing.T) {
	type told struct {
		day    string
		n      int
		events string
	}
	complaint := "complaint complaint=k%d status=resolved category=price"
	for _, c := range []struct {
		name   string
		told   []told
		clock  string
		number string
		want   int64
		cut    bool
	}{
		{"visits of a day", []told{{"2026-01-05", 65_535, "session"}}, "2026-01-06", visits, 65_535, false},
		{"one visit more", []told{{"2026-01-05", 65_536, "session"}}, "2026-01-06", visits, 65_535, true},
		{"70,000 visits of a day", []told{{"2026-01-05", 70_000, "session"}}, "2026-01-06", visits, 65_535, true},
		{"visits of two days", []told{{"2026-01-05", 60_000, "session"}, {"2026-01-06", 60_000, "session"}}, "2026-01-07",
			visits, 120_000, false},
		{"orders of a day", []told{{"2026-01-05", 65_535, "order order=%d net=1"}}, "2026-01-06", orders, 65_535, false},
		{"one order more", []told{{"2026-01-05", 65_536, "order order=%d net=1"}}, "2026-01-06", orders, 65_535, true},
		// Sixteen complaints are remembered one by one, the others as a count.
		{"complaints of a day", []told{{"2026-01-05", 65_535 + 16, complaint}}, "2026-01-06", complaints, 65_551, false},
		{"one complaint more", []told{{"2026-01-05", 65_536 + 16, complaint}}, "2026-01-06", complaints, 65_551, true},
		{"money of a day", []told{{"2026-01-05", 2, fmt.Sprintf("order order=%%d net=%d", large)}}, "2026-01-06", net, most,
			true},
		{"money of a day that falls again", []told{{"2026-01-05", 2, fmt.Sprintf("order order=%%d net=%d", large)},
			{"2026-01-06", 1, fmt.Sprintf("refund ref=0 net=%d", large)}}, "2026-01-07", net, most - large, true},
		{"refunds of an order", []told{{"2026-01-05", 1, "order order=o net=1"},
			{"2026-01-06", 2, fmt.Sprintf("refund ref=o net=%d", large)}}, "2026-01-07", net, 1 - most, true},
		{"adjustments of an order", []told{{"2026-01-05", 1, "order order=o net=1"},
			{"2026-01-06", 2, fmt.Sprintf("adjustment ref=o net=%d", large)}}, "2026-01-07", net, 1 - most, true},
		{"refunds that wait", []told{{"2026-01-05", 2, fmt.Sprintf("refund ref=%%d net=%d", large)}}, "2026-01-06", waiting,
			most, true},
		{"refunds that are forgotten", []told{{"2026-01-05", 2, fmt.Sprintf("refund ref=never%%d net=%d", large)},
			{"2026-01-06", 16, "order order=%d net=1"}}, "2026-01-07", net, 16 - most, true},
		{"money of a life", []told{{"2026-01-05", 1, fmt.Sprintf("order order=1 net=%d", large)},
			{"2026-01-06", 1, fmt.Sprintf("order order=2 net=%d", large)}}, "2026-01-07", net, most, true},
		{"money of folded days", []told{{"2026-01-05", 1, fmt.Sprintf("order order=1 net=%d", large)},
			{"2026-01-06", 1, fmt.Sprintf("order order=2 net=%d", large)},
			{"2027-12-01", 1, "order order=3 net=1"},
			{"2027-12-02", 1, fmt.Sprintf("refund ref=3 net=%d", large)}}, "2027-12-03", net, most + 1 - large, true},
		{"large money", []told{{"2026-01-05", 1, fmt.Sprintf("order order=1 net=%d", 9_000_000_000_000_000)}}, "2026-01-06",
			net,
			9_000_000_000_000_000, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlayer(t, "UTC")
			for _, of := range c.told {
				p.crowd(of.day, of.n, of.events)
			}
			row := p.settled(c.clock)
			// The row is approximate for amounts beyond its columns, too.
			cut := p.shard.judge.statistics.Approximate
			if got := row[c.number]; got != fmt.Sprint(c.want) || cut != c.cut || (row["approximate"] == "1") != c.cut {
				t.Errorf("%s, approximate %v, row %s; want %d, %v", got, cut, row["approximate"], c.want, c.cut)
			}
		})
	}
}

// columns that the cases look at
const (
	visits     = "visits_7d"
	orders     = "orders_life"
	complaints = "complaints_30d"
	net        = "monetary_net_life"
	waiting    = "refunds_waiting_net"
)

// TestWhatIsCutIsCounted: each event that a number could not take in full.
func TestWhatIsCutIsCounted(t *testing.T) {
	p := newPlayer(t, "UTC")
	p.crowd("2026-01-05", 65_540, "session")
	p.crowd("2026-01-05", 3, fmt.Sprintf("order order=%%d net=%d", large))
	p.settled("2026-01-06")
	if n := p.shard.Position().Counters.Saturated; n != 5+2 {
		t.Errorf("%d events were cut, want 7", n)
	}
}
