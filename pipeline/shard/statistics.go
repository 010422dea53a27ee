package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/state"
	"github.com/holdfast/holdfast/pipeline/window"
)

// statistics reads a customer's record as numbers at the moment now, by the
// counting rules of docs/signals.md. O(retained days).
func (s *Shard) statistics(c *state.Customer, now event.Instant, st *score.Statistics) {
	*st = score.Statistics{Now: now, Today: s.cfg.Zone.DayOf(now), Approximate: c.Flags&state.Approximate != 0}
	lifeSums(c, st)
	if st.HasPurchase {
		st.LastDayStart = s.cfg.Zone.StartOf(st.LastDay)
	}
	windows(c, st)
	s.complaints(c, st)
	s.refunds(c, st)
	lastPurchase := s.orders(c, st)
	r := &c.Interest
	st.RatingLast, st.RatingPrevious = c.Ratings.Last.Value, c.Ratings.Previous.Value
	st.CartOrInquiry = r.ProspectAt != 0
	st.ReferralMade = r.ReferralAt != 0
	st.Referral90 = r.ReferralAt > now-90*event.Day24h
	st.RatedFiveWithReview = r.ReviewAt != 0
	st.DoNotRetain = c.Flags&state.DoNotRetain != 0
	st.OptedOut = c.Profile.OptedOut != 0
	st.Closed = c.Closing.At != 0 && c.Closing.At >= lastPurchase
	if st.Closed {
		st.Closure = c.Closing.Reason
	}
}

// lifeSums unites what left the retained range with what is in it.
func lifeSums(c *state.Customer, st *score.Statistics) {
	r := &c.Life
	st.OrdersLife, st.PurchaseDaysLife = r.Orders, r.Days
	st.NetLife = r.Net
	addTo(st, &st.NetLife, r.LostNet)
	st.RepeatNet, st.RepeatNetDays = r.RepeatNet, r.RepeatDays
	st.FirstDay, st.LastDay = r.First, r.Last
	for i := range c.Days {
		d := &c.Days[i]
		addTo(st, &st.NetLife, d.Net)
		if d.Orders == 0 {
			continue
		}
		if st.PurchaseDaysLife == 0 {
			st.FirstDay = event.Day(d.Day)
		} else if d.Net > 0 {
			addTo(st, &st.RepeatNet, d.Net)
			st.RepeatNetDays++
		}
		st.PurchaseDaysLife++
		st.OrdersLife += uint32(d.Orders)
		st.LastDay = event.Day(d.Day)
	}
	lastFolded(c, st)
	if st.PurchaseDaysLife > 0 {
		st.HasPurchase, st.X = true, st.PurchaseDaysLife-1
	}
	a := window.ActivityOf(c.Days, c.Weeks)
	n := a.Count + r.ActivityDays
	if n == 0 {
		return
	}
	st.HasActivity, st.ActivityX = true, n-1
	st.FirstActivityDay, st.LastActivityDay = event.Day(a.First), event.Day(a.Last)
	if r.ActivityDays > 0 {
		st.FirstActivityDay = r.FirstAct
		if a.Count == 0 {
			st.LastActivityDay = r.LastAct
		}
	}
}

// windows sums what happened in the last days, today included.
func windows(c *state.Customer, st *score.Statistics) {
	today := int32(st.Today)
	for i := len(c.Days) - 1; i >= 0; i-- {
		d := &c.Days[i]
		age := today - d.Day
		if age < 0 {
			continue
		}
		if age >= 365 {
			break
		}
		orders, visits := uint32(d.Orders), uint32(d.Visits)
		st.Orders365 += orders
		addTo(st, &st.Net365, d.Net)
		if orders > 0 {
			st.PurchaseDays365++
		}
		switch {
		case age < 90:
			st.Orders90 += orders
			addTo(st, &st.Net90, d.Net)
			st.Visits90 += visits
		case age < 180:
			st.OrdersPrevious90 += orders
			addTo(st, &st.NetPrevious90, d.Net)
		}
		if age < 30 {
			st.Orders30 += orders
			addTo(st, &st.Net30, d.Net)
			st.Visits30 += visits
		}
		if age < 7 {
			st.Visits7 += visits
		}
		if age < 60 && (!st.HasPurchase || d.Day > int32(st.LastDay)) {
			st.VisitsSincePurchase += visits
		}
	}
}

// orders reads the remembered orders; it returns the instant of the latest
// that counts.
func (s *Shard) orders(c *state.Customer, st *score.Statistics) event.Instant {
	for i := len(c.Orders) - 1; i >= 0; i-- {
		o := &c.Orders[i]
		if o.Flags&state.OrderCounts == 0 {
			continue
		}
		if st.RefundInLastOrder = o.Flags&state.OrderRefundSeen != 0; o.Flags&state.OrderCancelled == 0 {
			return o.At
		}
	}
	return 0
}

// complaints reads the remembered complaints and the counts of the others.
func (s *Shard) complaints(c *state.Customer, st *score.Statistics) {
	st.LastComplaintAt = c.LastComplaint
	for _, d := range c.ComplaintDays {
		addComplaints(st, d.Day, d.Category, uint32(d.Count))
	}
	for i := range c.Complaints {
		k := &c.Complaints[i]
		category, day := categoryOf(k), s.cfg.Zone.DayOf(k.OpenedAt)
		addComplaints(st, int32(day), category, 1)
		st.LastComplaintAt = max(st.LastComplaintAt, k.OpenedAt)
		response, resolution := s.dueTimes(k)
		if !isOpen(k) {
			if k.ResolvedAt != 0 && k.ResolvedAt >= st.LastComplaintSolvedAt {
				st.LastComplaintSolvedAt = k.ResolvedAt
			}
			continue
		}
		st.ComplaintsOpen++
		if st.OldestOpenAt == 0 || k.OpenedAt < st.OldestOpenAt {
			st.OldestOpenAt, st.OldestOpenCategory = k.OpenedAt, category
			st.OldestOpenDay = day
		}
		due := resolution
		if k.RespondedAt == 0 || k.RespondedAt > st.Now {
			due = min(due, response)
		}
		if due <= s.silence {
			st.SLABrokenAt = max(st.SLABrokenAt, due)
		}
		if due <= s.silence && (!st.SLABreachedOpen || due < st.SLADueAt) {
			st.SLABreachedOpen, st.SLABreachedOpenedAt, st.SLADueAt, st.SLACategory = true, k.OpenedAt, due, category
		}
	}
}

func addComplaints(st *score.Statistics, day int32, category event.Category, n uint32) {
	age := int32(st.Today) - day
	if age < 0 || age >= complaintDays {
		return
	}
	st.Complaints90[category-1] += n
	if age < 30 {
		st.Complaints30[category-1] += n
	}
}
