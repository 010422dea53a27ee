package lane

import (
	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
)

// chooseStanding names in the batch at hand the customers whose alerts were not
// delivered when they were raised and are to be told now: once all that has
// reached Kafka is applied, not more than the rate allows. The rate counts wall
// time from the lane's beginning, so a restart makes nothing faster.
func (l *Lane) chooseStanding(wall event.Instant) {
	l.batch.Tell = l.batch.Tell[:0]
	if l.cfg.StandingPerHour <= 0 || !l.clock.caughtUp || l.late() || l.more || len(l.sessions) > 0 {
		return
	}
	each := l.eachStanding()
	if l.toldUntil == 0 || l.toldUntil > wall {
		l.toldUntil = wall
	}
	l.toldUntil = max(l.toldUntil, wall-mostStanding*each) // what was not used is not saved up
	l.batch.Tell = l.shard.Untold(wall, min(int((wall-l.toldUntil)/each), mostStanding), l.batch.Tell)
}

// spendStanding takes from the rate whom the batch has told of, not whom it named:
// what the batch itself brought may have left nothing to tell.
func (l *Lane) spendStanding() {
	if told := l.shard.Told(); told > 0 {
		l.toldUntil += event.Instant(told) * l.eachStanding()
	}
}

// eachStanding is how much of the wall time one of them takes.
func (l *Lane) eachStanding() event.Instant {
	return max(event.Hour/event.Instant(max(l.cfg.StandingPerHour, 1)), 1)
}

// mostStanding is how many standing alerts a batch tells of at most.
const mostStanding = checkpoint.MaxTell
