package state

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
)

// almanac is a slab's calendar beside a map of deadlines.
type almanac struct {
	slab     *Slab
	customer Customer
	codec    PageCodec
	model    map[string]event.Instant // absent: no record
	saved    map[string]event.Instant
	now      event.Instant // about where things happen
	batch    uint64
}

func newAlmanac() *almanac {
	a := &almanac{slab: NewSlab(), model: map[string]event.Instant{}, saved: map[string]event.Instant{},
		now: 450_000 * event.Hour}
	a.slab.Begin(1, false)
	return a
}

// moment draws an instant: near, on an hour, at one shared by many, in the past,
// at the end of the ring, far behind it, or never.
func (a *almanac) moment(t *rapid.T) event.Instant {
	near := event.Instant(rapid.Int64Range(-3*int64(event.Hour), 30*int64(event.Hour)).Draw(t, "near"))
	switch rapid.IntRange(0, 9).Draw(t, "moment") {
	case 0:
		return Never
	case 1:
		return a.now - a.now%event.Hour + event.Hour
	case 2:
		return a.now + 5*event.Hour - a.now%(5*event.Hour)
	case 3:
		return a.now - 2000*event.Hour + near
	case 4:
		return a.now + (ringHours-10)*event.Hour + near
	case 5:
		return a.now + 3*ringHours*event.Hour + near
	case 6:
		return -near
	}
	return a.now + near
}

func (a *almanac) store(t *rapid.T, id string, deadline event.Instant) {
	if !a.slab.Load(&a.customer, event.HashID([]byte(id)), []byte(id), true) {
		t.Fatalf("no record of %q", id)
	}
	a.customer.Deadline = deadline
	a.slab.Store(&a.customer)
	a.model[id] = deadline
}

func (a *almanac) arm(t *rapid.T) {
	for range rapid.IntRange(1, 5).Draw(t, "records") {
		// Ids whose order is not that of their places.
		id := fmt.Sprintf("%02d", rapid.IntRange(0, 60).Draw(t, "id")*37%61)
		a.store(t, id, a.moment(t))
	}
}

// pop takes what is due by a limit, which may lie before an earlier one, and
// gives each its next deadline, some of them due at once.
func (a *almanac) pop(t *rapid.T) {
	limit := a.moment(t)
	if rapid.Bool().Draw(t, "time goes on") {
		limit = a.now + event.Instant(rapid.Int64Range(0, int64(400*event.Hour)).Draw(t, "by"))
		a.now = limit
	}
	for n := 0; ; n++ {
		id, want, due := a.first(limit)
		slot, at, ok := a.slab.PopDue(limit)
		if ok != due {
			t.Fatalf("due by %d: %v, want %v (%q at %d)", limit, ok, due, id, want)
		}
		if !ok {
			return
		}
		if got := string(a.slab.idOf(slot)); got != id || at != want {
			t.Fatalf("due by %d: %q at %d, want %q at %d", limit, got, at, id, want)
		}
		next := a.moment(t)
		if n > 20 {
			next = max(next, limit+1)
		}
		a.store(t, id, next)
	}
}

// first is the earliest deadline at or before limit, ties by id.
func (a *almanac) first(limit event.Instant) (id string, at event.Instant, ok bool) {
	for name, deadline := range a.model {
		if deadline > limit || deadline == Never {
			continue
		}
		if !ok || deadline < at || deadline == at && name < id {
			id, at, ok = name, deadline, true
		}
	}
	return id, at, ok
}

func (a *almanac) commit(*rapid.T) {
	a.slab.Commit()
	a.saved = maps.Clone(a.model)
	a.batch++
	a.slab.Begin(a.batch, false)
}

func (a *almanac) undo(*rapid.T) {
	a.slab.Undo()
	a.model = maps.Clone(a.saved)
	a.slab.Begin(a.batch, false)
}

