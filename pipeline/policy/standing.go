package policy

import "github.com/holdfast/holdfast/pipeline/signal"

// An alert about the past is recorded and not delivered, and so is one that rests
// on parameters which no fit has given. Where the customer is still at risk when
// the present is reached, or when there are fitted parameters, the alert is told
// then: once, with the instant at which it was raised. From then on it is an alert
// like any other, and its end is delivered too.

// Waits reports whether an alert of the customer on silence was not delivered,
// and would be told by Judge with Facts.Present, as far as the customer is judged.
func (c *Config) Waits(st *State, episodes []Episode, f *Facts) bool {
	for i := range episodes {
		e := &episodes[i]
		if kindOf(kinds[:], e.Kind).onSilence && e.waits(st, f) {
			return c.founded(st, f)
		}
	}
	return false
}

// unheard reports whether the alert is open, and was not delivered for a reason
// that passes.
func (e *Episode) unheard() bool {
	return e.Open && (e.Past || e.Suppression == signal.SuppressedInsufficientData)
}

// waits reports whether an alert on silence is to be told once the present is
// reached. Who is lost by then is for winning back; who must not be contacted is
// not waited for. The holdout arm is: its row is what deliveries are compared with.
func (e *Episode) waits(st *State, f *Facts) bool {
	if !e.unheard() || st.Level != signal.LevelAtRisk && st.Level != signal.LevelCritical {
		return false
	}
	lasting := lastingSuppression(f, true, false, e.Holdout)
	return lasting == signal.NotSuppressed || lasting == signal.SuppressedHoldout
}

// founded reports whether the level holds by the parameters in force, and not only
// because they are too young to take it away.
func (c *Config) founded(st *State, f *Facts) bool {
	j := judgement{c: c, f: f}
	return !j.protected() || st.Flags&FlagCriticalByComplaint != 0 || !j.left(c.AtRisk.Leave, c.OverdueAtRisk)
}

// tellStanding tells of an alert that waits, where the present is reached. It is
// judged anew by whatever else speaks against it.
func (j *judgement) tellStanding(k *kind, e *Episode) {
	if !j.f.Present || j.past(k) || !e.waits(j.st, j.f) || !j.c.founded(j.st, j.f) {
		return
	}
	if s := j.suppression(k, e.Holdout); s == signal.NotSuppressed || s == signal.SuppressedHoldout {
		e.Past, e.Suppression, e.ToldAt, e.Level = false, s, j.f.Now, min(e.Level, j.st.Level)
		j.say(k, e, signal.Raised, e.Level, signal.LevelNone, signal.ResolveNone)
	}
}
