package shard

import (
	"fmt"
	"testing"

	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestRowsSayWhomToLeaveAlone: the arm in a row is the one that alerts go by, and
// consent is that of the latest event that says, whatever comes first.
func TestRowsSayWhomToLeaveAlone(t *testing.T) {
	cfg := testConfig(t, "UTC")
	rules := *cfg.Policy
	rules.HoldoutPercent, cfg.Policy = 50, &rules
	s, fx := New(cfg), newEffects()
	start := event.Instant(20_000) * event.Day24h
	end := start + 4*event.Day24h
	const customers, rounds = 40, 3
	for round := range rounds {
		b := Batch{Number: uint64(round + 1), Clock: ClockUnset, Wall: end}
		for n := range customers {
			day, isLatest := round, round == rounds-1
			if n%2 == 1 { // the latest comes first
				day, isLatest = rounds-round, round == 0
			}
			id, name := fmt.Appendf(nil, "c-%d", n), fmt.Appendf(nil, "e-%d-%d", n, round)
			e := event.Event{Type: event.Purchase, Kind: event.Order, CustomerID: id, CustomerHash: event.HashID(id),
				EventID: name, EventHash: event.HashID(name), OccurredAt: start + event.Instant(day)*event.Day24h,
				Currency: euro, AmountNet: 100, OrderHash: orderHash(n, round), Has: event.HasConsent}
			if isLatest == (n%2 == 0) { // in the end the even ones agree
				e.Has |= event.HasConsentMarketing
			}
			b.Events = append(b.Events, e)
		}
		if round == rounds-1 {
			b.Clock = end
		}
		if err := s.Apply(&b, fx); err != nil {
			t.Fatal(err)
		}
		s.Commit()
	}
	fx.Customers.Reset(testMeta)
	if s.WriteRows(end, 1000, fx); fx.Customers.Rows() == 0 {
		t.Fatal("no rows")
	}
	b, err := signal.Decode(fx.Customers.Encode(nil))
	if err != nil {
		t.Fatal(err)
	}
	arms := map[string]int{}
	for i := range b.Rows {
		row := rowtest.ByName(b, i)
		arms[row["holdout_arm"]]++
		id := row["customer_id"]
		if want := signal.ArmOf(rules.InHoldout([]byte(id))); row["holdout_arm"] != want {
			t.Errorf("%s is in %q, want %q", id, row["holdout_arm"], want)
		}
		var n int
		fmt.Sscanf(id, "c-%d", &n)
		if want := fmt.Sprint(n % 2); row["opted_out"] != want {
			t.Errorf("opted_out of %s is %s, want %s", id, row["opted_out"], want)
		}
	}
	if arms["treat"] < 8 || arms["holdout"] < 8 || len(arms) != 2 {
		t.Errorf("%v: the test says little", arms)
	}
}
