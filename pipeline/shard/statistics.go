package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
	"github.com/holdfast/holdfast/pipeline/window"
)

// statistics reads a customer's record as numbers at the moment now: all that is
// judged and published. O(retained days).
func (s *Shard) statistics(c *state.Customer, now event.Instant, st *score.Statistics) {
	s.facts(c, now, &st.Facts)
	s.publish(c, st)
}

// facts reads from a customer's record what it is judged by at the moment now,
// by the counting rules of docs/signals.md. O(retained days).
func (s *Shard) facts(c *state.Customer, now event.Instant, f *score.Facts) {
	*f = score.Facts{Now: now, Today: s.cfg.Zone.DayOf(now), Approximate: c.Flags&state.Approximate != 0}
	purchaseDays(c, f)
	recentDays(c, f)
	s.complaintFacts(c, f)
	lastPurchase := s.orders(c, f)
	if f.ActivityHeld = s.versions.activityHeld; s.versions.parameters.HasActivity {
		activityDays(c, f)
	}
	s.foreignOrders(c, f)
	r := &c.Interest
	f.RatingLast, f.RatingPrevious = c.Ratings.Last.Value, c.Ratings.Previous.Value
	f.CartOrInquiry = r.ProspectAt != 0
	advocacy(c, f)
	f.Referral90 = r.ReferralAt > now-90*event.Day24h
	f.DoNotRetain = c.Flags&state.DoNotRetain != 0
	f.OptedOut = c.Profile.OptedOut != 0
	f.Closed = c.Closing.At != 0 && c.Closing.At >= lastPurchase
	if f.Closed {
		f.Closure = c.Closing.Reason
	}
}

// publish reads what is published of a customer beside the facts that st holds.
// The record must be the one that they were read from. O(retained days).
func (s *Shard) publish(c *state.Customer, st *score.Statistics) {
	*st = score.Statistics{Facts: st.Facts}
	if st.HasPurchase {
		st.LastDayStart = s.cfg.Zone.StartOf(st.LastDay)
	}
	lifeSums(c, st)
	activityDays(c, &st.Facts)
	windows(c, st)
	margins(c, st)
	s.complaints(c, st)
	s.orderFigures(c, st)
}

// purchaseDays unites the purchase days that left the retained range with those
// in it.
func purchaseDays(c *state.Customer, f *score.Facts) {
	days := c.Life.Days
	f.FirstDay, f.LastDay = c.Life.First, c.Life.Last
	for i := range c.Days {
		d := &c.Days[i]
		if d.Orders == 0 {
			continue
		}
		if days == 0 {
			f.FirstDay = event.Day(d.Day)
		}
		days++
		f.LastDay = event.Day(d.Day)
	}
	lastFolded(c, f)
	if days > 0 {
		f.HasPurchase, f.X = true, days-1
	}
}

// recentDays sums what happened in the last 180 days, today included.
func recentDays(c *state.Customer, f *score.Facts) {
	today := int32(f.Today)
	for i := len(c.Days) - 1; i >= 0; i-- {
		d := &c.Days[i]
		age := today - d.Day
		switch {
		case age < 0:
			continue
		case age >= 180:
			return
		case age >= 90:
			f.OrdersPrevious90 += uint32(d.Orders)
			addTo(f, &f.NetPrevious90, d.Net)
			continue
		case age < 30:
			f.Visits30 += uint32(d.Visits)
		}
		f.Orders90 += uint32(d.Orders)
		addTo(f, &f.Net90, d.Net)
	}
}

// lifeSums unites what left the retained range with what is in it.
func lifeSums(c *state.Customer, st *score.Statistics) {
	r := &c.Life
	st.OrdersLife, st.PurchaseDaysLife = r.Orders, r.Days
	st.NetLife = r.Net
	addTo(&st.Facts, &st.NetLife, r.LostNet)
	st.RepeatNet, st.RepeatNetDays = r.RepeatNet, r.RepeatDays
	if r.Days == 2 { // of more, only the first and the last are known
		st.DaysToSecond = uint32(r.Last - r.First)
	}
	for i := range c.Days {
		d := &c.Days[i]
		addTo(&st.Facts, &st.NetLife, d.Net)
		if d.Orders == 0 {
			continue
		}
		if st.PurchaseDaysLife > 0 && d.Net > 0 {
			addTo(&st.Facts, &st.RepeatNet, d.Net)
			st.RepeatNetDays++
		}
		if st.PurchaseDaysLife == 1 {
			st.DaysToSecond = uint32(event.Day(d.Day) - st.FirstDay)
		}
		st.PurchaseDaysLife++
		st.OrdersLife += uint32(d.Orders)
	}
}