func (a *almanac) restore(t *rapid.T) {
	a.commit(t)
	pages := map[uint32][]byte{}
	for n := range a.slab.Pages() {
		pages[uint32(n)] = a.slab.AppendPage(&a.codec, nil, 3, uint32(n), a.batch)
	}
	a.slab = load(t, &a.codec, pages)
	a.slab.EndReplay()
	a.slab.Begin(a.batch, false)
}

// check: the calendar never promises a later moment than the first deadline,
// and what it holds is linked both ways.
func (a *almanac) check(t *rapid.T) {
	if id, at, ok := a.first(Never - 1); ok && a.slab.NextDue() > at {
		t.Fatalf("next due at %d, but %q is due at %d", a.slab.NextDue(), id, at)
	}
	linked := 0
	c := &a.slab.calendar
	for b, head := range c.heads {
		if filled := c.filled[b>>6]&(1<<(b&63)) != 0; filled != (head != 0) {
			t.Fatalf("bucket %d: filled %v, head %d", b, filled, head)
		}
		first := linked
		for at, before := head, uint32(0); at != 0; linked++ {
			p, i := a.slab.at(Slot(at - 1))
			if l := p.links[i]; l.previous != before || int(l.bucket) != b+1 {
				t.Fatalf("record %d in bucket %d is linked as %+v, behind %d", at-1, b, l, before)
			}
			if deadline := p.cores[i].Deadline; deadline != Never && c.hourAt(b) > max(hourOf(deadline), c.base) {
				t.Fatalf("record %d waits in hour %d and is due in %d", at-1, c.hourAt(b), hourOf(deadline))
			}
			before, at = at, p.links[i].next
		}
		if n := linked - first; int(c.counts[b]) != n {
			t.Fatalf("bucket %d has %d records and counts %d", b, n, c.counts[b])
		}
	}
	a.checkDueWithin(t)
	if linked != a.slab.Pending() {
		t.Fatalf("%d records linked, %d pending", linked, a.slab.Pending())
	}
}

// checkDueWithin: before the hour of the instant that is promised to hold about
// n deadlines there are fewer, and what is due lets it move on.
func (a *almanac) checkDueWithin(t *rapid.T) {
	n := rapid.IntRange(1, 70).Draw(t, "due")
	at, before := a.slab.DueWithin(n), 0
	for _, deadline := range a.model {
		if deadline != Never && max(hourOf(deadline), a.slab.calendar.base) < hourOf(at) {
			before++
		}
	}
	switch {
	case at != Never && before >= n:
		t.Fatalf("%d deadlines may be due, and before %d there are %d", n, at, before)
	case at != Never && hourOf(at) < a.slab.calendar.base:
		t.Fatalf("the limit %d lies before the ring: the clock would not move on", at)
	}
}

// TestDueWithin: deadlines of hours of their own, and of one hour.
func TestDueWithin(t *testing.T) {
	s, c := NewSlab(), &Customer{}
	s.Begin(1, false)
	const start = 450_000 * event.Hour
	for i := range 300 {
		id := fmt.Appendf(nil, "c-%d", i)
		s.Load(c, event.HashID(id), id, true)
		c.Deadline = start + event.Instant(min(i, 100))*event.Hour // the last 200 at once
		s.Store(c)
	}
	for n, want := range map[int]event.Instant{300: Never, 299: start + 101*event.Hour - 1, 101: start +
		101*event.Hour - 1,
		100: start + 100*event.Hour - 1, 1: start + event.Hour - 1} {
		if got := s.DueWithin(n); got != want {
			t.Errorf("%d due: %d hours, want %d", n, (got-start)/event.Hour, (want-start)/event.Hour)
		}
	}
}

// TestDeadlinesComeInTheirOrder: however deadlines are set, moved and undone,
// exactly those due by a limit come, by (instant, id).
func TestDeadlinesComeInTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := newAlmanac()
		t.Repeat(map[string]func(*rapid.T){"arm": a.arm, "arm more": a.arm, "pop": a.pop, "pop again": a.pop,
			"commit": a.commit, "undo": a.undo, "restore": a.restore, "": a.check})
	})
}

