package policy

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// levels brings each level's condition to Now and takes the highest that holds.
//
// A condition is entered at its crossing and left by hysteresis; a purchase ends
// what it lifts above the entry border, without hysteresis. Lost ends by a
// purchase alone. Levels change at once: the dwell is the alerts' affair.
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

	on := j.holds(st.Flags&FlagWatch != 0, j.silence >= f.WatchAt, j.c.Watch.Leave, j.c.OverdueWatch)
	st.set(FlagWatch, on)
	on = j.holds(st.AtRiskSince != 0, j.mayBeAtRisk() && j.silence >= f.AtRiskAt, j.c.AtRisk.Leave, j.c.OverdueAtRisk)
	j.since(&st.AtRiskSince, on)
	j.critical()

	lost := f.Closed || j.silence >= f.LostAt
	if st.LostSince != 0 && !lost {
		j.reactivated = j.newPurchase || reopened
		lost = !j.reactivated
	}
	j.since(&st.LostSince, lost)
	if j.reactivated {
		st.ReactivatedAt = f.Now
	}
	st.Level = st.level()
	if st.Level < signal.LevelAtRisk {
		st.Told = signal.LevelNone
	}
}

// mayBeAtRisk is what at_risk asks for besides silence: a rhythm to be missed in
// (or class A), and something worth saving.
func (j *judgement) mayBeAtRisk() bool {
	return (j.f.X >= 2 || j.f.ClassA) && j.f.ValueRankMet
}

// critical brings the critical condition to Now: silence of a customer of rank,
// a complaint past its time beside long silence, or a slowdown in class A.
func (j *judgement) critical() {
	st, f := j.st, j.f
	byComplaint := f.SLABreached && j.silence >= f.OverdueAt
	byRank := f.VIP && j.silence >= f.CriticalAt || f.ClassA && f.CUSUMAlarm
	was := st.CriticalSince != 0
	on := j.holds(was, byComplaint || byRank, j.c.Critical.Leave, j.c.OverdueWatch)
	told := st.Flags&FlagCriticalByComplaint != 0
	j.complaintCleared = told && !on
	st.set(FlagCriticalByComplaint, on && (told || byComplaint))
	j.since(&st.CriticalSince, on)
}

// holds is the hysteresis: entered, or held from before and not yet left. Until
// new parameters have been in force for the protection time, nothing is left by
// re-scoring.
func (j *judgement) holds(was, entered bool, leave, overdue float64) bool {
	if entered || !was || j.newPurchase {
		return entered
	}
	return j.protected() || !j.left(leave, overdue)
}

// left reports whether the leave border is passed by the test that is in force.
func (j *judgement) left(leave, overdue float64) bool {
	if j.f.DropoutIdentified {
		return j.f.PAlive > millionths(leave)
	}
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

// level is the highest level that holds.
func (st *State) level() signal.Level {
	switch {
	case st.LostSince != 0:
		return signal.LevelLost
	case st.CriticalSince != 0:
		return signal.LevelCritical
	case st.AtRiskSince != 0:
		return signal.LevelAtRisk
	case st.Flags&FlagWatch != 0:
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