// activityDays unites the days with a purchase or an acting visit likewise.
func activityDays(c *state.Customer, f *score.Facts) {
	r := &c.Life
	a := window.ActivityOf(c.Days, c.Weeks)
	n := a.Count + r.ActivityDays
	if n == 0 {
		return
	}
	f.HasActivity, f.ActivityX = true, n-1
	f.FirstActivityDay, f.LastActivityDay = event.Day(a.First), event.Day(a.Last)
	if r.ActivityDays > 0 {
		f.FirstActivityDay = r.FirstAct
		if a.Count == 0 {
			f.LastActivityDay = r.LastAct
		}
	}
}

// windows sums what happened in the other windows, today included.
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
		addTo(&st.Facts, &st.Net365, d.Net)
		if orders > 0 {
			st.PurchaseDays365++
		}
		if age < 30 {
			st.Orders30 += orders
			addTo(&st.Facts, &st.Net30, d.Net)
		}
		if age < 7 {
			st.Visits7 += visits
		}
		if age < 90 {
			st.Visits90 += visits
		}
		if age < score.IntentDays && (!st.HasPurchase || d.Day > int32(st.LastDay)) {
			st.VisitsSincePurchase += visits
		}
	}
}

// orders reads the remembered orders; it returns the instant of the latest
// that counts.
func (s *Shard) orders(c *state.Customer, f *score.Facts) event.Instant {
	for i := len(c.Orders) - 1; i >= 0; i-- {
		o := &c.Orders[i]
		if o.Flags&state.OrderCounts == 0 {
			continue
		}
		f.RefundInLastOrder = o.Flags&state.OrderRefundSeen != 0
		if o.Flags&state.OrderCancelled == 0 && !o.Unpaid() {
			return o.At
		}
	}
	return 0
}

// complaintFacts reads what of the complaints is judged: how many are open and
// recent, and whether one is past its time.
func (s *Shard) complaintFacts(c *state.Customer, f *score.Facts) {
	f.LastComplaintAt = c.LastComplaint
	today := int32(f.Today)
	for _, d := range c.ComplaintDays {
		if age := today - d.Day; !d.Aside && age >= 0 && age < 30 {
			f.ComplaintsIn30 += uint32(d.Count)
		}
	}
	for i := range c.Complaints {
		k := &c.Complaints[i]
		age := today - int32(s.cfg.Zone.DayOf(k.OpenedAt))
		if age >= 0 && age < 30 && s.cfg.Complaints.counts(k) {
			f.ComplaintsIn30++
		}
		f.LastComplaintAt = max(f.LastComplaintAt, k.OpenedAt)
		if !isOpen(k) {
			if closedBy(k) == signal.ByComplaintResolved {
				f.LastComplaintSolvedAt = max(f.LastComplaintSolvedAt, k.ResolvedAt)
			}
			continue
		}
		f.ComplaintsOpen++
		if due := s.dueAt(k, f.Now).due; due <= s.silence {
			f.SLABreachedOpen, f.SLABrokenAt = true, max(f.SLABrokenAt, due)
			f.SevereBreached = f.SevereBreached || s.cfg.Complaints.severe(k)
		}
	}
}

// complaints counts the complaints by category, and reads which of them is open
// for the longest time and which is furthest past its time.
func (s *Shard) complaints(c *state.Customer, st *score.Statistics) {
	for _, d := range c.ComplaintDays {
		addComplaints(st, d.Day, d.Category, uint32(d.Count))
	}
	breached := false
	for i := range c.Complaints {
		k := &c.Complaints[i]
		day := s.cfg.Zone.DayOf(k.OpenedAt)
		addComplaints(st, int32(day), categoryOf(k), 1)
		if !isOpen(k) {
			continue
		}
		if st.OldestOpenAt == 0 || k.OpenedAt < st.OldestOpenAt {
			st.OldestOpenAt, st.OldestOpenDay = k.OpenedAt, day
		}
		if next := s.dueAt(k, st.Now); next.due <= s.silence && (!breached || next.due < st.SLADueAt) {
			breached = true
			st.SLABreachedOpenedAt, st.SLADueAt, st.SLACategory = next.from, next.due, categoryOf(k)
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