// TestRestoreSpreadsDeadlines: though the first record of a page is due last,
// the others wait in their own hours, so that none is looked at before its time.
func TestRestoreSpreadsDeadlines(t *testing.T) {
	s, c := NewSlab(), &Customer{}
	s.Begin(1, false)
	const start = 450_000 * event.Hour
	for i := range 2000 {
		id := fmt.Appendf(nil, "c-%d", i)
		s.Load(c, event.HashID(id), id, true)
		c.Deadline = start + event.Instant(8000-i)*event.Hour
		s.Store(c)
	}
	var codec PageCodec
	pages := map[uint32][]byte{}
	for n := range s.Pages() {
		pages[uint32(n)] = s.AppendPage(&codec, nil, 3, uint32(n), 1)
	}
	loaded := load(t, &codec, pages)
	for b, head := range loaded.calendar.heads {
		if head == 0 {
			continue
		}
		if p, i := loaded.at(Slot(head - 1)); p.links[i].next != 0 {
			t.Fatalf("bucket %d holds more than one of 2000 records, each due in an hour of its own", b)
		}
	}
}

// TestReplayLosesNoDeadline: a deadline that a replay has passed over, because
// the page reflects its moment already, still comes afterwards.
func TestReplayLosesNoDeadline(t *testing.T) {
	s, c := NewSlab(), &Customer{}
	s.Begin(9, false)
	s.Load(c, 1, []byte("c-1"), true)
	c.Deadline = 450_000 * event.Hour
	s.Store(c)
	var codec PageCodec
	loaded := load(t, &codec, map[uint32][]byte{0: s.AppendPage(&codec, nil, 3, 0, 9)})
	loaded.Begin(5, true)
	slot, _, ok := loaded.PopDue(450_001 * event.Hour)
	if !ok || loaded.LoadSlot(c, slot) {
		t.Fatalf("popped %v, and the record of a newer page is given to the replay", ok)
	}
	loaded.EndReplay()
	if at := loaded.NextDue(); at > 450_000*event.Hour || loaded.Pending() != 1 {
		t.Errorf("%d pending, next due at %d: the deadline is lost", loaded.Pending(), at)
	}
}

// TestRearmFindsTheSameDeadlines: where silence falls back behind the ring, what
// is due comes all the same, in its order.
func TestRearmFindsTheSameDeadlines(t *testing.T) {
	put := func(s *Slab, n int, deadline event.Instant) {
		var c Customer
		id := []byte{byte(n), byte(n >> 8)}
		if !s.Load(&c, event.HashID(id), id, true) {
			t.Fatal("no record")
		}
		c.Deadline = deadline
		s.Store(&c)
	}
	// The ring has moved far ahead when earlier deadlines come: all wait in its first bucket.
	build := func() *Slab {
		s := NewSlab()
		s.Begin(1, false)
		put(s, 600, 100_000*event.Hour)
		if _, _, ok := s.PopDue(99_999 * event.Hour); ok {
			t.Fatal("due before its time")
		}
		for n := range 600 {
			put(s, n, event.Instant(n*7919%600)*30*event.Hour)
		}
		return s
	}
	drain := func(s *Slab, limit event.Instant) (all []event.Instant) {
		for {
			_, at, ok := s.PopDue(limit)
			if !ok {
				return all
			}
			all = append(all, at)
		}
	}
	plain, rearmed := build(), build()
	rearmed.Rearm(100 * event.Hour)
	if base := rearmed.calendar.base; base > 100 {
		t.Fatalf("the ring begins at hour %d", base)
	}
	for _, limit := range []event.Instant{100 * event.Hour, 5000 * event.Hour, 18_000 * event.Hour} {
		want, got := drain(plain, limit), drain(rearmed, limit)
		if !slices.Equal(want, got) || !slices.IsSorted(got) {
			t.Errorf("up to %d: %d deadlines, want %d", limit/event.Hour, len(got), len(want))
		}
	}
	if plain.Pending() != 1 || rearmed.Pending() != 1 {
		t.Errorf("%d and %d deadlines are left", plain.Pending(), rearmed.Pending())
	}
}
