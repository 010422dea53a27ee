package shard

import (
	"unsafe"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/state"
)

// standing is what the record keeps for scores and policy, in the record's
// opaque section: version u8, episodes u8, 6 bytes spare, then the parts as
// they lie in memory (fixed size, no pointers, little-endian).
type standing struct {
	silence   event.Instant // how far the customer is known to have been silent
	crossings crossingsKept
	state     policy.State
	episodes  []policy.Episode
	room      [policy.KindCount]policy.Episode
}

// crossingsKept are the crossing days of the purchase days and parameters that
// they were computed from: they change only with those.
type crossingsKept struct {
	x                 uint32
	firstDay, lastDay event.Day
	parameters        uint32 // hash of the parameters' version
	days              score.Crossings
}

const (
	standingVersion   = 2
	standingHeadBytes = 8
	silenceBytes      = int(unsafe.Sizeof(event.Instant(0)))
	crossingsBytes    = int(unsafe.Sizeof(crossingsKept{}))
	policyStateBytes  = int(unsafe.Sizeof(policy.State{}))
	episodeBytes      = int(unsafe.Sizeof(policy.Episode{}))
)

// load reads the standing of a customer; an empty section is that of one never
// judged.
func (st *standing) load(c *state.Customer) {
	st.silence, st.crossings, st.state = 0, crossingsKept{}, policy.State{}
	st.episodes = st.room[:0]
	in := c.Opaque
	if len(in) < standingHeadBytes || in[0] != standingVersion {
		return
	}
	n := min(int(in[1]), len(st.room))
	in = in[standingHeadBytes:]
	in = in[copy(asBytes(&st.silence), in):]
	in = in[copy(asBytes(&st.crossings), in):]
	in = in[copy(asBytes(&st.state), in):]
	st.episodes = st.room[:n]
	for i := range st.episodes {
		in = in[copy(asBytes(&st.episodes[i]), in):]
	}
}

// save writes the standing back.
func (st *standing) save(c *state.Customer) {
	if st.state == (policy.State{}) && len(st.episodes) == 0 && st.crossings == (crossingsKept{}) {
		c.Opaque = c.Opaque[:0]
		return
	}
	n := standingHeadBytes + silenceBytes + crossingsBytes + policyStateBytes + len(st.episodes)*episodeBytes
	out := c.Opaque[:0]
	out = append(out, standingVersion, uint8(len(st.episodes)), 0, 0, 0, 0, 0, 0)
	out = append(out, asBytes(&st.silence)...)
	out = append(out, asBytes(&st.crossings)...)
	out = append(out, asBytes(&st.state)...)
	for i := range st.episodes {
		out = append(out, asBytes(&st.episodes[i])...)
	}
	if len(out) != n || n > state.MaxOpaque {
		panic("shard: standing larger than its section")
	}
	c.Opaque = out
}

func asBytes[T any](v *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))
}
