package shard

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// outage is a stream by input, and a time in which nobody reads it.
type outage struct {
	t        testing.TB
	cfg      Config
	inputs   [3][]event.Event
	from, to event.Instant
	end      event.Instant
	seed     uint64
}

// newOutage makes a shop whose customers buy about every third week, visit
// between and complain now and then; a third of them leaves at some time. For 35
// days of it nobody reads.
func newOutage(t testing.TB, cfg Config, seed uint64) *outage {
	o := &outage{t: t, cfg: cfg, seed: seed}
	r := rand.New(rand.NewPCG(seed, 3))
	g := generator{r: r, orders: map[int]int{}, complaints: map[int]int{}}
	start := 20_000 * event.Day24h
	o.from, o.to, o.end = start+100*event.Day24h, start+135*event.Day24h, start+220*event.Day24h
	for at := start; at < o.end; at += event.Instant(r.Int64N(int64(2 * event.Hour))) {
		n := r.IntN(100)
		if n%3 == 0 && at > start+event.Instant(n)*2*event.Day24h {
			continue
		}
		e := g.event(n, at)
		o.inputs[e.Input] = append(o.inputs[e.Input], e)
	}
	return o
}

// reading says how inputs are read: after an outage, and each at its own pace.
type reading struct{ outage, skewed, clockIsWall bool }

// live reads the inputs to their end, with the clock that a pipeline would
// have: up to now where everything is read, else up to what has been seen of the
// input that is furthest behind. It returns the alerts, and those that tell of a
// silence that was none: events up to that moment lay unread.
func (o *outage) live(how reading) (alerts, falsely []signal.Alert) {
	s, fx, r := New(o.cfg), newEffects(), rand.New(rand.NewPCG(o.seed, 4))
	var at [3]int
	clock := ClockUnset
	for wall := o.inputs[1][0].OccurredAt; wall < o.end+event.Day24h; wall += 4 * event.Hour {
		if how.outage && wall > o.from && wall < o.to {
			continue
		}
		for behind := true; behind; {
			b := &Batch{Number: s.batch + 1, Wall: wall}
			var reading event.Instant
			reading, behind = o.poll(b, &at, wall, how.skewed, r)
			if how.clockIsWall {
				reading = wall
			}
			clock = max(clock, reading-o.cfg.Lateness)
			b.Clock = clock
			if err := s.Apply(b, fx); err != nil {
				o.t.Fatal(err)
			}
			s.Commit()
			falsely = append(falsely, o.unfounded(fx.Alerts[len(alerts):], &at)...)
			alerts = fx.Alerts
		}
	}
	return alerts, falsely
}

// poll takes the next events up to the wall time into a batch. Skewed, it takes
// of each input any number, else what comes first.
func (o *outage) poll(b *Batch, at *[3]int, wall event.Instant, skewed bool,
	r *rand.Rand) (reading event.Instant, behind bool) {
	next := func(i int) (event.Instant, bool) {
		if at[i] == len(o.inputs[i]) || o.inputs[i][at[i]].OccurredAt > wall {
			return 0, false
		}
		return o.inputs[i][at[i]].OccurredAt, true
	}
	take := func(i int) {
		b.Events = append(b.Events, o.inputs[i][at[i]])
		at[i]++
	}
	for n := 1 + r.IntN(300); n > 0 && !skewed; n-- {
		first := -1
		for i := range at {
			if t, ok := next(i); ok {
				if f, _ := next(max(first, 0)); first < 0 || t < f {
					first = i
				}
			}
		}
		if first < 0 {
			break
		}
		take(first)
	}
	for i := range at {
		for n := r.IntN(100); n > 0 && skewed; n-- {
			if _, ok := next(i); ok {
				take(i)
			}
		}
	}
	reading = wall
	for i := range at {
		if _, ok := next(i); !ok {
			continue
		}
		behind = true
		seen := event.Instant(ClockUnset)
		if at[i] > 0 {
			seen = o.inputs[i][at[i]-1].OccurredAt
		}
		reading = min(reading, seen)
	}
	return max(reading, ClockUnset+o.cfg.Lateness), behind
}

