package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// judgement is the room in which a customer is judged, reused from one to the
// next.
type judgement struct {
	standing    standing
	room        policy.Room
	statistics  score.Statistics
	scores      score.Scores
	facts       policy.Facts
	transitions []policy.Transition
	times       [maxComplaintTimes]policy.ComplaintTime
	input       score.Input
	row         *signal.Row
	alertRow    signal.AlertRow
}

// decide judges the customer at c.JudgedAt, turns what the policy says into
// effects, and sets the next deadline.
func (s *Shard) decide(b *Batch, c *state.Customer, silence event.Instant, fx *Effects) {
	j, now := &s.judge, c.JudgedAt
	st := &j.statistics.Facts
	j.standing.load(c)
	// What was known once stays known, though an event of before comes now.
	s.silence = min(max(silence, j.standing.silence, 1), now)
	j.standing.silence = s.silence
	s.facts(c, now, st)
	s.keepCrossings(&j.standing.crossings, s.parametersOf(c), st)
	s.gather(c, st)
	j.facts.WindowEdgeAt = min(s.nextExpiry(c, st), s.heldAgain(st), advocacyEnds(c, now))
	j.facts.Wall, j.facts.Present = b.Wall, s.telling
	j.standing.episodes, j.transitions, c.Deadline =
		s.cfg.Policy.Judge(&j.room, &j.standing.state, j.standing.episodes, &j.facts, j.transitions[:0])
	j.standing.save(c)
	j.standing.settle(c)
	s.noteUntold(b, c)
	if len(j.transitions) > 0 {
		s.counters.AlertsRaised += raised(j.transitions)
		if !b.Replay {
			s.announce(b, c, fx)
		}
	}
	s.dropTexts(c)
}

func raised(transitions []policy.Transition) (n uint64) {
	for i := range transitions {
		if transitions[i].Action == signal.Raised {
			n++
		}
	}
	return n
}

// keepCrossings computes the crossing days anew where purchase days or
// parameters have changed, and says whether they have.
func (s *Shard) keepCrossings(kept *crossingsKept, p *score.Parameters, st *score.Facts) bool {
	if !st.HasPurchase {
		was := *kept
		*kept = crossingsKept{}
		return was != crossingsKept{}
	}
	key := crossingsKept{x: st.X, firstDay: st.FirstDay, lastDay: st.LastDay, parameters: s.versions.hash, days: kept.days}
	byActivity := p.ByActivity(st)
	if byActivity {
		key.x, key.firstDay = 0, 0 // of no history: computed at each judgement, for nothing says what they are of
	}
	if key == *kept && !byActivity {
		return false
	}
	was := *kept
	key.days = p.Crossings(st)
	*kept = key
	return was != key
}

// gather fills the facts that the policy judges by.
func (s *Shard) gather(c *state.Customer, st *score.Facts) {
	p := s.parametersOf(c)
	f := &s.judge.facts
	*f = policy.Facts{
		Now: st.Now, Silence: s.silence, CustomerID: c.ID, HasPurchase: st.HasPurchase, X: st.X, LastPurchaseDay: st.LastDay,
		WatchAt: policy.Never, AtRiskAt: policy.Never, CriticalAt: policy.Never, LostAt: policy.Never,
		OverdueAt:         policy.Never,
		DropoutIdentified: p.TestsAlive(st), ByQuantile: p.ByQuantile(st),
		Sufficiency: p.DataSufficiency, ModelSince: s.versions.since,
		// No cut points are in force yet: a rank of value counts as met,
		// membership in a class as not met.
		ValueRankMet:   true,
		ComplaintsOpen: st.ComplaintsOpen, SLABreached: st.SLABreachedOpen, SLABrokenAt: st.SLABrokenAt,
		SevereBreached: st.SevereBreached,
		SLADueAt:       s.nextDue(c), WindowEdgeAt: policy.Never, Complaints30: st.ComplaintsIn30,
		LastComplaintAt: st.LastComplaintAt,
		ComplaintTimes:  s.complaintTimes(c, st.Now, s.judge.times[:0]), ComplaintOver: complaintOver(c),
		Closed: st.Closed, Closure: st.Closure, OptedOut: st.OptedOut, DoNotRetain: st.DoNotRetain,
	}
	f.Complaints30FallAt = s.complaintsFall(c, f.Complaints30, s.cfg.Policy.RepeatComplaints)
	pr := p.Probabilities(st)
	f.Ladder, f.Reasons = p.LadderStage(st, &pr), p.ReasonMask(st, &pr)
	if !st.HasPurchase {
		return
	}
	if p.ByActivity(st) {
		f.ActiveUntil = s.cfg.Zone.StartOf(st.LastActivityDay + 1)
	}
	f.PAlive, f.OverdueQuantile = pr.PAliveMillionths, pr.OverdueMillionths
	days := &s.judge.standing.crossings.days
	f.WatchAt, f.AtRiskAt = s.startOf(days.Watch), s.startOf(days.AtRisk)
	f.CriticalAt = s.startOf(days.Critical)
	f.LostAt, f.OverdueAt = s.startOf(days.Lost), s.startOf(days.Overdue)
}

func (s *Shard) startOf(day event.Day) event.Instant {
	if day == score.Never {
		return policy.Never
	}
	return s.cfg.Zone.StartOf(day)
}

// The windows that silence moves on: a day that leaves one changes the
// customer's row.
var (
	purchaseWindows  = score.Edges(score.Purchases)
	visitWindows     = score.Edges(score.Visits)
	intentWindows    = score.Edges(score.VisitsSincePurchase)
	complaintWindows = score.Edges(score.Complaints)
)

// leaves is the first day after today on which what happened on a day is no
// longer in one of the windows; never where it has left them all.
func leaves(day, today event.Day, windows []int32) event.Day {
	for _, w := range windows {
		if leave := day + event.Day(w); leave > today {
			return leave
		}
	}
	return never
}

// never is a day that does not come.
const never event.Day = 1<<31 - 1

// nextExpiry is the start of the next day on which, in silence, a day leaves a
// window; Never if none will.
func (s *Shard) nextExpiry(c *state.Customer, f *score.Facts) event.Instant {
	today, next := f.Today, never
	for i := len(c.Days) - 1; i >= 0; i-- {
		d := &c.Days[i]
		day := event.Day(d.Day)
		if day+event.Day(purchaseWindows[len(purchaseWindows)-1]) <= today {
			break
		}
		if d.Visits > 0 {
			next = min(next, leaves(day, today, visitWindows))
			if f.HasPurchase && day > f.LastDay {
				next = min(next, leaves(day, today, intentWindows))
			}
		}
		if d.Orders > 0 || d.Net != 0 {
			next = min(next, leaves(day, today, purchaseWindows))
		}
	}
	for i := range c.Complaints {
		next = min(next, leaves(s.cfg.Zone.DayOf(c.Complaints[i].OpenedAt), today, complaintWindows))
	}
	for _, d := range c.ComplaintDays {
		next = min(next, leaves(event.Day(d.Day), today, complaintWindows))
	}
	if next == never {
		return policy.Never
	}
	return s.cfg.Zone.StartOf(next)
}

// heldAgain is when one whose activity days say nothing for now is judged anew,
// Never for others: nothing else would when they do again.
func (s *Shard) heldAgain(f *score.Facts) event.Instant {
	if !s.versions.activityHeld || !s.versions.parameters.HasActivity || !f.HasPurchase {
		return policy.Never
	}
	return s.cfg.Zone.StartOf(f.Today + heldAgainDays)
}

// heldAgainDays is as long as the shortest window of visits.
const heldAgainDays = 7
