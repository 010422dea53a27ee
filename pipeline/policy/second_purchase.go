package policy

import (
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// SecondPurchase: a customer has bought on a second day; once in a life.
const SecondPurchase Kind = 5

var secondPurchase = kind{
	id: SecondPurchase, name: "second_purchase", family: loyaltyFamily, topic: signal.TopicLoyalty,
	once: true,
	lead: signal.ReasonSecondPurchase,
	tell: func(_ *Config, s *score.Statistics, _ *score.Scores) signal.Reason {
		return signal.Reason{Observed: float64(s.LastDay - s.FirstDay), HasObserved: true}
	},
	play:     signal.Play{ID: "welcome-back", Title: "Thank for coming back", ActWithin: 7 * day},
	cooldown: commonCooldown,
	judge:    tellOnce,
	holds:    func(j *judgement) bool { return j.f.X >= 1 && j.st.Flags&FlagSecondTold == 0 },
	note:     func(j *judgement) { j.st.set(FlagSecondTold, true) },
	wake:     onlyByEvents,
}
