package policy

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Judge brings the customer's levels and alerts to the moment f.Now. It updates
// st and the episodes (at most one a kind, in the caller's slice, which may grow),
// appends what is to be said to out, and returns both with the earliest instant
// after f.Now at which something changes if nothing more is heard; Never if
// nothing will. It allocates only where the slices must grow.
func (c *Config) Judge(st *State, episodes []Episode, f *Facts, out []Transition) ([]Episode, []Transition, event.Instant) {
	return episodes, out, Never
}

// Lifecycle is the state to publish for a customer as judged at f.Now.
func (c *Config) Lifecycle(st *State, f *Facts) signal.Lifecycle { return signal.Prospect }

// InHoldout says whether the customer is in the arm that is left alone: by
// SHA-256 of salt and id, so the same in every shard and run.
func (c *Config) InHoldout(customerID []byte) bool { return false }

// Suppress adds the replay guard to a transition's suppression: what is said at
// wall (the wall time of the batch) about a moment more than MaxEventAge before
// is recorded, never delivered.
func (c *Config) Suppress(s signal.Suppression, wall, asOf event.Instant) signal.Suppression {
	if wall-asOf > c.MaxEventAge {
		return signal.SuppressedReplay
	}
	return s
}
