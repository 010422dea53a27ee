package shard

import (
	"bytes"
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/state"
)

// complaint applies a complaint, rating, survey or review.
func (s *Shard) complaint(c *state.Customer, e *event.Event) {
	if e.Rating != 0 {
		rate(c, e)
	}
	if e.Kind == event.PublicReview && e.Rating == 5 {
		c.Interest.ReviewAt = max(c.Interest.ReviewAt, e.OccurredAt)
	}
	switch e.Kind {
	case event.ComplaintMade, event.ReturnRequest, event.Dispute:
		s.progress(c, e)
	default: // a rating, or words: no complaint
	}
}

// rate keeps the two latest ratings.
func rate(c *state.Customer, e *event.Event) {
	r := state.Rating{At: e.OccurredAt, Hash: state.TieOf(e.EventHash), Value: e.Rating}
	switch {
	case later(e, c.Ratings.Last.At, c.Ratings.Last.Hash):
		c.Ratings.Previous, c.Ratings.Last = c.Ratings.Last, r
	case later(e, c.Ratings.Previous.At, c.Ratings.Previous.Hash):
		c.Ratings.Previous = r
	}
}

// progress notes a step in a complaint's life. Every field is a minimum, a
// maximum or a latest by (instant, rank), so the order of arrival is the same.
func (s *Shard) progress(c *state.Customer, e *event.Event) {
	k, known := complaintOf(c, e)
	if !known {
		s.meetComplaint(c, e)
	}
	k.OpenedAt = min(k.OpenedAt, e.OccurredAt)
	if e.Category != event.CategoryNone &&
		(k.CategoryAt == 0 || earlier(e, k.CategoryAt, k.CategoryHash)) {
		k.Category, k.CategoryAt, k.CategoryHash = e.Category, e.OccurredAt, state.TieOf(e.EventHash)
	}
	if e.OccurredAt > k.StatusAt || e.OccurredAt == k.StatusAt && e.Status.Rank() > k.Status.Rank() {
		k.Status, k.StatusAt = e.Status, e.OccurredAt
	}
	k.Severity = max(k.Severity, e.Severity)
	if e.SLADueAt != 0 && later(e, k.DueSetAt, k.DueHash) {
		k.DueAt, k.DueSetAt, k.DueHash = e.SLADueAt, e.OccurredAt, state.TieOf(e.EventHash)
	}
	keepTexts(c, k.Complaint, e)
	k.Kinds |= complaintKind(e.Kind)
	if e.FirstResponseAt != 0 {
		k.respond(e.FirstResponseAt)
	}
	if e.Status != event.Opened && e.Status != event.Reopened && e.Status != event.Withdrawn {
		k.respond(e.OccurredAt)
	}
	if e.Status == event.Reopened {
		k.ReopenedAt = max(k.ReopenedAt, e.OccurredAt)
	}
	if e.Status == event.Resolved || e.Status == event.Confirmed {
		k.ResolvedAt = max(k.ResolvedAt, e.OccurredAt)
	}
	s.makeRoom(c)
}

// meetComplaint tells of the first event about a complaint. Where that closes
// the complaint, its making is late or was never sent: it counts on the day on
// which it was first heard of, until an earlier one is known, and is never
// open. Where complaints were forgotten it may be a step of one of those, which
// then counts twice: so it looks where this customer's complaints have more
// steps than one.
func (s *Shard) meetComplaint(c *state.Customer, e *event.Event) {
	if closes(e.Status) {
		s.counters.UnknownComplaint++
	}
	if e.Status == event.Opened || c.LastComplaint == 0 {
		return
	}
	for i := range c.Complaints[:len(c.Complaints)-1] { // the last is this one
		if k := &c.Complaints[i]; k.Status == event.Opened || k.StatusAt != k.OpenedAt {
			c.Flags |= state.Approximate
			return
		}
	}
}

// keepTexts keeps the texts that alerts tell of. Of several orders that events name
// the first in the order of bytes stays, whichever comes first.
func keepTexts(c *state.Customer, k *state.Complaint, e *event.Event) {
	if len(k.ID) == 0 && len(e.ComplaintID) <= state.MaxID {
		k.ID = c.KeepText(e.ComplaintID)
	}
	n := len(e.OrderID)
	if n > 0 && n <= state.MaxID && (len(k.OrderID) == 0 || bytes.Compare(e.OrderID, k.OrderID) < 0) {
		k.OrderID = c.KeepText(e.OrderID)
	}
}

// closes reports whether a complaint is closed once it has a status.
func closes(status event.Status) bool {
	switch status {
	case event.Resolved, event.Confirmed, event.Rejected, event.Withdrawn:
		return true
	default:
		return false
	}
}

