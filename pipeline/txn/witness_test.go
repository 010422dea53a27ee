package txn

import (
	"testing"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
)

// TestDoubt: when a wall time is not believed.
func TestDoubt(t *testing.T) {
	mono := time.Now()
	const wall = 1_750_000_000 * event.Second
	later := func(d time.Duration) time.Time { return mono.Add(d) }
	for name, c := range map[string]struct {
		set     func(w *times)
		at      event.Instant
		mono    time.Time
		doubted bool
	}{
		"the first": {func(*times) {}, wall, mono, false},
		"as the monotonic clock": {func(w *times) { w.believe(wall, mono) }, wall + event.Hour, later(time.Hour),
			false},
		"a jump ahead": {func(w *times) { w.believe(wall, mono) }, wall + event.Hour, later(time.Minute),
			true},
		"a jump back": {func(w *times) { w.believe(wall, mono) }, wall - event.Hour, later(time.Minute),
			true},
		"small steps": {func(w *times) { w.believe(wall, mono) }, wall + 90*event.Second, later(time.Second),
			false},
		"as the brokers": {func(w *times) { w.appended(wall, mono) }, wall + event.Minute, later(time.Minute),
			false},
		"unlike the brokers": {func(w *times) { w.appended(wall, mono) }, wall + 10*event.Day24h,
			later(time.Minute), true},
		"a jump that the brokers made": {func(w *times) {
			w.believe(wall, mono)
			w.appended(wall+event.Day24h,
				later(time.Minute))
		}, wall + event.Day24h, later(time.Minute), true},
		"not looked at": {func(w *times) { w.tolerance = -1; w.believe(wall, mono) }, wall + event.Day24h,
			later(time.Second), false},
	} {
		w := &times{tolerance: 2 * time.Minute}
		c.set(w)
		if why := w.believe(c.at, c.mono); (why != "") != c.doubted || w.doubted() != why {
			t.Errorf("%s: %q, and remembers %q", name, why, w.doubted())
		}
	}
	w := &times{tolerance: time.Minute}
	w.believe(wall, mono)
	w.believe(wall+event.Day24h, later(time.Second)) // not believed, so it is no measure
	if why := w.believe(wall+2*event.Second, later(2*time.Second)); why != "" {
		t.Errorf("back at the right time: %s", why)
	}
}

// TestBrokersOnTheSameHost: brokers that share the host's clock jump with it, so
// they bear witness only to a time that stays.
func TestBrokersOnTheSameHost(t *testing.T) {
	mono := time.Now()
	const wall = 1_750_000_000 * event.Second
	w := &times{tolerance: 2 * time.Minute}
	at := func(d time.Duration, ahead event.Instant, believed bool) {
		t.Helper()
		now := wall + instantOf(d) + ahead
		w.appended(now, mono.Add(d))
		if why := w.believe(now, mono.Add(d)); (why == "") != believed {
			t.Errorf("after %s, %d days ahead: %q", d, ahead/event.Day24h, why)
		}
	}
	at(0, 0, true)
	at(time.Second, 10*event.Day24h, false)
	at(5*time.Second, 0, true) // back at once
	at(10*time.Second, 10*event.Day24h, false)
	at(100*time.Second, 400*event.Day24h, false) // another jump, counted from here
	at(131*time.Second, 400*event.Day24h, false)
	at(219*time.Second, 400*event.Day24h, false)
	at(220*time.Second, 400*event.Day24h, true) // a machine that slept, or was set right
	at(221*time.Second, 400*event.Day24h, true)
	at(230*time.Second, 0, false)
}
