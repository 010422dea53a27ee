package shard

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// delivered are the alerts that are not suppressed, in order.
func delivered(alerts []signal.Alert) (all []signal.Alert) {
	for i := range alerts {
		if alerts[i].Suppressed == signal.NotSuppressed {
			all = append(all, alerts[i])
		}
	}
	return all
}

// told are the ids of the alerts that were told as standing, in order.
func told(alerts []signal.Alert) (ids []string) {
	for i := range alerts {
		if alerts[i].Standing && alerts[i].Action == signal.Raised {
			ids = append(ids, alerts[i].AlertID)
		}
	}
	return ids
}

// newBacklog is a run over three years of which everything lies long ago, until a
// present that the stream's end is.
func newBacklog(t *testing.T, seed uint64, tells int) *run {
	r := newRun(t, testConfig(t, "Europe/Berlin"), testStream(seed, 900, 6000, 3*365*event.Day24h))
	r.wall, r.tells = r.input[len(r.input)-1].clock+event.Hour, tells
	return r
}

// tellAll applies batches without events until nobody waits, with all that may go
// wrong on the way where random is given.
func (r *run) tellAll(random *rand.Rand) {
	for quiet := 0; quiet < 3; {
		if len(r.log) > 20_000 {
			r.t.Fatal("there is no end to who is told")
		}
		before := len(r.log)
		r.apply(len(r.input))
		if named, told := len(r.log[before].tell), r.shard.Told(); named != told {
			r.t.Errorf("%d were named and %d told: the others took a place", named, told)
		}
		written := r.checkpoint(1)
		if random != nil && random.IntN(4) == 0 {
			r.undo(before)
			continue
		}
		if quiet++; len(r.log[before].tell) > 0 {
			quiet = 0
		}
		r.commit(written)
		if last := &r.log[len(r.log)-1]; random != nil && random.IntN(4) == 0 {
			r.crash(r.pages, last.oldestNeeded)
		}
	}
}

// TestStandingAlertsAreToldOnce: after a backfill of three years, of which nothing
// is delivered, everyone who is at risk in the present, or whose complaint is past its
// time, is told of once, complaints and the highest value at risk first, not more in a
// batch than it may, with the instant at which it began; aborted commits and crashes
// change nothing of it, nor the state.
func TestStandingAlertsAreToldOnce(t *testing.T) {
	for seed := range seeds(3) {
		want := newBacklog(t, 400+seed, 3)
		for want.at() < len(want.input) {
			want.apply(want.within(want.at() + 50))
			want.commit(nil)
		}
		past := len(want.alerts)
		for _, a := range delivered(want.alerts) {
			if event.Instant(a.RaisedAt) < want.wall-want.cfg.Policy.MaxEventAge {
				t.Fatalf("of the past: %s", a.AppendJSON(nil))
			}
		}
		standing := map[string]bool{}
		want.shard.slab.Each(func(slot state.Slot) {
			for _, id := range waitingAlerts(want.shard, slot, want.wall) {
				standing[id] = true
			}
		})
		want.tellAll(nil)
		checkWave(t, standing, want.alerts[past:], want.cfg.Policy.MaxEventAge)
		for i := range want.log {
			if n := len(want.log[i].tell); n > 3 {
				t.Errorf("a batch tells of %d, want 3 at most", n)
			}
		}

		random := rand.New(rand.NewPCG(seed, 5))
		got := newBacklog(t, 400+seed, 3)
		stumble(got, random)
		got.tellAll(random)
		got.checkRows()
		if diff := cmp.Diff(told(want.alerts), told(got.alerts)); diff != "" {
			t.Errorf("seed %d: told through aborts and crashes (-want +got):\n%s", seed, diff)
		}
		sameState(t, want.shard, got.shard)
	}
}

// waitingAlerts are the ids of a customer's open alerts that were not delivered,
// where the customer may be told of: on silence, and about complaints.
func waitingAlerts(s *Shard, slot state.Slot, now event.Instant) (ids []string) {
	var c state.Customer
	s.slab.PeekSlot(&c, slot)
	s.judge.standing.load(&c)
	level := s.judge.standing.state.Level
	atRisk := (level == signal.LevelAtRisk || level == signal.LevelCritical) &&
		c.Profile.OptedOut == 0 && bought(&c) > 1
	open := false
	for i := range c.Complaints {
		open = open || isOpen(&c.Complaints[i])
	}
	for _, e := range s.judge.standing.episodes {
		stands := atRisk
		switch e.Kind {
		case policy.ComplaintSLABreached:
			k, which := complaintOfSubject(&c, e.Subject)
			due := s.cfg.Complaints.resolutionTime(k).due
			if which == signal.FirstResponse {
				due = s.cfg.Complaints.responseTime(k).due
			}
			stands = now < due+s.cfg.Policy.Expiry
		case policy.ComplaintRepeat:
			stands = open
		case policy.ChurnRisk, policy.SilentChurn:
		default:
			stands = false
		}
		if stands && e.Open && e.Past && c.Flags&state.DoNotRetain == 0 {
			ids = append(ids, signal.AlertID(c.ID, e.Kind.String(), e.Number))
		}
	}
	return ids
}

// bought is on how many days.
func bought(c *state.Customer) (days int) {
	for i := range c.Days {
		if c.Days[i].Orders > 0 {
			days++
		}
	}
	return days + int(c.Life.Days)
}

