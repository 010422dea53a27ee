package policy

import (
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Reactivated: coming back has ended the level lost. Of one who had bought on one
// day only it is a second purchase.
const Reactivated Kind = 7

var reactivated = kind{
	id: Reactivated, name: "reactivated", family: loyaltyFamily, topic: signal.TopicLoyalty,
	once: true,
	lead: signal.ReasonReactivated,
	tell: func(*Config, *score.Statistics, *score.Scores) signal.Reason { return signal.Reason{} },
	play: signal.Play{
		ID: "welcome-back", Title: "Welcome back and ask what had kept them away", ActWithin: 7 * day,
	},
	cooldown: commonCooldown,
	judge:    tellOnce,
	holds:    func(j *judgement) bool { return j.reactivated },
	wake:     onlyByEvents,
}
