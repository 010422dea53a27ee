package policy

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// ComplaintSLABreached: an open complaint is past a time it must keep.
const ComplaintSLABreached Kind = 3

var complaintSLABreached = kind{
	id: ComplaintSLABreached, name: "complaint_sla_breached", family: churnFamily, topic: signal.TopicChurn,
	watches:  complaintReasons,
	lead:     signal.ComplaintLate,
	tell:     tellLateComplaint,
	replaces: signal.OpenComplaint, // the same complaint, in days
	play: signal.Play{
		ID: "service-recovery-call", Title: "Call, apologise and settle the complaint", ActWithin: 2 * day,
	},
	cooldown: commonCooldown,
	judge:    openWhileHeld,
	holds:    func(j *judgement) bool { return j.f.SLABreached },
	over:     func(*judgement) signal.ResolveReason { return signal.ByComplaintResolved },
	since:    func(j *judgement) event.Instant { return j.f.SLABrokenAt },
	wake:     func(j *judgement, n *earliest) { n.inSilence(j.f.SLADueAt) },
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
