package shard

import (
	"cmp"
	"slices"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/cuts"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// Batch is what a shard applies as one unit. The offset ranges that go with it
// are the caller's: the shard never looks at them.
type Batch struct {
	Number uint64        // one more than that of the batch before
	Clock  event.Instant // the clock reading; never less than that of the batch before
	Wall   event.Instant // wall time at which the batch was cut: stamps effects, and says what is of the past
	Events []event.Event
	// SilenceWaits says that silence counts only up to Silence, which lies
	// before the clock: a backfill is on its way, and what it has not brought
	// yet must not look like silence.
	SilenceWaits bool
	Silence      event.Instant
	// ActivityHeld says that visits of nobody arrive: P(alive) is that of the
	// purchase days.
	ActivityHeld bool
	// RepairClock lets the clock fall back to Clock, and takes back what was
	// judged after it: a clock was wrong. ResendRows makes every customer's row owed.
	RepairClock, ResendRows bool
	// Tell are the places of customers with an alert that was not delivered when it
	// was raised: where it still stands after all else of the batch, it is told.
	Tell []state.Slot
	// Parameters are those that customers are scored by from this batch on, since
	// the clock reading ParametersSince (0: from the beginning); nil: as before.
	// Cuts are the cut points in force; nil: none yet.
	Parameters      *score.Parameters
	ParametersSince event.Instant
	Cuts            *cuts.Cuts
	// Replay suppresses effects and leaves alone what already reflects the batch.
	Replay bool

	order []placed
}

type placed struct {
	at    event.Instant
	index int32
	input uint8
}

// Reset empties the batch for reuse; it keeps its room.
func (b *Batch) Reset() { b.Events, b.order, b.Tell = b.Events[:0], b.order[:0], b.Tell[:0] }

// Shrink gives back room for many more events than were needed of late, and
// forgets what the events that it has room for point to.
func (b *Batch) Shrink(needed int) {
	if cap(b.Events) > keptEvents && needed < cap(b.Events)/4 {
		b.Events = nil
	}
	if cap(b.order) > keptEvents && needed < cap(b.order)/4 {
		b.order = nil
	}
	clear(b.Events[:cap(b.Events)])
	b.Reset()
}

// keptEvents is for how many events an idle batch keeps room: about 1 MiB.
const keptEvents = 4096

// silence is the instant up to which silence counts in the batch.
func (b *Batch) silence() event.Instant {
	if b.SilenceWaits {
		return min(b.Clock, b.Silence)
	}
	return b.Clock
}

// sort puts the events into the order (event time, input, offset). Within an
// input they are already by offset, so a stable sort by the first two does.
func (b *Batch) sort() {
	b.order = b.order[:0]
	sorted := true
	for i := range b.Events {
		e := &b.Events[i]
		p := placed{at: e.OccurredAt, index: int32(i), input: e.Input}
		if n := len(b.order); n > 0 && comparePlaced(b.order[n-1], p) > 0 {
			sorted = false
		}
		b.order = append(b.order, p)
	}
	if !sorted {
		slices.SortFunc(b.order, comparePlaced)
	}
}

func comparePlaced(a, b placed) int {
	if a.at != b.at {
		return cmp.Compare(a.at, b.at)
	}
	if a.input != b.input {
		return cmp.Compare(a.input, b.input)
	}
	return cmp.Compare(a.index, b.index)
}

// Effects is what a batch causes. The caller empties it between commits with
// Reset and owns everything in it until then.
type Effects struct {
	Alerts    []signal.Alert
	Credits   []Credit
	Customers *signal.CustomerBlock
	AlertRows *signal.AlertBlock
	Models    *signal.ModelBlock
	Quality   *signal.QualityBlock
	// Sealed are the encodings of blocks that were full.
	Sealed [][]byte
}

// Bytes is about what the effects take in memory, and will take once they are
// written: O(sealed blocks).
func (fx *Effects) Bytes() int64 {
	n := int64(len(fx.Alerts))*alertBytes + int64(len(fx.Credits))*creditBytes +
		int64(fx.Customers.Rows()+fx.AlertRows.Rows())*rowBytes
	for _, block := range fx.Sealed {
		n += int64(cap(block))
	}
	return n
}

const (
	alertBytes = 4 << 10 // with its JSON and headers
	rowBytes   = 1 << 10
)

// Reset empties the effects. Room that a spike has made is given back.
func (fx *Effects) Reset(meta signal.Meta) {
	clear(fx.Alerts) // their texts
	if len(fx.Alerts) < cap(fx.Alerts)/4 && cap(fx.Alerts) > keptAlerts {
		fx.Alerts = nil
	}
	clear(fx.Credits)
	if len(fx.Credits) < cap(fx.Credits)/4 && cap(fx.Credits) > keptAlerts {
		fx.Credits = nil
	}
	fx.Credits = fx.Credits[:0]
	clear(fx.Sealed)
	fx.Alerts, fx.Sealed = fx.Alerts[:0], fx.Sealed[:0]
	fx.Customers.Reset(meta)
	fx.AlertRows.Reset(meta)
	fx.Models.Reset(meta)
	fx.Quality.Reset(meta)
}

// keptAlerts is for how many alerts idle effects keep room: about 1 MiB.
const keptAlerts = 1024

// makeRoom seals the blocks that are full.
func (fx *Effects) makeRoom(meta signal.Meta) {
	if fx.AlertRows.Full() {
		fx.Sealed = append(fx.Sealed, fx.AlertRows.Encode(nil))
		fx.AlertRows.Reset(meta)
	}
	if fx.Customers.Full() {
		fx.Sealed = append(fx.Sealed, fx.Customers.Encode(nil))
		fx.Customers.Reset(meta)
	}
}

// Counters count events since the shard's beginning. They go with every entry
// of the batch log, so they are exact after any restore. The order is part of
// the batch log's format; append only.
type Counters struct {
	Read             uint64 // records of the inputs, rejects among them
	Applied          uint64
	Duplicates       uint64
	Anonymous        uint64
	TooLate          uint64 // always 0: what is older than the retained days is counted, see Folded
	Rejected         uint64 // by the decoder
	Counted          uint64 // decoded and validated, without an effect yet (erasure, feedback, merges)
	UnknownChannels  uint64
	UnknownCategory  uint64
	UnknownSegments  uint64
	ForeignAmounts   uint64
	UnknownComplaint uint64
	DeadlinesFired   uint64
	AlertsRaised     uint64
	Folded           uint64 // of Applied: events of days that had left the retained range
	Skipped          uint64 // offsets that an operator has given up: not read, or gone before a page reflected them
	UnknownOrder     uint64 // refunds, adjustments and cancels that came before or long after their order
	Saturated        uint64 // events that a count or a sum could not take in full
	SelfReferral     uint64 // referrals that name their own customer as the referrer

	// Rejects are the dead letters by reason. They stand from the place firstReject on.
	Rejects [MaxRejectReasons]uint64
}

// Count notes what was read for the next batch: records (transaction markers
// apart), how many of them are events, and how many are commands to the
// pipeline itself; skipped are offsets that were passed over unread.
func (s *Shard) Count(read, events, commands, skipped uint64) {
	s.counters.Read += read
	s.counters.Rejected += read - events - commands
	s.counters.Counted += commands
	s.counters.Skipped += skipped
}

// Values are the counters in the order of the batch log, without the zeros behind
// the last of them.
func (c *Counters) Values() []uint64 {
	values := make([]uint64, firstReject, firstReject+MaxRejectReasons)
	copy(values, []uint64{c.Read, c.Applied, c.Duplicates, c.Anonymous, c.TooLate, c.Rejected, c.Counted,
		c.UnknownChannels, c.UnknownCategory, c.UnknownSegments, c.ForeignAmounts, c.UnknownComplaint,
		c.DeadlinesFired, c.AlertsRaised, c.Folded, c.Skipped, c.UnknownOrder, c.Saturated, c.SelfReferral})
	values = append(values, c.Rejects[:]...)
	n := len(values)
	for n > 0 && values[n-1] == 0 {
		n--
	}
	return values[:n]
}

// firstReject leaves room for counters that are still to come.
const firstReject = 24

// CountersOf reads what Values gave; values that an older version did not
// write are 0.
func CountersOf(values []uint64) Counters {
	var c Counters
	named := []*uint64{&c.Read, &c.Applied, &c.Duplicates, &c.Anonymous, &c.TooLate, &c.Rejected, &c.Counted,
		&c.UnknownChannels, &c.UnknownCategory, &c.UnknownSegments, &c.ForeignAmounts, &c.UnknownComplaint,
		&c.DeadlinesFired, &c.AlertsRaised, &c.Folded, &c.Skipped, &c.UnknownOrder, &c.Saturated, &c.SelfReferral}
	for i, p := range named {
		if i < len(values) {
			*p = values[i]
		}
	}
	copy(c.Rejects[:], values[min(firstReject, len(values)):])
	return c
}
