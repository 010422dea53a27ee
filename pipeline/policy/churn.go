package policy

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// churn runs the one alert that a silence may have: silent_churn where there was
// no complaint for long, else churn_risk, never both. Their cooldown is one too,
// or a complaint growing old would undo it.
func (j *judgement) churn() {
	if e := j.openChurn(); e != nil {
		j.churnGoesOn(e)
		return
	}
	j.raiseChurn()
}

// openChurn is the open alert of the two kinds, nil if there is none.
func (j *judgement) openChurn() *Episode {
	for _, kind := range [2]signal.AlertKind{signal.ChurnRisk, signal.SilentChurn} {
		if e := j.find(kind); e != nil && e.Open {
			return e
		}
	}
	return nil
}

// churnGoesOn takes an open alert on: resolved, expired, escalated, updated.
func (j *judgement) churnGoesOn(e *Episode) {
	if j.answered(e) {
		return
	}
	if why := j.churnOver(e); why != signal.ResolveNone {
		j.end(e, signal.Resolved, why)
		return
	}
	if j.f.Now < e.RaisedAt+j.c.Expiry {
		if level := j.confirmed(); level > e.Level {
			previous := e.Level
			e.Level, j.st.Told = level, level
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

// raiseChurn raises the alert once at_risk or critical has held for the dwell. One
// crossing is alerted once: what expired or was answered comes again only from a
// higher level, or after the level has been left and entered anew. Who is lost
// already is for winning back, not for keeping.
func (j *judgement) raiseChurn() {
	if level := j.st.Level; level != signal.AtRisk && level != signal.Critical {
		return
	}
	level := j.confirmed()
	if level <= j.st.Told {
		return
	}
	for _, kind := range [2]signal.AlertKind{signal.ChurnRisk, signal.SilentChurn} {
		if e := j.find(kind); e != nil && level <= e.Level {
			return
		}
	}
	j.st.Told = level
	kind := signal.ChurnRisk
	if j.f.LastComplaintAt == 0 || j.f.Now-j.f.LastComplaintAt > j.c.SilentAfter {
		kind = signal.SilentChurn
	}
	j.raise(kind, level)
}

// confirmed is the highest level that has held for its dwell.
func (j *judgement) confirmed() signal.Level {
	for level := signal.Lost; level >= signal.AtRisk; level-- {
		if j.silence >= j.confirmedAt(level) {
			return level
		}
	}
	return signal.LevelNone
}

// confirmedAt is when a level will have held for its dwell; Never where it does
// not hold. What a complaint drives has no dwell; what follows from re-scoring
// under new parameters waits until these have been in force for a while.
func (j *judgement) confirmedAt(level signal.Level) event.Instant {
	since := j.st.LostSince
	switch level {
	case signal.AtRisk:
		since = j.st.AtRiskSince
	case signal.Critical:
		since = j.st.CriticalSince
		if since != 0 && j.st.Flags&FlagCriticalByComplaint != 0 {
			return since
		}
	}
	if since == 0 {
		return Never
	}
	return max(since+j.c.Dwell, j.protectedUntil())
}
