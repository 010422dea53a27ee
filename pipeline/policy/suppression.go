package policy

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// suppression is the first reason why an alert raised now is recorded and not
// delivered. That it rests on too little data, or on a customer who never came
// back, speaks against an alert on silence alone: a complaint is a complaint,
// and a second purchase is one.
func (j *judgement) suppression(k *kind, holdout bool) signal.Suppression {
	f := j.f
	switch {
	case k.since != nil && f.Now-k.since(j) > j.c.MaxEventAge:
		return signal.SuppressedReplay
	case k.onSilence && f.Sufficiency != signal.SufficiencyOK:
		return signal.SuppressedInsufficientData
	case f.OptedOut && !k.service:
		return signal.SuppressedOptedOut
	case f.DoNotRetain:
		return signal.SuppressedDoNotRetain
	case f.Closed && natural(f.Closure):
		return signal.SuppressedNatural
	case k.onSilence && f.X == 0:
		return signal.SuppressedOneTimeBuyer
	case holdout:
		return signal.SuppressedHoldout
	}
	return signal.NotSuppressed
}

// natural reports whether a closure is one that no offer undoes.
func natural(reason event.ClosureReason) bool {
	switch reason {
	case event.Moved, event.Deceased, event.ClosedBusiness, event.NoNeed:
		return true
	default:
		return false
	}
}

// Suppress adds the replay guard to a transition's suppression: what is said at
// wall (the wall time of the batch) about a moment more than MaxEventAge before
// is recorded, never delivered. The result stamps the message; it must not enter
// the state.
func (c *Config) Suppress(s signal.Suppression, wall, asOf event.Instant) signal.Suppression {
	if wall-asOf > c.MaxEventAge {
		return signal.SuppressedReplay
	}
	return s
}

// InHoldout reports whether the customer is in the arm that is left alone: the
// first 8 bytes of SHA-256(salt, 0, id), modulo 10,000, below 100 × percent. So
// it is the same in every shard and run, and one in the arm stays in it when the
// percentage grows.
func (c *Config) InHoldout(customerID []byte) bool {
	var room [256]byte
	text := append(append(room[:0], c.HoldoutSalt...), 0)
	sum := sha256.Sum256(append(text, customerID...))
	return binary.BigEndian.Uint64(sum[:8])%10_000 < uint64(math.Round(float64(100*c.HoldoutPercent)))
}
