package policy

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Repair takes back what Judge concluded of moments after f.Now, where a clock
// had run ahead: levels entered later than that are left, alerts raised later
// are resolved if they are open (their recipients have been told) and forgotten
// if they are closed. What was concluded before stays. Judge must follow.
func (c *Config) Repair(
	room *Room, st *State, episodes []Episode, f *Facts, out []Transition,
) ([]Episode, []Transition) {
	j := &room.judgement
	*j = judgement{c: c, st: st, f: f, kinds: kinds[:], episodes: episodes, out: out, silence: f.Now}
	for _, since := range []*event.Instant{&st.AtRiskSince, &st.CriticalSince, &st.LostSince, &st.ReactivatedAt} {
		if *since > f.Now {
			*since = 0
		}
	}
	st.set(FlagWatch, st.Flags&FlagWatch != 0 && f.Now >= f.WatchAt)
	st.Level = j.level()
	kept := j.episodes[:0]
	untold := false // what was told of silence is taken back, so it is to be told when it comes
	for i := range j.episodes {
		e := &j.episodes[i]
		k := kindOf(j.kinds, e.Kind)
		untold = untold || k.onSilence && e.RaisedAt > f.Now
		if e.Kind == SecondPurchase && e.RaisedAt > f.Now {
			st.set(FlagSecondTold, false)
		}
		if e.RaisedAt <= f.Now {
			e.MessageAt, e.ToldAt = min(e.MessageAt, f.Now), min(e.ToldAt, f.Now)
			e.CooldownUntil = min(e.CooldownUntil, f.Now+k.cooldown(c))
			kept = append(kept, *e)
		} else if e.Open {
			j.end(k, e, signal.Resolved, signal.ByLevelDropped)
		}
	}
	j.episodes = kept
	st.Told = min(st.Told, st.Level)
	if untold || st.Level < signal.LevelAtRisk {
		st.Told = signal.LevelNone
	}
	return j.episodes, j.out
}
