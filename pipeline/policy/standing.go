package policy

import "github.com/holdfast/holdfast/pipeline/signal"

// An alert about the past is recorded and not delivered, and so is one that rests
// on parameters which no fit has given. Where the customer is still at risk, or the
// complaint still past its time, when the present is reached, or when there are
// fitted parameters, the alert is told then: once, with the instant at which it was
// raised. From then on it is an alert like any other, and its end is delivered too.

// Waiting is what of a customer waits to be told: the higher, the sooner it is.
type Waiting uint8

// What may wait.
const (
	WaitsNothing   Waiting = iota
	WaitsSilence           // an alert on silence
	WaitsComplaint         // one about a complaint
	WaitsSevere            // one about a complaint, and a severe one is past its time
)

// Waits says what of the customer was not delivered, and would be told by Judge
// with the same facts and Facts.Present: the customer must have been judged by them.
func (c *Config) Waits(st *State, episodes []Episode, f *Facts) Waiting {
	j, most := judgement{c: c, st: st, f: f, kinds: kinds[:], episodes: episodes}, WaitsNothing
	for i := range episodes {
		k := kindOf(j.kinds, episodes[i].Kind)
		if _, told := j.tellable(k, &episodes[i]); !told {
			continue
		}
		switch {
		case k.onSilence:
			most = max(most, WaitsSilence)
		case f.SevereBreached:
			most = max(most, WaitsSevere)
		default:
			most = max(most, WaitsComplaint)
		}
	}
	return most
}

// Unheard reports whether an alert of them is open that was not delivered for a
// reason that passes: only then can Waits say anything.
func Unheard(episodes []Episode) bool {
	for i := range episodes {
		if episodes[i].unheard() {
			return true
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
	return delivers(lastingSuppression(f, true, false, e.Holdout))
}

// delivers reports whether what is suppressed so is told: the holdout arm has its row.
func delivers(s signal.Suppression) bool {
	return s == signal.NotSuppressed || s == signal.SuppressedHoldout
}

// standsBySilence reports whether the ground of an alert on silence stands.
func standsBySilence(j *judgement, e *Episode) bool { return e.waits(j.st, j.f) && j.founded() }

// founded reports whether the level holds by the parameters in force, and not only
// because they are too young to take it away.
func (j *judgement) founded() bool {
	return !j.protected() || j.st.Flags&FlagCriticalByComplaint != 0 || !j.left(j.c.AtRisk.Leave, j.c.OverdueAtRisk)
}

// tellable reports whether an alert that waits may be told now, and how it is
// suppressed then: not, or for the holdout arm. It is judged anew by whatever else
// speaks against it.
func (j *judgement) tellable(k *kind, e *Episode) (signal.Suppression, bool) {
	if k.stands == nil || !e.unheard() || e.Late || j.longAgo() || !k.stands(j, e) {
		return signal.NotSuppressed, false
	}
	s := j.suppression(k, e.Holdout)
	return s, delivers(s)
}

// tellStanding tells of an alert that waits, where the present is reached.
func (j *judgement) tellStanding(k *kind, e *Episode) {
	if !j.f.Present {
		return
	}
	s, told := j.tellable(k, e)
	if !told {
		return
	}
	level := j.st.Level
	if k.onSilence {
		level = min(level, e.Level) // what has risen since is told apart
	}
	e.Past, e.Suppression, e.ToldAt, e.Level = false, s, j.f.Now, level
	j.say(k, e, signal.Raised, level, signal.LevelNone, signal.ResolveNone)
}