// checkWave holds what is said in the present to those of whom it must tell.
func checkWave(t *testing.T, standing map[string]bool, said []signal.Alert, age event.Instant) {
	t.Helper()
	if len(standing) < 20 {
		t.Errorf("only %d stand: the test says little", len(standing))
	}
	for i := range said {
		a := &said[i]
		if !a.Standing || a.Action != signal.Raised || !standing[a.AlertID] || a.Seq < 2 ||
			a.RaisedAt >= a.AsOf-signal.Instant(age) {
			t.Errorf("not one of those who stand, or twice: %s", a.AppendJSON(nil))
		}
		if a.Holdout != (a.Suppressed == signal.SuppressedHoldout) || !a.Holdout && a.Suppressed != signal.NotSuppressed {
			t.Errorf("suppressed as %q: %s", a.Suppressed, a.AppendJSON(nil))
		}
		delete(standing, a.AlertID)
	}
	checkTurns(t, said)
	if len(standing) > 0 {
		t.Errorf("%d of those who stand are not told", len(standing))
	}
}

// checkTurns: those with a severe complaint come first, then those with another, then
// those who are silent; of each the highest value at risk first.
func checkTurns(t *testing.T, said []signal.Alert) {
	t.Helper()
	turn, before, seen := 0, signal.Some(1e18), map[int]int{}
	for i := 0; i < len(said); {
		first, complains, severe := &said[i], false, false
		for ; i < len(said) && string(said[i].CustomerID) == string(first.CustomerID); i++ {
			complains = complains || !onSilence(&said[i])
			severe = severe || said[i].Complaint.Severity >= 4
		}
		of := 2
		if complains {
			of = max(turn, 1)
			if turn == 0 && (severe || first.AtStake.Value <= before.Value) {
				of = 0
			}
		}
		if severe && of > 0 || of < turn || of == turn && first.AtStake.Value > before.Value {
			t.Errorf("turn %d, %g at stake, after turn %d, %g: %s", of, first.AtStake.Value, turn, before.Value,
				first.AppendJSON(nil))
		}
		turn, before = of, first.AtStake
		seen[of]++
	}
	if len(seen) < 3 {
		t.Errorf("of the turns there were %v: the test says little", seen)
	}
}

// TestOnlyWhatWasToldHasAnEnd: of what began in the past only the alerts that were
// told in the present have messages later on.
func TestOnlyWhatWasToldHasAnEnd(t *testing.T) {
	r := newBacklog(t, 410, 50)
	for r.at() < len(r.input) {
		r.apply(r.within(r.at() + 500))
		r.commit(nil)
	}
	r.tellAll(nil)
	began := map[string]bool{}
	for _, a := range delivered(r.alerts) {
		began[a.AlertID] = began[a.AlertID] || a.Action == signal.Raised
	}
	s, fx, ended := r.shard, newEffects(), 0
	for days := event.Instant(1); days < 400; days++ {
		clock := r.wall + days*event.Day24h
		s.step(t, fx, Batch{Clock: clock, Wall: clock + event.Hour, Tell: s.Untold(clock, 50, nil)})
	}
	for i := range fx.Alerts {
		a := &fx.Alerts[i]
		heard := a.Suppressed == signal.NotSuppressed
		if a.Action == signal.Raised {
			if began[a.AlertID] && heard {
				t.Errorf("told again: %s", a.AppendJSON(nil))
			}
			began[a.AlertID] = heard
			continue
		}
		if heard != began[a.AlertID] {
			t.Errorf("delivered %v, its beginning %v: %s", heard, began[a.AlertID], a.AppendJSON(nil))
		}
		if a.Action == signal.Expired && heard {
			ended++
		}
	}
	if ended < 10 {
		t.Errorf("only %d alerts that were told have expired: the test says little", ended)
	}
}

// TestTheFirstFitTellsWhoStands: while nothing is fitted every alert on silence is
// suppressed; with the first fit those are told who are at risk by it, at once, and
// not those who are held at risk only because it is young.
func TestTheFirstFitTellsWhoStands(t *testing.T) {
	const now = 20_000 * event.Day24h
	cfg := testConfig(t, "UTC")
	fitted, none := cfg.Parameters, *cfg.Parameters
	none.DataSufficiency, none.Version = signal.NoFit, "none"
	cfg.Parameters = &none
	for _, c := range []struct {
		fitted func() *Batch
		want   int
	}{
		{func() *Batch { return &Batch{Parameters: fitted} }, 100},
		{func() *Batch { return &Batch{Parameters: slowBuyers(t, testConfig(t, "UTC"))} }, 0},
	} {
		s, fx := New(cfg), newEffects()
		s.step(t, fx, Batch{Clock: now, Events: buyers(100, 10, now-70*event.Day24h)})
		s.step(t, fx, Batch{Clock: now + event.Hour})
		if n := len(told(fx.Alerts)) + len(s.Untold(now, 100, nil)); n != 0 {
			t.Fatalf("%d told without a fit", n)
		}
		fx.reset()
		b := c.fitted()
		b.Clock, b.ParametersSince = now+2*event.Hour, now+2*event.Hour
		s.step(t, fx, *b)
		s.step(t, fx, Batch{Clock: now + 3*event.Hour, Tell: s.Untold(now+3*event.Hour, 200, nil)})
		holdout := 0
		for i := range fx.Alerts {
			if fx.Alerts[i].Holdout {
				holdout++
			}
		}
		if got := len(told(fx.Alerts)); got != c.want || got != len(fx.Alerts) || len(delivered(fx.Alerts)) != got-holdout {
			t.Errorf("%s told of %d alerts, %d in the holdout arm, want %d", fmt.Sprint(got), len(fx.Alerts), holdout, c.want)
		}
	}
}
