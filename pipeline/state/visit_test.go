package state

import (
	"math/rand/v2"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
)

// visit lets known records have visits that change nothing else.
func (m *machine) visit(t *rapid.T) {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	c := &m.customer
	for range rapid.IntRange(1, 40).Draw(t, "visits") {
		p := m.people[r.IntN(len(m.people))]
		if _, known := m.model[p.id]; !known || !m.slab.Load(c, p.hash, []byte(p.id), false) {
			continue
		}
		day, mark := event.Day(r.IntN(2*MaxDays)), EventMark{At: anyInstant(r), Hash: FingerprintOf(r.Uint64())}
		if n := len(c.Days); n > 0 && r.IntN(2) == 0 {
			day = event.Day(c.Days[n-1].Day) + event.Day(r.IntN(2))
		}
		if n := len(c.Events); n > 0 && r.IntN(3) > 0 {
			mark.At = c.Events[n-1].At + anyInstant(r)>>r.UintN(40)
			if r.IntN(8) == 0 {
				mark.Hash = c.Events[r.IntN(n)].Hash
			}
		}
		slot := c.Slot()
		var v Visit
		if !m.slab.OpenVisit(&v, slot) {
			t.Fatal("a record cannot be visited")
		}
		bounds := VisitBounds{Folded: event.Day(r.IntN(12) - 10), Aged: event.Day(r.IntN(12) - 10)}
		if fits := m.slab.VisitFits(&v, mark, day, bounds); fits != visitFits(c, mark, day, bounds) {
			t.Fatalf("a visit of day %d at %d fits: %v\n%s", day, mark.At, fits, content(c))
		} else if !fits {
			continue
		}
		if c.Events = append(c.Events, mark); len(c.Events) > MaxEvents {
			c.Events = c.Events[1:]
		}
		c.Days.At(int32(day)).Visits++
		c.JudgedAt, c.Deadline = anyInstant(r), anyInstant(r)
		v.JudgedAt, v.Deadline = c.JudgedAt, c.Deadline
		m.slab.StoreVisit(&v)
		m.model[p.id] = content(c)
		if page := pageOf(slot); m.unsaved[page] == 0 {
			m.unsaved[page] = m.batch
		}
	}
}

// visitFits is VisitFits by the decoded record.
func visitFits(c *Customer, mark EventMark, day event.Day, bounds VisitBounds) bool {
	if len(c.Events) == 0 || len(c.Days) == 0 || len(c.Days) >= MaxDays-2 ||
		len(c.ComplaintDays) > 0 || c.LastComplaint != 0 ||
		len(c.Weeks) > 0 && c.Weeks[0].Monday <= int32(bounds.Folded) || c.Events[len(c.Events)-1].At >= mark.At {
		return false
	}
	for _, m := range c.Events {
		if m.Hash == mark.Hash {
			return false
		}
	}
	for _, d := range c.Days {
		if d.Day <= int32(bounds.Folded) || d.Visits > 0 && d.Day <= int32(bounds.Aged) {
			return false
		}
	}
	last := c.Days[len(c.Days)-1]
	return last.Day <= int32(day) && last.Visits < 1<<16-1
}
