package policy

import (
	"github.com/holdfast/holdfast/pipeline/event"
)

// Room is where a judgement works, reused from one to the next; the zero value is
// ready. It keeps nothing from one call to the next.
type Room struct{ judgement }

// judgement is one call of Judge at work.
type judgement struct {
	c        *Config
	st       *State
	f        *Facts
	kinds    []kind // the table
	episodes []Episode
	out      []Transition
	silence  event.Instant // f.Silence, never 0
	soonest  earliest      // of the moments at which something changes

	subject  uint64        // what the alert that is raised is about; 0 for the customer
	brokenAt event.Instant // the time that a complaint has broken which an alert is raised about

	newPurchase      bool // a later purchase day than the one judged before
	reactivated      bool // coming back has just ended `lost`
	complaintCleared bool // the complaint that made critical or at_risk is past no time any more
	silenceJudged    bool // the kinds that rest on silence are judged
	silenceAsked     bool // and have said when to look again
}

// Judge brings the customer's levels and alerts to the moment f.Now. It updates
// st and the episodes (at most one a kind and subject, in the caller's slice, which may grow
// and shrink: what has cooled down is dropped), appends what is to be said to
// out, and returns both with the earliest instant after f.Now at which something
// changes if nothing more is heard; Never if nothing will. Calling it at other
// instants besides does no harm, and called again with the same facts it gives the
// same next: deadlines can be rebuilt from records. It allocates only where the slices must grow.
func (c *Config) Judge(
	room *Room, st *State, episodes []Episode, f *Facts, out []Transition,
) ([]Episode, []Transition, event.Instant) {
	j := &room.judgement
	*j = judgement{c: c, st: st, f: f, kinds: kinds[:], episodes: episodes, out: out, silence: f.Silence}
	if f.Silence == 0 {
		j.silence = f.Now
	}
	j.levels()
	j.cool()
	for i := range j.kinds {
		if k := &j.kinds[i]; k.judge != nil {
			k.judge(j, k)
		}
	}
	j.lostByAlert()
	return j.episodes, j.out, j.next()
}

// cool drops the closed episodes whose cooldown is over, for they forbid nothing
// more, but for those that may have to be taken back.
func (j *judgement) cool() {
	kept := j.episodes[:0]
	for i := range j.episodes {
		e := &j.episodes[i]
		if !e.Open && e.CooldownUntil <= j.f.Now {
			if j.f.Now >= j.keptUntil(e) {
				continue
			}
			e.CooldownUntil = 0
		}
		kept = append(kept, *e)
	}
	j.episodes = kept
}

// keptUntil is when a closed episode is forgotten, its cooldown apart. One about a
// time of a complaint is kept as long as that is broken: it is told of once.
func (j *judgement) keptUntil(e *Episode) event.Instant {
	if t := j.complaintTime(e.Subject); t != nil && t.broken() {
		return Never
	}
	if k := kindOf(j.kinds, e.Kind); k.kept > 0 {
		return e.RaisedAt + k.kept
	}
	return 0
}

// find is the episode of a kind, nil if there is none. It is valid until the
// next one is raised.
func (j *judgement) find(kind Kind) *Episode { return j.findSubject(kind, 0) }

// findSubject is that of a kind and what it is about, where the kind has one for each.
func (j *judgement) findSubject(kind Kind, subject uint64) *Episode {
	for i := range j.episodes {
		if j.episodes[i].Kind == kind && j.episodes[i].Subject == subject {
			return &j.episodes[i]
		}
	}
	return nil
}

// purchased reports whether there is a purchase day.
func (st *State) purchased() bool { return st.Flags&FlagPurchased != 0 }

func (st *State) set(flag Flags, on bool) {
	if on {
		st.Flags |= flag
	} else {
		st.Flags &^= flag
	}
}
