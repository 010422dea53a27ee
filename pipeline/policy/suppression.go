package policy

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// past reports whether an alert raised now tells of what is too long ago to be
// delivered. That holds to its end: what was not delivered has no end that anybody
// waits for.
func (j *judgement) past(k *kind) bool {
	return j.longAgo() || k.since != nil && j.f.Now-k.since(j) > j.c.MaxEventAge
}

// longAgo reports whether the moment that is judged is not the present.
func (j *judgement) longAgo() bool { return j.f.Wall-j.f.Now > j.c.MaxEventAge }

// suppression is the first reason, but for that it is of the past, why an alert
// raised now is recorded and not delivered. That it rests on too little data, or on
// a customer who never came back, speaks against an alert on silence alone: a
// complaint is a complaint, and a second purchase is one.
func (j *judgement) suppression(k *kind, holdout bool) signal.Suppression {
	if k.onSilence && j.f.Sufficiency != signal.SufficiencyOK {
		return signal.SuppressedInsufficientData
	}
	return lastingSuppression(j.f, k.onSilence, k.service, holdout)
}

// lastingSuppression is what of it does not pass with the time or with a fit.
func lastingSuppression(f *Facts, onSilence, service, holdout bool) signal.Suppression {
	switch {
	case f.OptedOut && !service:
		return signal.SuppressedOptedOut
	case f.DoNotRetain:
		return signal.SuppressedDoNotRetain
	case f.Closed && natural(f.Closure):
		return signal.SuppressedNatural
	case onSilence && f.X == 0:
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