// complaintOf finds a remembered complaint or begins one.
func complaintOf(c *state.Customer, e *event.Event) (complaintStep, bool) {
	key := state.KeyOf(e.ComplaintHash)
	for i := range c.Complaints {
		if c.Complaints[i].Hash == key {
			return complaintStep{&c.Complaints[i]}, true
		}
	}
	c.Complaints = append(c.Complaints, state.Complaint{Hash: key, OpenedAt: e.OccurredAt})
	return complaintStep{&c.Complaints[len(c.Complaints)-1]}, false
}

// complaintStep is a remembered complaint while an event changes it.
type complaintStep struct{ *state.Complaint }

func (k complaintStep) respond(at event.Instant) {
	if k.RespondedAt == 0 || at < k.RespondedAt {
		k.RespondedAt = at
	}
}

// makeRoom sorts the complaints by the time they were made and lets one go
// where there are too many: the oldest that is closed, else the newest. It
// stays counted in its day.
func (s *Shard) makeRoom(c *state.Customer) {
	ks := c.Complaints
	for i := 1; i < len(ks); i++ {
		for j := i; j > 0 && complaintBefore(&ks[j], &ks[j-1]); j-- {
			ks[j], ks[j-1] = ks[j-1], ks[j]
		}
	}
	if len(ks) <= state.MaxComplaints {
		return
	}
	gone := len(ks) - 1
	for i := range ks {
		if !isOpen(&ks[i]) {
			gone = i
			break
		}
	}
	if isOpen(&ks[gone]) {
		c.Flags |= state.Approximate
	}
	c.LastComplaint = max(c.LastComplaint, ks[gone].OpenedAt)
	s.countComplaint(c, state.ComplaintDay{Day: int32(s.cfg.Zone.DayOf(ks[gone].OpenedAt)), Count: 1,
		Category: categoryOf(&ks[gone]), Aside: !s.cfg.Complaints.counts(&ks[gone])})
	c.Complaints = append(ks[:gone], ks[gone+1:]...)
}

// countComplaint keeps the count of complaints that are no longer remembered.
func (s *Shard) countComplaint(c *state.Customer, one state.ComplaintDay) {
	for i := range c.ComplaintDays {
		if d := &c.ComplaintDays[i]; d.Day == one.Day && d.Category == one.Category && d.Aside == one.Aside {
			if d.Count == math.MaxUint16 {
				s.cut(c)
				return
			}
			d.Count++
			return
		}
	}
	if len(c.ComplaintDays) == state.MaxComplaintDays {
		c.Flags |= state.Approximate
		oldest := 0
		for i := range c.ComplaintDays {
			if c.ComplaintDays[i].Day < c.ComplaintDays[oldest].Day {
				oldest = i
			}
		}
		c.ComplaintDays[oldest] = c.ComplaintDays[len(c.ComplaintDays)-1]
		c.ComplaintDays = c.ComplaintDays[:len(c.ComplaintDays)-1]
	}
	c.ComplaintDays = append(c.ComplaintDays, one)
}

func complaintBefore(a, b *state.Complaint) bool {
	return a.OpenedAt < b.OpenedAt || a.OpenedAt == b.OpenedAt && a.Hash < b.Hash
}

// categoryOf is what a complaint is counted as.
func categoryOf(k *state.Complaint) event.Category {
	if k.Category == event.CategoryNone {
		return event.CategoryOther
	}
	return k.Category
}

// complaintsFall is when the complaints of the last 30 days, in30 of them now,
// become fewer than n: when the n-th latest leaves. Never if they are fewer
// already. O(complaints²), for those who have n.
func (s *Shard) complaintsFall(c *state.Customer, in30, n uint32) event.Instant {
	if in30 < n {
		return policy.Never
	}
	const none = event.Day(-1 << 31)
	nth := none
	note := func(day event.Day) {
		if day > nth && s.complaintsFrom(c, day) >= n {
			nth = day
		}
	}
	for i := range c.Complaints {
		if k := &c.Complaints[i]; s.cfg.Complaints.counts(k) {
			note(s.cfg.Zone.DayOf(k.OpenedAt))
		}
	}
	for _, d := range c.ComplaintDays {
		if !d.Aside {
			note(event.Day(d.Day))
		}
	}
	return s.cfg.Zone.StartOf(nth + 30)
}

// complaintsFrom counts the complaints made on a day or later, of the kinds that
// count as repeated.
func (s *Shard) complaintsFrom(c *state.Customer, day event.Day) (n uint32) {
	for i := range c.Complaints {
		if k := &c.Complaints[i]; s.cfg.Complaints.counts(k) && s.cfg.Zone.DayOf(k.OpenedAt) >= day {
			n++
		}
	}
	for _, d := range c.ComplaintDays {
		if !d.Aside && event.Day(d.Day) >= day {
			n += uint32(d.Count)
		}
	}
	return n
}
