package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/state"
)

// An event may be sent again with an earlier time: of the two the earlier
// counts. What the later one has done is moved to the earlier instant and never
// done twice. Most of what a record says is a least or a first, which an earlier
// event settles by itself; what is a sum, a latest or one of a few latest is
// taken from its place here. Where something that was passed over meanwhile might
// have that place now, and where what the event was about is forgotten, the
// record is approximate.

// redate lets e count instead of the event of the same id that counted at was,
// which is later. Both are taken to be the same but for their time.
func (s *Shard) redate(c *state.Customer, e *event.Event, day event.Day, was event.Instant) {
	redateProfile(c, e, was)
	switch e.Type {
	case event.Purchase:
		s.redatePurchase(c, e, was)
	case event.Visit:
		s.redateVisit(c, e, day, was)
	case event.Internal:
		redateReferral(c, e, was)
	case event.Complaint:
		if e.Rating != 0 {
			redateRating(c, e, was)
		}
		if e.Kind == event.PublicReview && c.Interest.ReviewAt == was {
			c.Interest.ReviewAt = e.OccurredAt
		}
		switch e.Kind {
		case event.ComplaintMade, event.ReturnRequest, event.Dispute:
			s.redateComplaint(c, e, was)
		default: // a rating, or words: no complaint
		}
	default: // apply has let none through
	}
}

// redatePurchase lets an order count from the earlier instant. Refunds,
// adjustments and cancels are taken back without regard to their time: only
// among what waits for its order it says which was first.
func (s *Shard) redatePurchase(c *state.Customer, e *event.Event, was event.Instant) {
	hash, takesBack := e.OrderHash, false
	switch e.Kind {
	case event.Exchange:
		return
	case event.Refund, event.Cancel, event.Adjustment:
		hash, takesBack = e.RefOrderHash, true
	default: // an order
	}
	key := state.KeyOf(hash)
	for i := range c.Orders {
		o := &c.Orders[i]
		switch {
		case o.Hash != key:
			continue
		case !takesBack:
			before := s.shareOf(o)
			redatePayment(c, o, e, was)
			s.replace(c, before, s.shareOf(o)) // a payment that failed before it was made
			s.purchase(c, e)
		case o.Flags&state.OrderCounts == 0:
			o.At = min(o.At, e.OccurredAt)
			sortOrders(c)
		}
		return
	}
	if !takesBack { // a forgotten order stays on its day
		c.Flags |= state.Approximate
	}
}

// redatePayment lets go of the instant at which the event said that a payment
// failed, or was made. Another event of that may have been passed over before it.
func redatePayment(c *state.Customer, o *state.Order, e *event.Event, was event.Instant) {
	at := &o.PaidAt
	switch e.Status {
	case event.Placed:
		return
	case event.PaymentFailed:
		at = &o.FailedAt
	default: // it says that the order is paid
	}
	if *at != was {
		return
	}
	*at = e.OccurredAt
	if o.FailedAt != 0 && o.PaidAt != 0 {
		c.Flags |= state.Approximate
	}
}

// redateVisit moves a visit to its earlier day.
func (s *Shard) redateVisit(c *state.Customer, e *event.Event, day event.Day, was event.Instant) {
	switch {
	case e.Kind == event.Closure && c.Closing.At == was && c.Closing.Hash == state.TieOf(e.EventHash):
		c.Closing.At = e.OccurredAt
	case e.Kind == event.Referral && !namesReferrer(e):
		redateReferral(c, e, was)
	}
	before := s.cfg.Zone.DayOf(was)
	if before == day || !e.Kind.Acts() {
		return
	}
	d := c.Days.Find(int32(before))
	if d == nil || d.Visits == 0 { // it has left a mark only
		c.Flags |= state.Approximate
		return
	}
	d.Visits--
	c.Days.Drop(int32(before))
	s.visit(c, e, day)
}

func redateReferral(c *state.Customer, e *event.Event, was event.Instant) {
	if c.Interest.ReferralAt == was {
		c.Interest.ReferralAt = e.OccurredAt
	}
}

// redateRating moves one of the two latest ratings. A third that is forgotten
// may be later than where it comes to stand.
func redateRating(c *state.Customer, e *event.Event, was event.Instant) {
	r := state.Rating{At: e.OccurredAt, Hash: state.TieOf(e.EventHash), Value: e.Rating}
	last, previous := &c.Ratings.Last, &c.Ratings.Previous
	switch {
	case last.At == was && last.Hash == r.Hash && !earlier(e, previous.At, previous.Hash):
		*last = r
		return
	case last.At == was && last.Hash == r.Hash:
		*last, *previous = *previous, r
	case previous.At == was && previous.Hash == r.Hash:
		*previous = r
	default:
		return
	}
	c.Flags |= state.Approximate
}

// redateComplaint moves a step of a complaint. Where it was the latest, a step
// in between has been passed over unless the complaint began with it.
func (s *Shard) redateComplaint(c *state.Customer, e *event.Event, was event.Instant) {
	key := state.KeyOf(e.ComplaintHash)
	for i := range c.Complaints {
		k := &c.Complaints[i]
		if k.Hash != key {
			continue
		}
		if k.StatusAt == was && k.Status == e.Status {
			if k.OpenedAt < was {
				c.Flags |= state.Approximate
			}
			k.StatusAt = e.OccurredAt
		}
		if k.ResolvedAt == was {
			k.ResolvedAt = e.OccurredAt
		}
		s.progress(c, e)
		return
	}
	c.Flags |= state.Approximate // forgotten, it stays counted on its day
}

// redateProfile lets what the event said of segment and consent hold from the
// earlier instant, so that what was said in between and comes later is heard.
func redateProfile(c *state.Customer, e *event.Event, was event.Instant) {
	p, tie := &c.Profile, state.TieOf(e.EventHash)
	if p.SegmentAt == was && p.SegmentHash == tie {
		p.SegmentAt = e.OccurredAt
	}
	if p.ConsentAt == was && p.ConsentHash == tie {
		p.ConsentAt = e.OccurredAt
	}
}
