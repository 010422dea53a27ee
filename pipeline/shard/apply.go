package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/state"
)

// apply routes one event into its customer's record.
func (s *Shard) apply(b *Batch, index int32, fx *Effects) {
	e := &b.Events[index]
	s.countOddities(e)
	switch {
	case len(e.CustomerID) == 0:
		s.counters.Anonymous++
		return
	case e.Type > event.Complaint && e.Type != event.Internal || e.Kind == event.IdentityMerge:
		s.counters.Counted++
		return
	}
	day := s.cfg.Zone.DayOf(e.OccurredAt)
	c := &s.customer
	switch slot, known := s.slab.Find(e.CustomerHash, e.CustomerID); {
	case !known:
		s.slab.Create(c, e.CustomerHash, e.CustomerID)
	case s.light(b, e, day, slot):
		return
	case !s.slab.LoadSlot(c, slot):
		return // in a replay: the page already reflects this event
	}
	visit := event.Day(0)
	switch known, was := remember(c, e); {
	case !known && s.record(c, e, day):
		s.counters.Applied++
		s.noteFolded(c, day)
		refer(b, e, fx)
		if e.Type == event.Visit {
			visit = day
		}
	case known && e.OccurredAt >= was:
		s.counters.Duplicates++
		return
	default:
		s.counters.Duplicates++
		if known {
			s.redate(c, e, day, was)
			refer(b, e, fx)
		}
	}
	now := max(e.OccurredAt, c.JudgedAt)
	s.settle(b, c, moment{now: now, silence: min(b.silence(), e.OccurredAt-s.cfg.Lateness), visit: visit}, fx)
}

// record changes what the record says by what the event says. It returns false
// for an event that repeats the status of an order.
func (s *Shard) record(c *state.Customer, e *event.Event, day event.Day) bool {
	s.profile(c, e)
	switch e.Type {
	case event.Purchase:
		return s.purchase(c, e)
	case event.Visit:
		s.visit(c, e, day)
	case event.Complaint:
		s.complaint(c, e)
	case event.Internal:
		credit(c, e)
	default: // apply has let none through
	}
	return true
}

// remember notes the event's id among the latest. It says whether it is there
// already, and when that one occurred; the earlier instant is kept. An event
// older than all that is remembered cannot be remembered itself: should it come
// again it may count twice, so the record is approximate from then on.
func remember(c *state.Customer, e *event.Event) (known bool, was event.Instant) {
	fingerprint := state.FingerprintOf(e.EventHash)
	for i := len(c.Events) - 1; i >= 0; i-- {
		if m := c.Events[i]; m.Hash == fingerprint {
			if e.OccurredAt < m.At {
				c.Events = append(c.Events[:i], c.Events[i+1:]...)
				placeMark(c, state.EventMark{At: e.OccurredAt, Hash: fingerprint})
			}
			return true, m.At
		}
	}
	placeMark(c, state.EventMark{At: e.OccurredAt, Hash: fingerprint})
	return false, 0
}

// placeMark puts the event's mark in its place by (instant, id); the oldest
// goes where there are too many.
func placeMark(c *state.Customer, mark state.EventMark) {
	at := len(c.Events)
	for at > 0 && markBefore(mark, c.Events[at-1]) {
		at--
	}
	if len(c.Events) < state.MaxEvents {
		c.Events = append(c.Events, state.EventMark{})
		copy(c.Events[at+1:], c.Events[at:])
		c.Events[at] = mark
		return
	}
	if at == 0 {
		c.Flags |= state.Approximate
		return
	}
	copy(c.Events, c.Events[1:at])
	c.Events[at-1] = mark
}

func markBefore(a, b state.EventMark) bool { return a.At < b.At || a.At == b.At && a.Hash < b.Hash }

func (s *Shard) countOddities(e *event.Event) {
	if e.Has&event.HasUnknownChannel != 0 {
		s.counters.UnknownChannels++
	}
	if e.Has&event.HasUnknownCategory != 0 {
		s.counters.UnknownCategory++
	}
	if namesReferrer(e) && refersToSelf(e) {
		s.counters.SelfReferral++
	}
}

// profile keeps what the customer's latest event says of segment and consent.
// "Latest" is by (occurred_at, event id), never by arrival.
func (s *Shard) profile(c *state.Customer, e *event.Event) {
	if len(e.Segment) > 0 && later(e, c.Profile.SegmentAt, c.Profile.SegmentHash) {
		if n, known := s.segment(e.Segment); known {
			if n != c.Profile.Segment {
				c.Parameters = 0 // crossing days are those of the segment's parameters
			}
			c.Profile.Segment, c.Profile.SegmentAt, c.Profile.SegmentHash = n, e.OccurredAt, state.TieOf(e.EventHash)
		} else {
			s.counters.UnknownSegments++
		}
	}
	if e.Has&event.HasConsent != 0 && later(e, c.Profile.ConsentAt, c.Profile.ConsentHash) {
		c.Profile.ConsentAt, c.Profile.ConsentHash = e.OccurredAt, state.TieOf(e.EventHash)
		c.Profile.OptedOut = 1
		if e.Has&event.HasConsentMarketing != 0 {
			c.Profile.OptedOut = 0
		}
	}
}

func (s *Shard) segment(name []byte) (uint8, bool) {
	for i, known := range s.cfg.Segments {
		if known == string(name) {
			return uint8(i), true
		}
	}
	return 0, false
}

// later says whether an event comes after the one that (at, tie) names.
func later(e *event.Event, at event.Instant, tie uint32) bool {
	return e.OccurredAt > at || e.OccurredAt == at && state.TieOf(e.EventHash) > tie
}

// earlier says whether an event comes before the one that (at, tie) names.
func earlier(e *event.Event, at event.Instant, tie uint32) bool {
	return e.OccurredAt < at || e.OccurredAt == at && state.TieOf(e.EventHash) < tie
}
