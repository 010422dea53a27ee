package policy

import (
	"slices"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// SecondPurchase: a customer has bought on a second day. It is told once, unless
// the purchase is undone: then the notice is taken back, and the next second
// purchase is another alert.
const SecondPurchase Kind = 5

// secondKept is how long the notice of a second purchase can be taken back: as
// long as the days of a record are retained. What is undone later stays told.
const secondKept = 400 * event.Day24h

var secondPurchase = kind{
	id: SecondPurchase, name: "second_purchase", family: loyaltyFamily, topic: signal.TopicLoyalty,
	once: true,
	lead: signal.ReasonSecondPurchase,
	tell: func(_ *Config, s *score.Statistics, _ *score.Scores) signal.Reason {
		return signal.Reason{Observed: float64(s.LastDay - s.FirstDay), HasObserved: true}
	},
	play:     signal.Play{ID: "welcome-back", Title: "Thank for coming back", ActWithin: 7 * day},
	cooldown: commonCooldown,
	kept:     secondKept,
	judge:    judgeSecondPurchase,
	holds:    func(j *judgement) bool { return j.f.X >= 1 && j.st.Flags&FlagSecondTold == 0 },
	note:     func(j *judgement) { j.st.set(FlagSecondTold, true) },
	wake:     onlyByEvents,
}

// judgeSecondPurchase tells of the second purchase, and takes the notice back where
// it is none any more: cancelled, refunded in full, not paid. What was taken back
// has no cooldown, so that the true one is told when it comes.
func judgeSecondPurchase(j *judgement, k *kind) {
	if e := j.find(k.id); e != nil && j.f.X == 0 && j.st.Flags&FlagSecondTold != 0 {
		e.CooldownUntil = j.f.Now
		j.say(k, e, signal.Resolved, j.st.Level, e.Level, signal.ByPurchaseUndone)
		j.st.set(FlagSecondTold, false)
		j.forget(k.id)
		return
	}
	tellOnce(j, k)
}

// forget lets the episode of a kind go.
func (j *judgement) forget(kind Kind) {
	j.episodes = slices.DeleteFunc(j.episodes, func(e Episode) bool { return e.Kind == kind })
}
