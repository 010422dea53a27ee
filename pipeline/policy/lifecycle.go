package policy

import "github.com/holdfast/holdfast/pipeline/signal"

// Lifecycle is the state to publish for a customer as judged at f.Now: the level
// where there is one, else reactivated for a while, else new or active.
func (c *Config) Lifecycle(st *State, f *Facts) signal.Lifecycle {
	switch {
	case f.Closed:
		return signal.LifecycleClosed
	case !f.HasPurchase:
		return signal.LifecycleProspect
	}
	switch st.Level {
	case signal.LevelWatch:
		return signal.LifecycleWatch
	case signal.LevelAtRisk:
		return signal.LifecycleAtRisk
	case signal.LevelCritical:
		return signal.LifecycleCritical
	case signal.LevelLost:
		return signal.LifecycleLost
	case signal.LevelNone:
	}
	switch {
	case st.ReactivatedAt != 0 && f.Now < st.ReactivatedAt+c.ReactivatedFor:
		return signal.LifecycleReactivated
	case f.X == 0:
		return signal.LifecycleNew
	}
	return signal.LifecycleActive
}
