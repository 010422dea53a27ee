package policy

import "github.com/holdfast/holdfast/pipeline/signal"

// ChurnRisk: a customer is silent for longer than the own rhythm explains, and has
// complained not long ago.
const ChurnRisk Kind = 1

var churnRisk = kind{
	id: ChurnRisk, name: "churn_risk", family: churnFamily, topic: signal.TopicChurn,
	onSilence: true,
	watches:   ^signal.ReasonMask(0).With(signal.Overdue), // silence itself is no news
	cooldown:  commonCooldown,
	judge:     judgeSilence,
	holds:     (*judgement).complainedLately,
	stands:    standsBySilence,
	wake:      wakeForSilence,
}

// complainedLately reports whether a complaint may explain the silence.
func (j *judgement) complainedLately() bool {
	return j.f.SLABreached || j.f.LastComplaintAt != 0 && j.f.Now-j.f.LastComplaintAt <= j.c.SilentAfter
}
