package policy

import "github.com/holdfast/holdfast/pipeline/signal"

// Lifecycle is the state to publish for a customer as judged at f.Now: the level
// where there is one, else reactivated for a while, else new or active.
func (c *Config) Lifecycle(st *State, f *Facts) signal.Lifecycle {
	switch {
	case f.Closed:
		return signal.Closed
	case !f.HasPurchase:
		return signal.Prospect
	}
	switch st.Level {
	case signal.Watch:
		return signal.OnWatch
	case signal.AtRisk:
		return signal.IsAtRisk
	case signal.Critical:
		return signal.IsCritical
	case signal.Lost:
		return signal.IsLost
	}
	switch {
	case st.ReactivatedAt != 0 && f.Now < st.ReactivatedAt+c.ReactivatedFor:
		return signal.IsReactivated
	case f.X == 0:
		return signal.New
	}
	return signal.Active
}
