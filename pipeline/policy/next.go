package policy

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// wakes is the earliest instant after Now at which something changes if nothing
// more is heard. It follows from state, episodes and facts alone.
func (j *judgement) wakes() event.Instant {
	n := earliest{now: j.f.Now, silence: j.silence, at: Never}
	n.or(j.f.SLADueAt)
	n.or(j.f.Complaints30FallAt)
	if j.f.HasPurchase {
		j.wakesForLevels(&n)
		j.wakesForDwell(&n)
	}
	for i := range j.episodes {
		e := &j.episodes[i]
		if !e.Open {
			n.or(e.CooldownUntil) // the ground of the alert may still be there
			continue
		}
		n.or(e.RaisedAt + j.c.Expiry)
		if j.reasons(e.Kind) != e.Reasons {
			n.or(e.MessageAt + j.c.UpdateEvery)
		}
	}
	return n.at
}

// wakesForLevels: when a level that does not hold would be entered, when one that
// is only protected may be left, and when `reactivated` ends.
func (j *judgement) wakesForLevels(n *earliest) {
	st, f := j.st, j.f
	if st.Flags&FlagWatch == 0 {
		n.inSilence(f.WatchAt)
	}
	if st.AtRiskSince == 0 {
		n.inSilence(f.AtRiskAt)
	}
	if st.CriticalSince == 0 && f.VIP {
		n.inSilence(f.CriticalAt)
	}
	if st.CriticalSince == 0 && f.SLABreached {
		n.inSilence(f.OverdueAt)
	}
	if st.LostSince == 0 {
		n.inSilence(f.LostAt)
	}
	if st.Level != signal.LevelNone {
		n.or(j.protectedUntil())
	}
	if st.ReactivatedAt != 0 {
		n.or(st.ReactivatedAt + j.c.ReactivatedFor)
	}
}

// wakesForDwell: when a level will have held long enough to be alerted.
func (j *judgement) wakesForDwell(n *earliest) {
	above := j.st.Told
	if e := j.openChurn(); e != nil {
		above = e.Level
	} else if j.st.Level == signal.Lost {
		return
	}
	for level := max(above+1, signal.AtRisk); level <= signal.Lost; level++ {
		n.inSilence(j.confirmedAt(level))
	}
}

// earliest gathers the least of the instants after now.
type earliest struct{ now, silence, at event.Instant }

// inSilence takes an instant that must be reached in silence. One up to Now that
// is not known to have been silence comes as soon as everything up to Now is known.
func (n *earliest) inSilence(at event.Instant) {
	if at > n.silence {
		n.or(max(at, n.now+1))
	}
}

func (n *earliest) or(at event.Instant) {
	if at > n.now && at < n.at {
		n.at = at
	}
}
