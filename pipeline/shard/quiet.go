package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
	"github.com/holdfast/holdfast/pipeline/window"
)

// Most events are visits that change nothing that is judged. quiet is the
// judgement of such a visit: what decide would come to, at a fraction of its
// cost. It must never come to anything else, so it takes only what it can
// prove; everything it refuses is decided in full.
//
// The proof rests on the deadline: it is the least of all instants after the
// last judgement at which anything changes in silence. While the present lies
// before it, no crossing, window, due time, cooldown or expiry has been
// passed. A visit of someone who has bought adds one thing: the day on which
// it leaves its first window. What else a visit may change (the ladder of one
// who has never bought, referrals, closures, reasons of open alerts, levels
// that are left by a border that is looked at each day) is refused.

// quiet judges a visit on a business day, made before was the customer's last
// judgement. It returns false, having changed nothing, where decide must.
func (s *Shard) quiet(c *state.Customer, before event.Instant, visit event.Day, at moment) bool {
	if !s.still(&c.Core, before, at.now) || c.Closing.At != 0 || c.Interest.ReferralAt != 0 || c.Interest.ReviewAt != 0 {
		return false
	}
	today := s.cfg.Zone.DayOf(at.now)
	if visit <= today-window.VisitDays {
		return false
	}
	leave, certain := visitLeaves(visit, today)
	if !certain {
		return false
	}
	d := c.Days.Find(int32(visit))
	if s.versions.parameters.HasActivity && (d == nil || d.Visits < 2) {
		return false // an activity day more: other crossings
	}
	if d != nil && d.Visits > 0 && leave != never {
		c.Deadline = min(c.Deadline, s.cfg.Zone.StartOf(leave))
	}
	c.Silence = min(max(at.silence, c.Silence, 1), at.now)
	return true
}

// still says whether nothing that is judged has changed since the last
// judgement, but for what an event itself brings. A deadline that comes right after the
// last judgement stands for what waits only for silence to be known.
func (s *Shard) still(c *state.Core, before, now event.Instant) bool {
	return c.Flags&state.Settled != 0 && c.Parameters == s.versions.hash && c.Deadline > now && c.Deadline != before+1
}

// light applies a visit that changes nothing but its day, its mark and the core,
// without reading the rest of the record. It returns false, having changed
// nothing, where apply must read it.
func (s *Shard) light(b *Batch, e *event.Event, day event.Day, slot state.Slot) bool {
	if s.thorough || e.Type != event.Visit || !e.Kind.Acts() || len(e.Segment) > 0 || e.Has&event.HasConsent != 0 {
		return false
	}
	switch e.Kind {
	case event.Cart, event.Inquiry, event.Referral, event.Closure:
		return false
	default: // its day, no more: see visit
	}
	v := &s.visited
	if !s.slab.OpenVisit(v, slot) {
		return false
	}
	now := max(e.OccurredAt, v.JudgedAt)
	today, border := s.cfg.Zone.DayOf(now), max(v.FoldedThrough, s.foldBorder(b, now))
	aged := today - window.VisitDays
	if day <= aged || day <= border || !s.still(&v.Core, v.JudgedAt, now) {
		return false
	}
	leave, certain := visitLeaves(day, today)
	if !certain || leave == never {
		return false
	}
	mark := state.EventMark{At: e.OccurredAt, Hash: state.FingerprintOf(e.EventHash)}
	if !s.slab.VisitFits(v, mark, day, state.VisitBounds{Folded: border, Aged: aged}) {
		return false
	}
	if s.versions.parameters.HasActivity && !v.Again() {
		return false // an activity day more: other crossings
	}
	s.counters.Applied++
	v.JudgedAt, v.FoldedThrough = now, border
	v.Deadline = min(v.Deadline, s.cfg.Zone.StartOf(leave))
	v.Silence = min(max(min(b.silence(), e.OccurredAt-s.cfg.Lateness), v.Silence, 1), now)
	if v.Flags&state.RowPending == 0 {
		v.Flags |= state.RowPending
		s.changed = append(s.changed, slot)
	}
	s.slab.StoreVisit(v)
	s.quieted++
	return true
}

// visitLeaves is the day on which a visit leaves its next window, never if there
// is none. It is certain where it does not depend on whether a purchase has
// followed: the windows since the purchase end no earlier.
func visitLeaves(day, today event.Day) (leave event.Day, certain bool) {
	leave = leaves(day, today, visitWindows)
	return leave, leave <= leaves(day, today, intentWindows)
}

// settled says whether nothing of a customer who has bought depends on the
// day's probabilities: no level holds and no alert is open.
func (st *standing) settled() bool {
	p := &st.state
	if p.Level != signal.LevelNone || p.Flags&^policy.FlagSecondTold != policy.FlagPurchased ||
		p.AtRiskSince != 0 || p.CriticalSince != 0 || p.LostSince != 0 {
		return false
	}
	for i := range st.episodes {
		if st.episodes[i].Open {
			return false
		}
	}
	return true
}
