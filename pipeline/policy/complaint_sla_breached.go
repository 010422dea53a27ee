package policy

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// ComplaintSLABreached: an open complaint is past a time that it must keep. Every
// complaint has an alert of its own for each of its times.
const ComplaintSLABreached Kind = 3

var complaintSLABreached = kind{
	id: ComplaintSLABreached, name: "complaint_sla_breached", family: churnFamily, topic: signal.TopicChurn,
	service:  true,
	watches:  complaintReasons,
	lead:     signal.ComplaintLate,
	tell:     tellLateComplaint,
	replaces: signal.OpenComplaint, // the same complaint, in days
	play: signal.Play{
		ID: "service-recovery-call", Title: "Call, apologise and settle the complaint", ActWithin: 2 * day,
	},
	cooldown: commonCooldown,
	judge:    judgeComplaintTimes,
	since:    func(j *judgement) event.Instant { return j.brokenAt },
	stands:   standsLate,
	wake:     func(j *judgement, n *earliest) { n.inSilence(j.f.SLADueAt) },
}

// ComplaintTime is a time that a complaint must keep, as it stands at Facts.Now.
type ComplaintTime struct {
	// Subject tells it from every other time of the customer's complaints; never 0.
	Subject uint64
	DueAt   event.Instant
	// Over says why the complaint is not past the time; ResolveNone where it is.
	Over signal.ResolveReason
}

func (t *ComplaintTime) broken() bool { return t.Over == signal.ResolveNone }

// judgeComplaintTimes runs one alert for each time of a complaint that is broken.
func judgeComplaintTimes(j *judgement, k *kind) {
	for i := range j.episodes {
		if e := &j.episodes[i]; e.Kind == k.id && e.Open {
			j.continueComplaintTime(k, e)
		}
	}
	for i := range j.f.ComplaintTimes {
		t := &j.f.ComplaintTimes[i]
		if !t.broken() {
			continue
		}
		// What has ended speaks against the same time alone: not against one that came
		// later, by a reopening or another promise, and is broken too.
		if e := j.findSubject(k.id, t.Subject); e == nil || !e.Open && t.DueAt > e.MessageAt {
			j.subject, j.brokenAt = t.Subject, t.DueAt
			j.raise(k, j.st.Level)
			j.subject, j.brokenAt = 0, 0
		}
	}
}

// continueComplaintTime takes an open alert on.
func (j *judgement) continueComplaintTime(k *kind, e *Episode) {
	if e.Subject == 0 {
		j.adopt(k, e)
	}
	t := j.complaintTime(e.Subject)
	switch {
	case j.answered(k, e):
	case t == nil && e.Subject == 0: // of an older writer, and none is broken
		j.end(k, e, signal.Resolved, j.complaintOver())
	case t == nil: // the complaint is not remembered any more
		j.end(k, e, signal.Resolved, signal.ByLevelDropped)
	case !t.broken():
		j.end(k, e, signal.Resolved, t.Over)
	default:
		j.tellStanding(k, e)
		j.aged(k, e)
	}
}

// standsLate reports whether the time of an alert is still broken, and not for longer
// than an alert is open: what nobody answered in that time is history.
func standsLate(j *judgement, e *Episode) bool {
	t := j.complaintTime(e.Subject)
	return t != nil && t.broken() && j.f.Now < t.DueAt+j.c.Expiry
}

// adopt gives an alert that an older writer raised, one for all complaints, to the
// first broken time that has none.
func (j *judgement) adopt(k *kind, e *Episode) {
	for i := range j.f.ComplaintTimes {
		if t := &j.f.ComplaintTimes[i]; t.broken() && j.findSubject(k.id, t.Subject) == nil {
			e.Subject = t.Subject
			return
		}
	}
}

func (j *judgement) complaintTime(subject uint64) *ComplaintTime {
	for i := range j.f.ComplaintTimes {
		if t := &j.f.ComplaintTimes[i]; t.Subject == subject {
			return t
		}
	}
	return nil
}

// complaintOver is how the complaint ended that ended last.
func (j *judgement) complaintOver() signal.ResolveReason {
	if j.f.ComplaintOver == signal.ResolveNone {
		return signal.ByComplaintResolved
	}
	return j.f.ComplaintOver
}

// tellLateComplaint tells of the complaint in hours.
func tellLateComplaint(_ *Config, s *score.Statistics, _ *score.Scores) signal.Reason {
	return signal.Reason{
		Topic:    s.SLACategory.String(),
		Observed: hours(s.Now - s.SLABreachedOpenedAt), HasObserved: true,
		Expected: hours(s.SLADueAt - s.SLABreachedOpenedAt), HasExpected: true,
	}
}

func hours(span event.Instant) float64 {
	return float64(max(0, span)) / float64(event.Day24h) * 24
}
