package shard

import (
	"strconv"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestExplainingChangesNothing: customers are asked about between batches, before they
// are committed and after, and everything comes as if nobody had asked.
func TestExplainingChangesNothing(t *testing.T) {
	input := stream(streamOptions{seed: 8, customers: 40, events: 3000, start: 1_700_000_000 * event.Second,
		span: 500 * event.Day24h, lateness: event.Hour})
	quiet, asked := newRun(t, testConfig(t, "Europe/Berlin"), input), newRun(t, testConfig(t, "Europe/Berlin"), input)
	known := 0
	for end := 50; end <= len(input); end += 50 {
		quiet.apply(end)
		asked.apply(end)
		for n := range 60 {
			if _, ok := asked.shard.Explain(customerID(n)); ok {
				known++
			}
		}
		if end%150 == 0 {
			quiet.shard.Commit()
			asked.shard.Commit()
		}
	}
	if known < 1000 {
		t.Fatalf("%d times one was known", known)
	}
	quiet.shard.WriteRows(quiet.shard.clock, 1000, quiet.fx)
	asked.shard.WriteRows(asked.shard.clock, 1000, asked.fx)
	sameState(t, quiet.shard, asked.shard)
	sameLines(t, lines(quiet.fx.Alerts), lines(asked.fx.Alerts))
}

// TestAnExplanationIsTheRow: what is told of a customer is what its row of that moment
// has, and its open alerts are those that messages have told of.
func TestAnExplanationIsTheRow(t *testing.T) {
	input := stream(streamOptions{seed: 9, customers: 30, events: 2500, start: 1_700_000_000 * event.Second,
		span: 700 * event.Day24h, lateness: event.Hour})
	r := newRun(t, testConfig(t, "Europe/Berlin"), input)
	r.apply(len(input))
	open := map[string]uint32{} // the latest message of each open alert
	for i := range r.fx.Alerts {
		a := &r.fx.Alerts[i]
		if open[a.AlertID] = a.Seq; a.Action == signal.Resolved || a.Action == signal.Expired || a.Kind.Family != "churn" {
			delete(open, a.AlertID)
		}
	}
	told, rows := 0, 0
	for n := range 30 {
		e, ok := r.shard.Explain(customerID(n))
		if !ok {
			continue
		}
		for _, a := range e.Alerts {
			if a.Open && open[a.AlertID] != a.Seq {
				t.Errorf("%s of %s, message %d, the topic's latest is %d", a.Kind.Name, customerID(n), a.Seq, open[a.AlertID])
			}
			if a.Open {
				told++
			} else if a.CooldownUntil <= signal.Instant(e.Now) || a.ReasonCount != 0 {
				t.Errorf("%s of %s has ended and does not cool down: %+v", a.Kind.Name, customerID(n), a)
			}
		}
	}
	if told != len(open) || told == 0 {
		t.Errorf("%d open alerts are told, %d are open", told, len(open))
	}
	for r.shard.WriteRows(r.shard.clock, 1, r.fx) > 0 {
		row := lastRow(t, r.fx)
		e, ok := r.shard.Explain([]byte(row["customer_id"]))
		if !ok {
			t.Fatalf("%s is unknown", row["customer_id"])
		}
		if e.Statistics.HasPurchase {
			rows++
			near := func(name string, got float64) {
				if want, _ := strconv.ParseFloat(row[name], 64); got-want > 1e-5 || want-got > 1e-5 {
					t.Errorf("%s of %s: %v, the row has %v", name, row["customer_id"], got, want)
				}
			}
			near("churn_risk", e.Scores.ChurnRisk)
			near("p_alive", e.Scores.PAlive)
		}
		if e.Level.String() != row["level"] || e.Lifecycle.String() != row["lifecycle_state"] {
			t.Errorf("%s: %v %v, the row has %s %s", row["customer_id"], e.Level, e.Lifecycle, row["level"],
				row["lifecycle_state"])
		}
	}
	if rows < 10 {
		t.Errorf("%d rows say little", rows)
	}
}

// TestExplainingWhoIsAtRisk: the next crossing, the pause and the contributions are
// those of the present, not of the last judgement.
func TestExplainingWhoIsAtRisk(t *testing.T) {
	p := newPlayer(t, "UTC")
	for _, line := range []string{"event 2026-01-05T10:00 c-1 order order=o1 net=1000",
		"event 2026-01-12T10:00 c-1 order order=o2 net=1000", "event 2026-01-19T10:00 c-1 order order=o3 net=1000",
		"batch 2026-02-10"} {
		p.command(line)
	}
	e, ok := p.shard.Explain([]byte("c-1"))
	if !ok || e.Statistics.RecencyDays() != 22 || len(e.Contributions) != 2 || e.Outlook.Pause != policy.PauseLevel {
		t.Fatalf("%v %+v", ok, e)
	}
	at := e.Outlook.At[signal.LevelAtRisk]
	if at != e.Outlook.Until || at <= e.Now {
		t.Fatalf("at risk at %d, now is %d", at, e.Now)
	}
	p.batch.Number, p.batch.Clock = p.shard.Position().Batch+1, at
	p.batch.Wall = at
	if err := p.shard.Apply(&p.batch, p.fx); err != nil {
		t.Fatal(err)
	}
	if e, _ = p.shard.Explain([]byte("c-1")); e.Level != signal.LevelAtRisk || e.Outlook.Pause != policy.PauseDwell {
		t.Errorf("on the day that was foretold: %v, %+v", e.Level, e.Outlook)
	}
	if _, ok := p.shard.Explain([]byte("c-2")); ok {
		t.Error("a stranger is explained")
	}
}

// TestWhatIsForetoldComes: if nothing more is heard, the alert comes at the moment that
// was named, and nobody is at risk or lost before it was said or after.
func TestWhatIsForetoldComes(t *testing.T) {
	input := stream(streamOptions{seed: 21, customers: 120, events: 2500, start: 1_700_000_000 * event.Second,
		span: 400 * event.Day24h, lateness: event.Hour})
	r := newRun(t, testConfig(t, "Europe/Berlin"), input)
	r.wall = input[len(input)-1].OccurredAt + 400*event.Day24h // not of the past
	r.cfg.Policy.MaxEventAge = 3660 * event.Day24h
	r.apply(len(input))
	foretold := map[string]*Explanation{}
	for n := range 120 {
		// A complaint that is open may make levels of its own meanwhile.
		if e, ok := r.shard.Explain(customerID(n)); ok && e.Statistics.ComplaintsOpen == 0 {
			foretold[string(customerID(n))] = e
		}
	}
	r.fx.reset()
	end := r.shard.clock + 300*event.Day24h
	if err := r.shard.Apply(&Batch{Number: r.shard.batch + 1, Clock: end, Wall: r.wall}, r.fx); err != nil {
		t.Fatal(err)
	}
	came := map[string]event.Instant{}
	for i := range r.fx.Alerts {
		a := &r.fx.Alerts[i]
		silence := a.Kind.Name == policy.ChurnRisk.String() || a.Kind.Name == policy.SilentChurn.String()
		if id := string(a.CustomerID); silence && a.Action == signal.Raised && came[id] == 0 {
			came[id] = event.Instant(a.RaisedAt)
		}
	}
	checked := 0
	for id, e := range foretold {
		want := e.Outlook.AlertAt
		if want > end {
			want = 0
		}
		if got := came[id]; got != want {
			t.Errorf("%s: an alert at %d was foretold for %d (pause %d until %d)", id, got, want, e.Outlook.Pause,
				e.Outlook.Until)
		} else if got != 0 {
			checked++
		}
		now, _ := r.shard.Explain([]byte(id))
		if lost := e.Outlook.At[signal.LevelLost] <= end; lost != (now.Level == signal.LevelLost) {
			t.Errorf("%s: lost from %d on was foretold, it is %v at %d", id, e.Outlook.At[signal.LevelLost], now.Level, end)
		}
	}
	if checked < 10 {
		t.Errorf("%d alerts that came say little", checked)
	}
}
