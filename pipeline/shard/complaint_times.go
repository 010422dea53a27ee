package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// ComplaintTimes is when a complaint must have been answered and resolved.
type ComplaintTimes struct {
	FirstResponse, Resolution             event.Instant
	SevereFrom                            uint8 // severity from which the severe times hold
	SevereFirstResponse, SevereResolution event.Instant
	// Hours are those in which the times run; nil: around the clock.
	Hours *Hours
	// Kinds are those that must keep times and count as repeated; 0: complaints and
	// disputes.
	Kinds state.ComplaintKinds
}

// maxComplaintTimes is how many times the complaints of a record have.
const maxComplaintTimes = 2 * state.MaxComplaints

// complaintKind is the bit of a kind of event that tells of a complaint.
func complaintKind(kind event.Kind) state.ComplaintKinds {
	switch kind {
	case event.ReturnRequest:
		return state.OfReturnRequest
	case event.Dispute:
		return state.OfDispute
	default:
		return state.OfComplaint
	}
}

// counts reports whether a complaint must keep times and counts as repeated: one
// of its events was of a configured kind. Those of a record of format 3 do.
func (t *ComplaintTimes) counts(k *state.Complaint) bool {
	kinds := t.Kinds
	if kinds == 0 {
		kinds = state.OfComplaint | state.OfDispute
	}
	return k.Kinds == 0 || k.Kinds&kinds != 0
}

// after is the moment at which a time that runs from an instant is over.
func (t *ComplaintTimes) after(from, span event.Instant) event.Instant {
	if t.Hours == nil {
		return from + span
	}
	return t.Hours.After(from, span)
}

// subjectOf names a time of a complaint: the key has 56 bits, the time two.
func subjectOf(k *state.Complaint, which signal.ComplaintTime) uint64 {
	return k.Hash<<2 | uint64(which)
}

// complaintOfSubject finds the complaint of a subject, nil where it is not
// remembered, and says which of its times it is.
func complaintOfSubject(c *state.Customer, subject uint64) (*state.Complaint, signal.ComplaintTime) {
	which := signal.ComplaintTime(subject & 3)
	for i := range c.Complaints {
		if c.Complaints[i].Hash == subject>>2 {
			return &c.Complaints[i], which
		}
	}
	return nil, which
}

// complaintSpan is a time of a complaint: since when it runs, and when it is over.
type complaintSpan struct{ from, due event.Instant }

// responseTime is that of the first response, which a reopening leaves as it was.
func (t *ComplaintTimes) responseTime(k *state.Complaint) complaintSpan {
	span := t.FirstResponse
	if t.severe(k) {
		span = t.SevereFirstResponse
	}
	return complaintSpan{k.OpenedAt, t.after(k.OpenedAt, span)}
}

// resolutionTime is that of the resolution. A reopening begins a new one, which a
// due time told before the reopening says nothing of.
func (t *ComplaintTimes) resolutionTime(k *state.Complaint) complaintSpan {
	from := max(k.OpenedAt, k.ReopenedAt)
	if k.DueAt != 0 && k.DueSetAt >= k.ReopenedAt {
		return complaintSpan{from, k.DueAt}
	}
	span := t.Resolution
	if t.severe(k) {
		span = t.SevereResolution
	}
	return complaintSpan{from, t.after(from, span)}
}

func (t *ComplaintTimes) severe(k *state.Complaint) bool {
	return t.SevereFrom != 0 && k.Severity >= t.SevereFrom
}

func responded(k *state.Complaint, now event.Instant) bool {
	return k.RespondedAt != 0 && k.RespondedAt <= now
}

