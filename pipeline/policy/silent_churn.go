package policy

import "github.com/holdfast/holdfast/pipeline/signal"

// SilentChurn: a customer is silent for longer than the own rhythm explains, and
// has said nothing of what is wrong for long, if ever.
const SilentChurn Kind = 2

var silentChurn = kind{
	id: SilentChurn, name: "silent_churn", family: churnFamily, topic: signal.TopicChurn,
	onSilence: true,
	watches:   ^signal.ReasonMask(0).With(signal.Overdue), // silence itself is no news
	cooldown:  commonCooldown,
	judge:     judgeSilence,
	holds:     func(j *judgement) bool { return !j.complainedLately() },
	stands:    standsBySilence,
	wake:      wakeForSilence,
}
