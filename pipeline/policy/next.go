package policy

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// next is the earliest instant after Now at which something changes if nothing
// more is heard, the one place that knows it: the caller's window edges, the
// levels, the episodes, and every kind with a wake of its own say their moments
// here. It follows from state, episodes and facts alone.
func (j *judgement) next() event.Instant {
	j.soonest = earliest{now: j.f.Now, silence: j.silence, at: Never}
	n := &j.soonest
	n.or(j.f.WindowEdgeAt)
	if j.f.HasPurchase {
		j.wakeForLevels(n)
	}
	j.wakeForEpisodes(n)
	for i := range j.kinds {
		if k := &j.kinds[i]; k.wake != nil {
			k.wake(j, n)
		}
	}
	return n.at
}

// wakeForEpisodes: when a cooldown is over, for the ground of the alert may still
// be there; when an open alert expires, or may tell of changed reasons.
func (j *judgement) wakeForEpisodes(n *earliest) {
	for i := range j.episodes {
		e := &j.episodes[i]
		if !e.Open {
			n.or(e.CooldownUntil)
			n.or(j.keptUntil(e))
			continue
		}
		k := kindOf(j.kinds, e.Kind)
		n.or(j.expiresAt(k, e))
		if j.reasons(k) != e.Reasons {
			n.or(e.MessageAt + j.c.UpdateEvery)
		}
	}
}

// wakeForLevels: when a level that does not hold would be entered, when one that
// is only protected may be left, and when `reactivated` ends.
func (j *judgement) wakeForLevels(n *earliest) {
	st, f := j.st, j.f
	n.inSilence(f.SLADueAt) // levels may rest on it
	if st.Flags&FlagWatch == 0 {
		n.inSilence(f.WatchAt)
	}
	if st.AtRiskSince == 0 && f.X > 0 {
		n.inSilence(f.AtRiskAt)
	}
	if st.CriticalSince == 0 && f.VIP {
		n.inSilence(f.CriticalAt)
	}
	if st.Flags&FlagCriticalByComplaint == 0 && f.SLABreached {
		n.inSilence(f.OverdueAt)
	}
	if st.LostSince == 0 {
		n.inSilence(j.lostAt())
	}
	if st.Level != signal.LevelNone {
		n.or(j.protectedUntil())
	}
	if st.ReactivatedAt != 0 {
		n.or(st.ReactivatedAt + j.c.ReactivatedFor)
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
