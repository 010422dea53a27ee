package policy

import "github.com/holdfast/holdfast/pipeline/signal"

// openWhileHeld runs an alert that follows a condition without dwell: it is open
// while the condition holds.
func openWhileHeld(j *judgement, k *kind) {
	e, holds := j.find(k.id), k.holds(j)
	switch {
	case e != nil && e.Open:
		switch {
		case j.answered(k, e):
		case !holds:
			j.end(k, e, signal.Resolved, k.over(j))
		default:
			j.tellStanding(k, e)
			j.aged(k, e)
		}
	case holds && e == nil:
		j.raise(k, j.st.Level)
	}
}

// tellOnce raises good news: one message, closed with it. What comes while an
// earlier message of the kind cools down is told at the end of that, if it still
// holds.
func tellOnce(j *judgement, k *kind) {
	if e := j.find(k.id); !k.holds(j) || e != nil && e.CooldownUntil > j.f.Now {
		return
	}
	if k.note != nil {
		k.note(j)
	}
	j.raise(k, j.st.Level)
}
