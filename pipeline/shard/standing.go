package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/state"
)

// standing is what the record keeps for scores and policy: in the record's
// opaque section, see standing_codec.go, and the core.
type standing struct {
	silence   event.Instant // how far the customer is known to have been silent
	crossings crossingsKept
	state     policy.State
	episodes  []policy.Episode
	room      [maxEpisodes]policy.Episode
}

// crossingsKept are the crossing days of the purchase days and parameters that
// they were computed from: they change only with those.
type crossingsKept struct {
	x                 uint32
	firstDay, lastDay event.Day
	parameters        uint32 // hash of the parameters' version
	days              score.Crossings
}

// load reads the standing of a customer; an empty section is that of one never
// judged.
func (st *standing) load(c *state.Customer) {
	st.silence, st.crossings, st.state = c.Silence, crossingsKept{}, policy.State{}
	st.episodes = st.room[:0]
	if len(c.Opaque) == 0 {
		return
	}
	r := state.NewReader(c.Opaque)
	st.read(&r)
	st.crossings.parameters = c.Parameters
}

// save writes the standing back.
func (st *standing) save(c *state.Customer) {
	if st.state == (policy.State{}) && len(st.episodes) == 0 && st.crossings == (crossingsKept{}) {
		c.Opaque, c.Silence, c.Parameters = c.Opaque[:0], 0, 0
		return
	}
	st.limit()
	c.Silence, c.Parameters = st.silence, st.crossings.parameters
	c.Opaque = st.append(c.Opaque[:0])
}

// limit lets episodes go where there are too many: the oldest that has ended
// first, then the oldest.
func (st *standing) limit() {
	for len(st.episodes) > maxEpisodes {
		gone := 0
		for i := range st.episodes {
			if goesFirst(&st.episodes[i], &st.episodes[gone]) {
				gone = i
			}
		}
		st.episodes = append(st.episodes[:gone], st.episodes[gone+1:]...)
	}
}

func goesFirst(a, b *policy.Episode) bool {
	if a.Open != b.Open {
		return !a.Open
	}
	return a.RaisedAt < b.RaisedAt
}

// settle notes in the core whether a visit can be judged without the record.
func (st *standing) settle(c *state.Customer) {
	c.Flags &^= state.Settled
	if st.settled() && c.Closing.At == 0 && c.Interest.ReferralAt == 0 && c.Interest.ReviewAt == 0 {
		c.Flags |= state.Settled
	}
}
