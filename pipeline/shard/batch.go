package shard

import (
	"cmp"
	"slices"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Batch is what a shard applies as one unit. The offset ranges that go with it
// are the caller's: the shard never looks at them.
type Batch struct {
	Number uint64        // one more than that of the batch before
	Clock  event.Instant // the clock reading; never less than that of the batch before
	Wall   event.Instant // wall time at which the batch was cut: stamps effects, never enters the state
	Events []event.Event
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
func (b *Batch) Reset() { b.Events, b.order = b.Events[:0], b.order[:0] }

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
	Alerts []signal.Alert
	// Late are the indexes of events of the batch at hand that are older than
	// the retained days; the caller writes them to the dead-letter topic.
	Late []int32

	Customers *signal.CustomerBlock
	AlertRows *signal.AlertBlock
	Models    *signal.ModelBlock
	// Sealed are the encodings of blocks that were full.
	Sealed [][]byte
}

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
	TooLate          uint64
	Rejected         uint64 // by the decoder
	Counted          uint64 // decoded and validated, without an effect yet (erasure, feedback, merges)
	UnknownChannels  uint64
	UnknownCategory  uint64
	UnknownSegments  uint64
	ForeignAmounts   uint64
	UnknownComplaint uint64
	DeadlinesFired   uint64
	AlertsRaised     uint64
	UnknownOrder     uint64 // refunds, adjustments and cancels that came before or long after their order
	Saturated        uint64 // events that a count or a sum could not take in full
}

// Count notes records read for the next batch, control records apart, and how
// many of them are events.
func (s *Shard) Count(read, events uint64) {
	s.counters.Read += read
	s.counters.Rejected += read - events
}

// Values are the counters in the order of the batch log.
func (c *Counters) Values() []uint64 {
	return []uint64{c.Read, c.Applied, c.Duplicates, c.Anonymous, c.TooLate, c.Rejected, c.Counted,
		c.UnknownChannels, c.UnknownCategory, c.UnknownSegments, c.ForeignAmounts, c.UnknownComplaint,
		c.DeadlinesFired, c.AlertsRaised, c.UnknownOrder, c.Saturated}
}

// CountersOf reads what Values gave; values that an older version did not
// write are 0.
func CountersOf(values []uint64) Counters {
	var c Counters
	for i, p := range []*uint64{&c.Read, &c.Applied, &c.Duplicates, &c.Anonymous, &c.TooLate, &c.Rejected, &c.Counted,
		&c.UnknownChannels, &c.UnknownCategory, &c.UnknownSegments, &c.ForeignAmounts, &c.UnknownComplaint,
		&c.DeadlinesFired, &c.AlertsRaised, &c.UnknownOrder, &c.Saturated} {
		if i < len(values) {
			*p = values[i]
		}
	}
	return c
}
