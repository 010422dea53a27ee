package shard

import (
	"math/rand/v2"
	"strings"
	"testing"

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

// pollEvery is the time between two polls.
const pollEvery = 4 * event.Hour

// live reads the inputs to their end, with the clock that a pipeline would
// have: up to now where everything is read, else up to what has been seen of the
// input that is furthest behind. It returns the alerts, and those that tell of a
// silence that was none: events up to that moment lay unread.
func (o *outage) live(how reading) (alerts, falsely []signal.Alert) {
	s, fx, r := New(o.cfg), newEffects(), rand.New(rand.NewPCG(o.seed, 4))
	var at [3]int
	clock := ClockUnset
	for wall := o.inputs[1][0].OccurredAt; wall < o.end+event.Day24h; wall += pollEvery {
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
			if !behind {
				b.Tell = s.Untold(wall, 20, nil)
			}
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
		if standing := o.compareHistories(historiesOf(want), historiesOf(got)); standing < 3 {
			t.Errorf("seed %d: %d alerts were told after the outage: the test says little", seed, standing)
		}
		for i := range got {
			checkAlert(t, schema, &got[i])
		}
	}
}

// history is an alert's life: what is recorded, and what of it is delivered.
type history struct {
	id, recorded, delivered string
	raised, ended           signal.Instant // by what is recorded; ended 0 while open
	late                    bool           // a complaint is past a time of its
	churn, lost             bool           // rests on silence; has come to the level lost, unless by its end
	told                    signal.Instant // when it was told as standing; 0 never
	toldTwice               bool
}

// historiesOf are the histories of alerts, by id. Updates are left out: they come a
// day after any message, so those of an alert told later come later.
func historiesOf(alerts []signal.Alert) map[string]*history {
	all := map[string]*history{}
	for i := range alerts {
		a := &alerts[i]
		h := all[a.AlertID]
		if h == nil {
			h = &history{id: string(a.CustomerID) + " " + a.Kind.Name, churn: onSilence(a),
				late: a.Kind.Name == policy.ComplaintSLABreached.String(), raised: a.AsOf}
			all[a.AlertID] = h
		}
		message := " " + a.Action.String() + " " + stamp(a.AsOf)
		switch {
		case a.Action == signal.Raised && a.Standing:
			h.toldTwice = h.toldTwice || h.told != 0 || h.delivered != ""
			h.told = a.AsOf
			continue
		case a.Action == signal.Expired && a.Standing:
			continue // counted from when it was told
		case a.Action == signal.Updated:
			continue
		case a.Action == signal.Escalated:
			h.lost = h.lost || a.Level == signal.LevelLost
		case a.Action != signal.Raised:
			h.ended = a.AsOf
		}
		h.recorded += message
		if a.Suppressed == signal.NotSuppressed {
			h.delivered += message
		}
	}
	return all
}

// compareHistories holds the alerts of one who reads after an outage to those of one
// who reads all the time: the same is recorded, and the same delivered, but for
// alerts on moments that were too long ago when they were read: of these nothing is
// delivered, or, where they still stand, once that they do, and then their end. It
// returns how many were told so.
func (o *outage) compareHistories(want, got map[string]*history) (standing int) {
	late := map[string]bool{} // of whom an alert is told later, and so expires later
	for _, g := range got {
		late[strings.Fields(g.id)[0]] = late[strings.Fields(g.id)[0]] || g.told != 0
	}
	another := func(h *history) bool { // comes of that
		return late[strings.Fields(h.id)[0]] && event.Instant(h.raised) >= o.from+o.cfg.Policy.Expiry
	}
	for id, w := range want {
		g := got[id]
		switch {
		case another(w):
		case o.between(w): // read by the last poll before the outage, or by the first after it
		case g == nil:
			o.t.Errorf("%s is missing:%s", w.id, w.recorded)
		case g.toldTwice:
			o.t.Errorf("%s is told twice:%s", g.id, g.delivered)
		case event.Instant(w.raised) < o.from || event.Instant(w.raised) > o.to-o.cfg.Policy.MaxEventAge:
			if w.recorded != g.recorded || w.delivered != g.delivered || g.told != 0 {
				o.t.Errorf("%s: %s delivered of%s, want%s of%s", g.id, g.delivered, g.recorded, w.delivered, w.recorded)
			}
		case g.told != 0:
			standing++
			if w.delivered == "" && w.churn || event.Instant(g.told) < o.to-event.Day24h {
				o.t.Errorf("%s is told at %s, which%s without the outage", g.id, stamp(g.told), w.delivered)
			}
			if g.ended != 0 && g.delivered == "" {
				o.t.Errorf("%s is told, and its end is not:%s", g.id, g.recorded)
			}
		case g.delivered != "":
			o.t.Errorf("%s: %s is delivered of what nobody was told", g.id, g.delivered)
		case w.delivered != "" && (w.churn && !g.lost || w.late) &&
			(g.ended == 0 || event.Instant(g.ended) > o.to+2*event.Day24h):
			o.t.Errorf("%s stands after the outage and is not told:%s", g.id, g.recorded)
		}
	}
	for id, g := range got {
		if want[id] == nil && !another(g) {
			o.t.Errorf("%s comes of the outage:%s", g.id, g.recorded)
		}
	}
	return standing
}

// between reports whether an alert was raised so shortly before the outage that it
// depends on the minute of the last poll whether it was read.
func (o *outage) between(h *history) bool {
	const most = pollEvery + event.Hour // and the lateness
	return event.Instant(h.raised) >= o.from-most && event.Instant(h.raised) < o.from
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
