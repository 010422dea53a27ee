package lane

import (
	"github.com/holdfast/holdfast/pipeline/event"
)

// An input may break off while the others go on: a tracker that was switched off,
// a connector that died. What it does not bring must not look like silence. Each
// input has a rhythm, by event time: the longest pause that it makes. One that
// pauses for much longer is quiet while another one flows. While purchases are quiet,
// silence waits as it does for a backfill; while visits are, nothing follows from
// missing ones. Both stand in the batch and its entry, the rhythm too, so that a
// replay and a restart go by the same.

const (
	// quietPauses is by how many of its longest pauses an input must be behind the
	// clock to count as quiet.
	quietPauses = 3
	// leastRhythm is how long an input must have been known: two weekends.
	leastRhythm = 14 * event.Day24h
	// leastPauses is for how many of its longest pauses it must have been known.
	leastPauses = 20
	// pauseFade is by what part of the time that passes the longest pause is
	// forgotten: one of a weekend keeps half of itself over four weeks, and an outage
	// of two days is outgrown in two months.
	pauseFade = 32
	// longestHold is how long silence waits for an input: one that was given up
	// must not hold alerts for ever.
	longestHold = 30 * event.Day24h
)

// rhythm is how an input comes.
type rhythm struct {
	since event.Instant // event time of its first event; 0 none
	pause event.Instant // the longest of late between two of its events
	doubt event.Instant // it was quiet: what was missed may be missing up to here; 0 none
}

// follow takes up an event that lies after the latest, at which the input has been
// up to now; 0 none.
func (r *rhythm) follow(latest, at, quietAfter event.Instant) {
	if latest == 0 || r.since == 0 {
		r.since = at
		return
	}
	pause := at - latest
	if r.known(latest) && pause > r.limit(quietAfter) {
		r.doubt = at + min(pause, longestHold) // who was missed has as long to be seen again
	}
	r.pause = max(pause, r.pause-pause/pauseFade)
}

// known reports whether the input has come for long enough to have a rhythm.
func (r *rhythm) known(latest event.Instant) bool {
	age := latest - r.since
	return r.since != 0 && age >= leastRhythm && r.pause <= age/leastPauses
}

// limit is the pause beyond which the input is quiet.
func (r *rhythm) limit(quietAfter event.Instant) event.Instant {
	return max(quietAfter, quietPauses*r.pause)
}

// IsQuiet reports whether an input has broken off against its own rhythm, while
// another one flows.
func (l *Lane) IsQuiet(input int) bool { return l.quietAt(input, l.ClockReading()) }

func (l *Lane) quietAt(input int, clock event.Instant) bool {
	in, after := &l.inputs[input], l.cfg.QuietAfter
	if after == 0 || input == l.control || !in.rhythm.known(in.latest) || clock-in.latest <= in.rhythm.limit(after) {
		return false
	}
	for i := range l.inputs {
		other := &l.inputs[i]
		if i != input && i != l.control && other.latest != 0 && clock-other.latest <= other.rhythm.limit(after) {
			return true
		}
	}
	return false
}

// holding is up to when silence counts while purchases are quiet, and whether it
// waits for that.
func (l *Lane) holding(clock event.Instant) (silence event.Instant, holds bool) {
	silence = forever
	for i := range l.inputs {
		in := &l.inputs[i]
		if l.cfg.Inputs[i].Decode.Type == event.Purchase && clock-in.latest <= longestHold && l.quietAt(i, clock) {
			silence, holds = min(silence, in.latest), true
		}
	}
	return silence, holds
}

// activityHeld reports whether nothing follows from missing visits: none arrive, or
// much fewer than usual, or they have come back not much longer ago than that lasted.
func (l *Lane) activityHeld(clock event.Instant) bool {
	for i := range l.inputs {
		if l.cfg.Inputs[i].Decode.Type != event.Visit {
			continue
		}
		if clock < l.inputs[i].rhythm.doubt || l.IsLow(i) || l.quietAt(i, clock) {
			return true
		}
	}
	return false
}