// complaintTimes appends the times of all complaints as they stand at now, of
// which silence is known up to s.silence.
func (s *Shard) complaintTimes(c *state.Customer, now event.Instant, to []policy.ComplaintTime) []policy.ComplaintTime {
	t := &s.cfg.Complaints
	for i := range c.Complaints {
		k := &c.Complaints[i]
		if !t.counts(k) {
			continue
		}
		closed := closedBy(k)
		for _, which := range [...]signal.ComplaintTime{signal.FirstResponse, signal.Resolution} {
			span := t.resolutionTime(k)
			if which == signal.FirstResponse {
				span = t.responseTime(k)
			}
			time := policy.ComplaintTime{Subject: subjectOf(k, which), DueAt: span.due, Over: closed}
			switch {
			case closed != signal.ResolveNone:
			case which == signal.FirstResponse && responded(k, now):
				time.Over = signal.ByComplaintAnswered
			case span.due > s.silence:
				time.Over = signal.ByComplaintDueLater
			}
			to = append(to, time)
		}
	}
	return to
}

// dropTexts lets the texts of complaints go that no alert will tell of: a later
// event about one brings its id again.
func (s *Shard) dropTexts(c *state.Customer) {
	for i := range c.Complaints {
		k := &c.Complaints[i]
		if len(k.ID) == 0 && len(k.OrderID) == 0 || isOpen(k) && s.cfg.Complaints.counts(k) {
			continue
		}
		if !s.judge.standing.tellsOf(k) {
			k.ID, k.OrderID = nil, nil
		}
	}
}

// tellsOf reports whether an alert about a complaint is open.
func (st *standing) tellsOf(k *state.Complaint) bool {
	for i := range st.episodes {
		if e := &st.episodes[i]; e.Open && e.Subject != 0 && e.Subject>>2 == k.Hash {
			return true
		}
	}
	return false
}

// closedBy says how a complaint was closed; ResolveNone where it is open.
func closedBy(k *state.Complaint) signal.ResolveReason {
	switch k.Status {
	case event.Resolved, event.Confirmed:
		return signal.ByComplaintResolved
	case event.Rejected:
		return signal.ByComplaintRejected
	case event.Withdrawn:
		return signal.ByComplaintWithdrawn
	default:
		return signal.ResolveNone
	}
}

// complaintOver is how the complaint ended, or was answered, that did so last.
func complaintOver(c *state.Customer) (why signal.ResolveReason) {
	var last event.Instant
	for i := range c.Complaints {
		k := &c.Complaints[i]
		closed, at := closedBy(k), k.StatusAt
		if closed == signal.ResolveNone && k.RespondedAt != 0 {
			closed, at = signal.ByComplaintAnswered, k.RespondedAt
		}
		if closed != signal.ResolveNone && at >= last {
			why, last = closed, at
		}
	}
	return why
}

// isOpen says whether a complaint waits for its resolution.
func isOpen(k *state.Complaint) bool {
	switch k.Status {
	case event.Opened, event.Acknowledged, event.InProgress, event.Reopened:
		return true
	default:
		return false
	}
}

// nextDue is the first moment beyond what is known of silence at which an open
// complaint breaks a time that it must keep; Never if none will. It may have gone
// by already.
func (s *Shard) nextDue(c *state.Customer) event.Instant {
	next, t := policy.Never, &s.cfg.Complaints
	for i := range c.Complaints {
		k := &c.Complaints[i]
		if !isOpen(k) || !t.counts(k) {
			continue
		}
		response, resolution := t.responseTime(k).due, t.resolutionTime(k).due
		if response > s.silence && (k.RespondedAt == 0 || k.RespondedAt > response) {
			next = min(next, response)
		}
		if resolution > s.silence {
			next = min(next, resolution)
		}
	}
	return next
}

// dueAt is the next time that an open complaint must keep as it stands at now; due
// Never where it must keep none.
func (s *Shard) dueAt(k *state.Complaint, now event.Instant) complaintSpan {
	t := &s.cfg.Complaints
	if !t.counts(k) {
		return complaintSpan{k.OpenedAt, policy.Never}
	}
	next := t.resolutionTime(k)
	if response := t.responseTime(k); !responded(k, now) && response.due <= next.due {
		next = response
	}
	return next
}
