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
		}, wall + event.Day24h, later(time.Minute), false},
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
