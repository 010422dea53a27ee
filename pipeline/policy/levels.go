package policy

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// levels brings each level's condition to Now and takes the highest that holds.
//
// A condition on silence is entered at its crossing and left by hysteresis; a
// purchase ends what it lifts above the entry border, without hysteresis. What a
// complaint makes ends with it. Lost ends by coming back alone. Levels change at
// once: the dwell is the alerts' affair, and lost's.
func (j *judgement) levels() {
	st, f := j.st, j.f
	j.newPurchase = f.HasPurchase && (!st.purchased() || f.LastPurchaseDay > st.LastPurchaseDay)
	reopened := st.Flags&FlagClosed != 0 && !f.Closed
	st.set(FlagPurchased, f.HasPurchase)
	st.set(FlagClosed, f.Closed)
	st.LastPurchaseDay = 0
	if !f.HasPurchase { // a prospect has no level
		st.set(FlagWatch|FlagCriticalByComplaint, false)
		st.AtRiskSince, st.CriticalSince, st.LostSince = 0, 0, 0
		st.Level, st.Told = signal.LevelNone, signal.LevelNone
		return
	}
	st.LastPurchaseDay = f.LastPurchaseDay
	severe := st.Level == signal.LevelAtRisk && st.AtRiskSince == 0
	critical := st.Flags&FlagCriticalByComplaint != 0
	j.complaintCleared = critical && !f.SLABreached || severe && !f.SevereBreached

	st.set(FlagWatch, j.holds(st.Flags&FlagWatch != 0, j.silence >= f.WatchAt, j.left(j.c.Watch.Leave, j.c.OverdueWatch)))
	atRisk := j.holds(st.AtRiskSince != 0, f.ValueRankMet && j.silence >= f.AtRiskAt,
		j.left(j.c.AtRisk.Leave, j.c.OverdueAtRisk))
	j.since(&st.AtRiskSince, atRisk && f.X > 0) // who has bought once has no rhythm to be missed in
	j.critical()
	j.lost(reopened)
	st.Level = j.level()
	if st.Level < signal.LevelAtRisk {
		st.Told = signal.LevelNone
	}
}

// critical brings the critical condition to Now, which holds as long as one of its
// causes does: a complaint past its time beside long silence, silence of a customer
// of rank, a slowdown in class A.
func (j *judgement) critical() {
	st, f := j.st, j.f
	told := st.Flags&FlagCriticalByComplaint != 0
	byComplaint := f.SLABreached && j.holds(told, j.silence >= f.OverdueAt, j.fell(j.c.OverdueWatch))
	byRank := f.VIP && j.holds(st.CriticalSince != 0 && !told, j.silence >= f.CriticalAt,
		j.left(j.c.Critical.Leave, j.c.OverdueAtRisk))
	st.set(FlagCriticalByComplaint, byComplaint)
	j.since(&st.CriticalSince, byComplaint || byRank || f.ClassA && f.CUSUMAlarm)
}

// lost brings the lost condition to Now; reopened says that a closure has just been
// undone. The second purchase of a one-time buyer is that, and no coming back.
func (j *judgement) lost(reopened bool) {
	st, f := j.st, j.f
	lost := f.Closed || j.silence >= j.lostAt()
	if st.LostSince != 0 && !lost {
		lost = !j.newPurchase && !reopened
		j.reactivated = !lost && (reopened || f.X > 1)
	}
	j.since(&st.LostSince, lost)
	if j.reactivated {
		st.ReactivatedAt = f.Now
	}
}

// lostAt is when silence makes the customer lost: a one-time buyer at the crossing,
// others once they have been at risk for the dwell besides, and an alert was raised
// about it, delivered or not. Never until then.
func (j *judgement) lostAt() event.Instant {
	switch {
	case j.f.X == 0:
		return j.f.LostAt
	case j.st.AtRiskSince == 0 || j.st.Told < signal.LevelAtRisk:
		return Never
	}
	return max(j.f.LostAt, j.st.AtRiskSince+j.c.Dwell)
}

// lostByAlert makes lost who only waited for the alert that has just been raised.
func (j *judgement) lostByAlert() {
	if j.st.LostSince != 0 || !j.f.HasPurchase || j.silence < j.lostAt() {
		return
	}
	j.st.LostSince, j.st.Level = j.f.Now, signal.LevelLost
	j.silenceJudged = false
	judgeSilence(j, nil)
}

// holds is the hysteresis: entered, or held from before and not yet left. Until
// new parameters have been in force for the protection time, nothing is left by
// re-scoring.
func (j *judgement) holds(was, entered, left bool) bool {
	if entered || !was || j.newPurchase {
		return entered
	}
	return j.protected() || !left
}

// left reports whether every test that is in force is beyond its leave border.
func (j *judgement) left(leave, overdue float64) bool {
	alive := j.f.DropoutIdentified && j.f.PAlive <= millionths(leave)
	return !alive && (!j.f.ByQuantile || j.fell(overdue))
}

// fell reports whether the overdue quantile is below what it has to be to leave a
// level that it enters at overdue.
func (j *judgement) fell(overdue float64) bool {
	return j.f.OverdueQuantile < millionths(overdue-j.c.OverdueHysteresis)
}

// since keeps the instant from which a condition has held; 0 where it does not.
func (j *judgement) since(at *event.Instant, on bool) {
	switch {
	case !on:
		*at = 0
	case *at == 0:
		*at = j.f.Now
	}
}

// level is the highest level that holds. A complaint past its time makes watch, a
// severe one at_risk, however lately the customer has bought.
func (j *judgement) level() signal.Level {
	st, f := j.st, j.f
	switch {
	case !f.HasPurchase:
	case st.LostSince != 0:
		return signal.LevelLost
	case st.CriticalSince != 0:
		return signal.LevelCritical
	case st.AtRiskSince != 0 || f.SevereBreached:
		return signal.LevelAtRisk
	case st.Flags&FlagWatch != 0 || f.SLABreached:
		return signal.LevelWatch
	}
	return signal.LevelNone
}

// protected reports whether new parameters are too young to fire or resolve by.
func (j *judgement) protected() bool { return j.f.Now < j.protectedUntil() }

func (j *judgement) protectedUntil() event.Instant {
	if j.f.ModelSince == 0 {
		return 0
	}
	return j.f.ModelSince + j.c.ModelProtection
}

// millionths is a probability as decisions compare it.
func millionths(p float64) int32 { return int32(math.Floor(float64(p*1e6) + .5)) }
