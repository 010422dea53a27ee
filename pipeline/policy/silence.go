package policy

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// judgeSilence runs the one alert that a silence may have, of the kinds that rest
// on it, never two. Their cooldown is one too, or a complaint growing old would
// undo it. It is asked once a kind, and judges them all the first time.
func judgeSilence(j *judgement, _ *kind) {
	if j.silenceJudged {
		return
	}
	j.silenceJudged = true
	if k, e := j.openOnSilence(); e != nil {
		j.continueSilence(k, e)
		return
	}
	j.raiseSilence()
}

// openOnSilence is the open alert of the kinds that rest on silence, nil if there
// is none.
func (j *judgement) openOnSilence() (*kind, *Episode) {
	for i := range j.episodes {
		e := &j.episodes[i]
		if k := kindOf(j.kinds, e.Kind); e.Open && k.onSilence {
			return k, e
		}
	}
	return nil, nil
}

// wakeForSilence: when a level will have held long enough to be alerted. The first
// of the kinds asks for all.
func wakeForSilence(j *judgement, n *earliest) {
	if j.silenceAsked || !j.f.HasPurchase {
		return
	}
	j.silenceAsked = true
	above := j.st.Told
	if _, e := j.openOnSilence(); e != nil {
		above = e.Level
	} else if j.st.Level == signal.LevelLost {
		return
	}
	for level := max(above+1, signal.LevelAtRisk); level <= signal.LevelLost; level++ {
		n.inSilence(j.confirmedAt(level))
	}
}

// continueSilence takes an open alert on: resolved, expired, escalated, updated.
func (j *judgement) continueSilence(k *kind, e *Episode) {
	if j.answered(k, e) {
		return
	}
	if why := j.silenceOver(e); why != signal.ResolveNone {
		j.end(k, e, signal.Resolved, why)
		return
	}
	j.tellStanding(k, e)
	if j.f.Now < j.expiresAt(k, e) {
		if level := j.confirmed(); level > e.Level {
			previous := e.Level
			e.Level, j.st.Told = level, max(j.st.Told, level)
			j.say(k, e, signal.Escalated, level, previous, signal.ResolveNone)
		}
	}
	j.aged(k, e)
}

// silenceOver says why the alert's ground is gone; ResolveNone where it is not.
func (j *judgement) silenceOver(e *Episode) signal.ResolveReason {
	switch {
	case j.f.Closed:
		return signal.ByClosure
	case j.st.Level >= signal.LevelAtRisk:
		return signal.ResolveNone
	case j.newPurchase:
		return signal.ByPurchase
	case j.complaintCleared:
		return j.complaintOver()
	case j.f.ActiveUntil > e.RaisedAt:
		return signal.ByVisit
	case j.f.ModelSince > e.RaisedAt:
		return signal.ByModelChange
	}
	return signal.ByLevelDropped
}

// raiseSilence raises the alert once at_risk or critical has held for the dwell. One
// crossing is alerted once: what expired or was answered comes again only from a
// higher level, or after the level has been left and entered anew. Who is lost
// already is for winning back, not for keeping.
func (j *judgement) raiseSilence() {
	if level := j.st.Level; level != signal.LevelAtRisk && level != signal.LevelCritical {
		return
	}
	level := j.confirmed()
	if level <= j.st.Told {
		return
	}
	for i := range j.kinds {
		k := &j.kinds[i]
		if !k.onSilence {
			continue
		}
		if e := j.find(k.id); e != nil && level <= e.Level {
			return
		}
	}
	for i := range j.kinds {
		if k := &j.kinds[i]; k.onSilence && k.holds(j) {
			j.st.Told = level
			j.raise(k, level)
			return
		}
	}
}

// confirmed is the highest level that has held for its dwell.
func (j *judgement) confirmed() signal.Level {
	for level := signal.LevelLost; level >= signal.LevelAtRisk; level-- {
		if j.silence >= j.confirmedAt(level) {
			return level
		}
	}
	return signal.LevelNone
}

// confirmedAt is when a level will have held for its dwell; Never where it does
// not hold. What a complaint drives has no dwell, but has to be known to be so up to
// Now; what follows from re-scoring under new parameters waits until these have been
// in force for a while.
func (j *judgement) confirmedAt(level signal.Level) event.Instant {
	since, atOnce := j.st.LostSince, false
	switch level {
	case signal.LevelAtRisk:
		since, atOnce = j.st.AtRiskSince, j.f.SevereBreached
	case signal.LevelCritical:
		since = j.st.CriticalSince
		if since != 0 && j.st.Flags&FlagCriticalByComplaint != 0 {
			return since
		}
	case signal.LevelNone, signal.LevelWatch, signal.LevelLost:
	}
	at := Never
	if since != 0 {
		at = max(since+j.c.Dwell, j.protectedUntil())
	}
	if atOnce {
		at = min(at, j.f.Now)
	}
	return at
}
