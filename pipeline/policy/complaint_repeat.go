package policy

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// ComplaintRepeat: too many complaints in 30 days.
const ComplaintRepeat Kind = 4

var complaintRepeat = kind{
	id: ComplaintRepeat, name: "complaint_repeat", family: churnFamily, topic: signal.TopicChurn,
	service: true,
	watches: complaintReasons,
	lead:    signal.RepeatComplaints,
	tell:    tellComplaints,
	play: signal.Play{
		ID: "case-owner", Title: "Name one person who owns all of this customer's cases", ActWithin: 2 * day,
	},
	cooldown: commonCooldown,
	judge:    openWhileHeld,
	holds:    func(j *judgement) bool { return j.f.Complaints30 >= j.c.RepeatComplaints },
	over: func(j *judgement) signal.ResolveReason {
		if j.f.ComplaintsOpen == 0 {
			return j.complaintOver()
		}
		return signal.ByLevelDropped
	},
	since: func(j *judgement) event.Instant { return j.f.LastComplaintAt },
	stands: func(j *judgement, e *Episode) bool { // and was news when it was raised
		return e.RaisedAt-j.f.LastComplaintAt <= j.c.MaxEventAge &&
			j.f.Complaints30 >= j.c.RepeatComplaints && j.f.ComplaintsOpen > 0
	},
	wake: func(j *judgement, n *earliest) { n.or(j.f.Complaints30FallAt) },
}

// tellComplaints tells how many complaints there were, and how many may be.
func tellComplaints(c *Config, s *score.Statistics, _ *score.Scores) signal.Reason {
	return signal.Reason{
		Observed: float64(s.ComplaintsIn30), HasObserved: true,
		Expected: float64(c.RepeatComplaints - 1), HasExpected: true,
	}
}