// unfounded are the alerts on silence of customers who had done something by
// then that nobody has read.
func (o *outage) unfounded(alerts []signal.Alert, at *[3]int) (falsely []signal.Alert) {
	for i := range alerts {
		a := &alerts[i]
		if a.Action != signal.Raised && a.Action != signal.Escalated ||
			!onSilence(a) {
			continue
		}
		for n := range at {
			for _, e := range o.inputs[n][at[n]:] {
				if e.OccurredAt <= event.Instant(a.AsOf) && string(e.CustomerID) == string(a.CustomerID) {
					falsely = append(falsely, *a)
				}
			}
		}
	}
	return falsely
}

// identities are the alerts' ids and steps, without their wall time.
func identities(alerts []signal.Alert) (ids []string) {
	for i := range alerts {
		a := &alerts[i]
		ids = append(ids, string(a.CustomerID)+" "+a.Kind.Name+" "+a.AlertID+" "+a.Action.String()+" "+stamp(a.AsOf))
	}
	slices.SortFunc(ids, cmp.Compare[string])
	return ids
}

// TestOutageChangesNoAlert: for 35 days nobody reads while customers go on
// buying. Read afterwards, it is as if there had been no outage.
func TestOutageChangesNoAlert(t *testing.T) {
	cfg := testConfig(t, "Europe/Berlin")
	schema := alertSchema(t)
	for seed := range seeds(3) {
		o := newOutage(t, cfg, 200+seed)
		want, _ := o.live(reading{})
		got, falsely := o.live(reading{outage: true})
		if len(falsely) > 0 {
			t.Errorf("%d alerts on silence while events lay unread", len(falsely))
		}
		if diff := gocmp.Diff(identities(want), identities(got), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("seed %d: the outage changes alerts (-without +with):\n%s", seed, diff)
		}
		for i := range got {
			checkAlert(t, schema, &got[i])
		}
	}
}

// TestSkewedInputsRaiseNoFalseSilence: after the outage, inputs are caught up
// with each at its own pace: a visit of yesterday is read before a purchase of
// last month. Nobody is taken for silent whose events lie unread.
func TestSkewedInputsRaiseNoFalseSilence(t *testing.T) {
	cfg := testConfig(t, "Europe/Berlin")
	for seed := range seeds(6) {
		o := newOutage(t, cfg, 300+seed)
		alerts, falsely := o.live(reading{outage: true, skewed: true})
		steady, _ := o.live(reading{})
		breached, raised := map[string]bool{}, 0
		for i := range steady {
			if steady[i].Kind.Name == policy.ComplaintSLABreached.String() {
				breached[string(steady[i].CustomerID)] = true
			}
		}
		for i := range alerts {
			switch a := &alerts[i]; {
			case onSilence(a):
				raised++
			case a.Kind.Name == policy.ComplaintSLABreached.String():
				if !breached[string(a.CustomerID)] {
					t.Errorf("seed %d: nobody let a complaint of this customer wait: %s", seed, a.AppendJSON(nil))
				}
			}
		}
		if raised < 20 {
			t.Errorf("seed %d: only %d churn alerts: the test says little", seed, raised)
		}
		for i := range falsely[:min(2, len(falsely))] {
			t.Errorf("seed %d: one of %d false alerts: %s", seed, len(falsely), falsely[i].AppendJSON(nil))
		}
	}
}

// TestClockThatRunsAheadLies: were the clock not held, there would be false
// alerts. Without this the tests above would show nothing.
func TestClockThatRunsAheadLies(t *testing.T) {
	o := newOutage(t, testConfig(t, "Europe/Berlin"), 300)
	if _, falsely := o.live(reading{outage: true, clockIsWall: true}); len(falsely) == 0 {
		t.Error("no false alert with a clock that is not held: the check finds nothing")
	}
}
