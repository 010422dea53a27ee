package policy

import (
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// LadderUp: a stage of the loyalty ladder is reached; each is told once in a
// life. One that is reached while an earlier one cools down is told at the end of
// that, if it still holds. The stage repeat is a second purchase, which
// second_purchase tells of.
const LadderUp Kind = 6

var ladderUp = kind{
	id: LadderUp, name: "ladder_up", family: loyaltyFamily, topic: signal.TopicLoyalty,
	once: true,
	lead: signal.ReasonLadderUp,
	tell: func(_ *Config, _ *score.Statistics, sc *score.Scores) signal.Reason {
		return signal.Reason{Topic: sc.Ladder.String()}
	},
	play:     signal.Play{ID: "thank-you", Title: "Thank for the loyalty", ActWithin: 7 * day},
	cooldown: commonCooldown,
	judge:    tellOnce,
	holds: func(j *judgement) bool {
		stage := j.f.Ladder
		return stage >= j.c.LadderUpFrom && stage > j.st.LadderTold && stage != signal.LadderRepeat
	},
	note: func(j *judgement) { j.st.LadderTold = j.f.Ladder },
	wake: onlyByEvents,
}
