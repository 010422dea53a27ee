package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/state"
	"github.com/holdfast/holdfast/pipeline/window"
)

// visit applies a visit. Only kinds by which the customer acts count as visits.
func (s *Shard) visit(c *state.Customer, e *event.Event, day event.Day) {
	if e.Kind.Acts() && folded(c, day) {
		actFolded(c, day)
	} else if e.Kind.Acts() {
		today := s.cfg.Zone.DayOf(max(e.OccurredAt, c.JudgedAt))
		if day > today-window.VisitDays {
			s.addVisit(c, day)
		} else {
			c.Weeks.Mark(int32(day))
		}
	}
	switch e.Kind {
	case event.Cart, event.Inquiry:
		c.Interest.ProspectAt = max(c.Interest.ProspectAt, e.OccurredAt)
	case event.Referral:
		if !namesReferrer(e) {
			credit(c, e)
		}
	case event.Closure:
		if later(e, c.Closing.At, c.Closing.Hash) {
			c.Closing.At, c.Closing.Hash = e.OccurredAt, state.TieOf(e.EventHash)
			c.Closing.Reason = e.Closure
			if e.Closure == event.ClosureNone {
				c.Closing.Reason = event.UnknownReason
			}
		}
		if e.Closure == event.Fraud {
			c.Flags |= state.DoNotRetain
		}
	default: // its day, no more
	}
}
