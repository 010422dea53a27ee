package policy

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Outlook is what silence will bring of a customer, and why no alert about it is open.
type Outlook struct {
	// When silence makes each level, if nothing more is heard, by signal.Level: an
	// instant that may lie up to Now, where that much silence is not known yet; Never
	// where it does not come, 0 where the level, or a higher one, holds.
	At [signal.LevelLost + 1]event.Instant

	Pause Pause
	// Until is when the pause ends, if nothing more is heard; Never where time alone
	// does not end it.
	Until event.Instant
	// AlertAt is when an alert comes then, if nothing more is heard: the dwell and what
	// cools down over; Never where none will, 0 where one is open.
	AlertAt event.Instant
	// DueAt is when an open complaint will be past a time that it must keep; Never where
	// none will.
	DueAt event.Instant
	// Speaks is what speaks against delivering an alert about the silence that were
	// raised now, its age apart.
	Speaks signal.Suppression
}

// Pause says why no alert about the silence is open; the first that applies is
// named.
type Pause uint8

// Pauses.
const (
	NoPause          Pause = iota // one is
	PauseNoPurchase               // there is nobody to lose yet
	PauseClosed                   // the account is closed
	PauseLost                     // lost already: for winning back, not for keeping
	PauseOnePurchase              // who has bought on one day has no rhythm to be missed in
	PauseLevel                    // not at risk
	PauseModel                    // the parameters are too young to fire by
	PauseDwell                    // at risk for less than the dwell
	PauseTold                     // the level was told of, and has not been left or risen since
	PauseCooling                  // the alert before has ended not long ago
)

// Outlook looks ahead for a customer as judged. It changes nothing.
func (c *Config) Outlook(st *State, episodes []Episode, f *Facts) Outlook {
	j := judgement{c: c, st: st, f: f, kinds: kinds[:], episodes: episodes, silence: f.Silence}
	if f.Silence == 0 {
		j.silence = f.Now
	}
	o := Outlook{At: j.levelsAhead(), DueAt: f.SLADueAt}
	o.Pause, o.Until = j.pause(&o)
	o.AlertAt = j.alertAt(&o)
	o.Speaks = j.suppression(kindOf(j.kinds, SilentChurn), c.InHoldout(f.CustomerID))
	return o
}

// levelsAhead is Outlook.At.
func (j *judgement) levelsAhead() (at [signal.LevelLost + 1]event.Instant) {
	st, f := j.st, j.f
	if !f.HasPurchase || f.Closed {
		for level := st.Level + 1; level <= signal.LevelLost; level++ {
			at[level] = Never
		}
		return at
	}
	ahead := [signal.LevelLost + 1]event.Instant{
		signal.LevelWatch: f.WatchAt, signal.LevelAtRisk: Never, signal.LevelCritical: Never, signal.LevelLost: f.LostAt,
	}
	if f.X > 0 {
		ahead[signal.LevelAtRisk] = f.AtRiskAt
		ahead[signal.LevelLost] = max(f.LostAt, j.atRiskFor(j.c.Dwell))
		if st.Told < signal.LevelAtRisk { // nobody is lost unheard
			ahead[signal.LevelLost] = max(ahead[signal.LevelLost], j.protectedUntil(), j.cooledAt())
		}
	}
	if f.VIP {
		ahead[signal.LevelCritical] = f.CriticalAt
	}
	if f.SLABreached {
		ahead[signal.LevelCritical] = min(ahead[signal.LevelCritical], f.OverdueAt)
	}
	for level := st.Level + 1; level <= signal.LevelLost; level++ {
		at[level] = ahead[level]
	}
	return at
}

// atRiskFor is when the customer has been at risk for so long.
func (j *judgement) atRiskFor(long event.Instant) event.Instant {
	since := j.st.AtRiskSince
	if since == 0 {
		since = j.f.AtRiskAt
	}
	if since == Never {
		return Never
	}
	return since + long
}

// pause is Outlook.Pause with its end.
func (j *judgement) pause(o *Outlook) (Pause, event.Instant) {
	_, open := j.openOnSilence()
	switch level := j.st.Level; {
	case open != nil:
		return NoPause, 0
	case !j.f.HasPurchase:
		return PauseNoPurchase, Never
	case j.f.Closed:
		return PauseClosed, Never
	case level == signal.LevelLost:
		return PauseLost, Never
	case level < signal.LevelAtRisk && j.f.X == 0:
		return PauseOnePurchase, Never
	case level < signal.LevelAtRisk:
		return PauseLevel, o.At[signal.LevelAtRisk]
	}
	return j.pauseAtRisk()
}

// pauseAtRisk is that of one who is at risk.
func (j *judgement) pauseAtRisk() (Pause, event.Instant) {
	next := min(j.confirmedAt(signal.LevelAtRisk), j.confirmedAt(signal.LevelCritical))
	switch level := j.confirmed(); {
	case level == signal.LevelNone && next == j.protectedUntil():
		return PauseModel, next
	case level == signal.LevelNone:
		return PauseDwell, next
	case level <= j.st.Told:
		return PauseTold, Never
	}
	return PauseCooling, j.cooledAt()
}

// alertAt is Outlook.AlertAt.
func (j *judgement) alertAt(o *Outlook) event.Instant {
	switch {
	case o.Until == Never || o.Pause == NoPause:
		return o.Until
	case o.Pause == PauseLevel:
		return max(o.Until+j.c.Dwell, j.protectedUntil(), j.cooledAt())
	}
	return max(o.Until, j.cooledAt())
}

// cooledAt is when the last of the kinds that rest on silence has cooled down.
func (j *judgement) cooledAt() (at event.Instant) {
	for i := range j.episodes {
		if e := &j.episodes[i]; kindOf(j.kinds, e.Kind).onSilence && !e.Open {
			at = max(at, e.CooldownUntil)
		}
	}
	return at
}

// ExpiresAt is when an open alert of the customer expires; Never where it waits to be
// told first.
func (c *Config) ExpiresAt(st *State, e *Episode, f *Facts) event.Instant {
	j := judgement{c: c, st: st, f: f}
	return j.expiresAt(kindOf(kinds[:], e.Kind), e)
}

// Suppressed is the first reason why the messages of the episode are not delivered.
func (e *Episode) Suppressed() signal.Suppression { return e.suppressed() }

// WaitsToBeTold reports whether the alert was not delivered, and will be once the
// present is reached and the model rests on enough.
func (c *Config) WaitsToBeTold(st *State, e *Episode, f *Facts) bool {
	k := kindOf(kinds[:], e.Kind)
	if k.onSilence {
		return e.waits(st, f)
	}
	j := judgement{c: c, st: st, f: f}
	return k.stands != nil && e.unheard() && !e.Late && k.stands(&j, e) &&
		delivers(lastingSuppression(f, false, k.service, e.Holdout))
}

// Ends reports whether an alert of the kind has an end, and is not one message alone.
func (v Kind) Ends() bool { return !kindOf(kinds[:], v).once }
