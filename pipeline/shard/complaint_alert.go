package shard

import (
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// tellComplaint puts the complaint that an alert is about into it, and into the
// figures that its reason tells.
func (s *Shard) tellComplaint(c *state.Customer, subject uint64, a *signal.Alert) {
	k, which := complaintOfSubject(c, subject)
	a.Complaint.Time = which
	if k == nil { // not remembered any more
		return
	}
	span := s.cfg.Complaints.resolutionTime(k)
	if which == signal.FirstResponse {
		span = s.cfg.Complaints.responseTime(k)
	}
	a.Complaint = signal.AlertComplaint{
		ID: string(k.ID), OrderID: string(k.OrderID), Category: categoryOf(k).String(), Severity: k.Severity, Time: which,
		OpenedAt: signalInstant(k.OpenedAt), RunsFrom: signalInstant(span.from), DueAt: signalInstant(span.due),
	}
	f := &s.judge.statistics.ComplaintFigures
	f.SLABreachedOpenedAt, f.SLADueAt, f.SLACategory = span.from, span.due, categoryOf(k)
}
