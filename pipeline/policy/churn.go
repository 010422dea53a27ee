package policy

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// churn runs the one alert that a silence may have: silent_churn where there was
// no complaint for long, else churn_risk, never both. Their cooldown is one too,
// or a complaint growing old would undo it.
func (j *judgement) churn() {
	for _, kind := range [2]signal.AlertKind{signal.ChurnRisk, signal.SilentChurn} {
		if e := j.find(kind); e != nil && e.Open {
			j.openChurn(e)
			return
		}
	}
	j.raiseChurn()
}

// openChurn takes an open alert on: resolved, expired, escalated, updated.
func (j *judgement) openChurn(e *Episode) {
	if j.answered(e) {
		return
	}
	if why := j.churnOver(e); why != signal.ResolveNone {
		j.end(e, signal.Resolved, why)
		return
	}
	if j.f.Now < e.RaisedAt+j.c.Expiry {
		if level := j.confirmed(e.Level); level > e.Level {
			previous := e.Level
			e.Level = level
			j.say(e, signal.Escalated, level, previous, signal.ResolveNone)
		}
	}
	j.aged(e)
}

// churnOver says why the alert's ground is gone; ResolveNone where it is not.
func (j *judgement) churnOver(e *Episode) signal.ResolveReason {
	switch {
	case j.f.Closed:
		return signal.ByClosure
	case j.st.Level >= signal.AtRisk:
		return signal.ResolveNone
	case j.newPurchase:
		return signal.ByPurchase
	case j.complaintCleared:
		return signal.ByComplaintResolved
	case j.f.ModelSince > e.RaisedAt:
		return signal.ByModelChange
	}
	return signal.ByLevelDropped
}

// raiseChurn raises the alert once at_risk or critical has held for the dwell.
// Who is lost already is for winning back, not for keeping.
func (j *judgement) raiseChurn() {
	if level := j.st.Level; level != signal.AtRisk && level != signal.Critical {
		return
	}
	level := j.confirmed(signal.LevelNone)
	if level < signal.AtRisk {
		return
	}
	for _, kind := range [2]signal.AlertKind{signal.ChurnRisk, signal.SilentChurn} {
		if e := j.find(kind); e != nil && level <= e.Level {
			return
		}
	}
	kind := signal.ChurnRisk
	if j.f.LastComplaintAt == 0 || j.f.Now-j.f.LastComplaintAt > j.c.SilentAfter {
		kind = signal.SilentChurn
	}
	j.raise(kind, level)
	j.openChurn(j.find(kind))
}

// confirmed is the highest level above the given one that has held for its dwell;
// it asks to be called when a higher one will have.
func (j *judgement) confirmed(above signal.Level) signal.Level {
	st, highest := j.st, signal.LevelNone
	check := func(level signal.Level, since, dwell event.Instant) {
		if since == 0 || level <= above {
			return
		}
		due := since + dwell
		if dwell > 0 {
			due = max(due, j.protectedUntil())
		}
		if j.f.Now >= due {
			highest = level
		}
		j.wake(due)
	}
	check(signal.AtRisk, st.AtRiskSince, j.c.Dwell)
	dwell := j.c.Dwell
	if st.Flags&FlagCriticalByComplaint != 0 {
		dwell = 0
	}
	check(signal.Critical, st.CriticalSince, dwell)
	check(signal.Lost, st.LostSince, j.c.Dwell)
	return highest
}
