package pipeline

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// worker is one partition number at work: its shard, its place in every input,
// and what the commit at hand will say of it. It belongs to the goroutine of
// Run; decoding and applying touch one worker from one goroutine each.
//
// A worker outlives the client that it began with. When a partition comes back
// the group's offsets decide whether it is still right: they name the batch
// and the incarnation that wrote it (see mark).
type worker struct {
	partition int32
	shard     *shard.Shard
	inputs    []inputState
	clock     clock
	lateness  event.Instant

	batch    shard.Batch
	arena    decode.Arena
	effects  shard.Effects
	fetched  []fetchedRecords // of the poll at hand
	sources  []*kgo.Record    // the records of batch.Events
	rejected []rejection      // of the commit at hand
	copied   int              // of rejected: those that hold no memory of the client
	late     []lateRecord     // of the commit at hand
	read     uint64           // records of the poll at hand, control records apart
	blocks   signal.Meta

	entries   []checkpoint.Entry // batches of the commit at hand
	committed committedState
	codec     state.PageCodec

	groupMark    Mark   // of the last commit, as the group's offsets carry it
	paramVersion string // the version whose parameters the model table has
	rowsComplete uint64
	flush        flushState
	lastFlush    time.Time
	pages        []encodedPage // of the commit at hand
	commits      int
	headerDue    bool
	headerBatch  uint64
	logOffsets   offsetRing
}

// inputState is the place in one input.
type inputState struct {
	position int64 // the next offset to read
	known    bool  // false until an offset was committed or a record was read
	latest   event.Instant
	decoder  *decode.JSON
	records  uint64 // of this life, for the metrics; also bytes and events
	bytes    uint64
	events   uint64
}

// committedState is what an abort goes back to, besides the shard.
type committedState struct {
	positions    []inputState
	clock        clock
	entry        checkpoint.Entry
	paramVersion string
	rowsComplete uint64
	flush        flushState
	lastFlush    time.Time
	headerBatch  uint64
}

// fetchedRecords is what one poll brought of one input.
type fetchedRecords struct {
	input   int
	records []*kgo.Record
	skip    *kgo.ErrDecompressTooLarge // after the records; nil = nothing to skip
}

// lateRecord is an event that came after the retained days.
type lateRecord struct {
	input  int
	record *kgo.Record
}

// flushState is the flush of rows under way: rows owed when it began are
// written over as many commits as it takes.
type flushState struct {
	remaining int
	batch     uint64 // newest batch when it began
}

func (p *Pipeline) newWorker(partition int32) (*worker, error) {
	cfg := p.cfg.Shard
	cfg.Shard = uint16(partition)
	meta := signal.Meta{
		CurrencyExponent: cfg.Parameters.CurrencyExponent,
		Currency:         cfg.Alerts.CurrencyText, TimeZone: cfg.Zone.Name(),
	}
	w := &worker{partition: partition, shard: shard.New(cfg), clock: newClock(len(p.cfg.Inputs)),
		lateness: cfg.Lateness, blocks: meta}
	for i := range p.cfg.Inputs {
		d, err := decode.New(p.cfg.Inputs[i].Decode)
		if err != nil {
			return nil, err
		}
		w.inputs = append(w.inputs, inputState{decoder: d})
	}
	w.effects.Customers = signal.NewCustomerBlock(meta)
	w.effects.AlertRows = signal.NewAlertBlock(meta)
	w.effects.Models = signal.NewModelBlock(meta)
	w.keep()
	return w, nil
}

// keep makes the present what an abort goes back to.
func (w *worker) keep() {
	w.committed.positions = append(w.committed.positions[:0], w.inputs...)
	w.clock.copyTo(&w.committed.clock)
	w.committed.paramVersion, w.committed.rowsComplete = w.paramVersion, w.rowsComplete
	w.committed.flush, w.committed.lastFlush, w.committed.headerBatch = w.flush, w.lastFlush, w.headerBatch
	if n := len(w.entries); n > 0 {
		w.committed.entry = w.entries[n-1]
	}
}

// commit makes the commit at hand final; incarnation is that of its mark.
func (w *worker) commit(incarnation string) {
	w.groupMark = w.mark(incarnation)
	w.shard.Commit()
	w.keep()
	w.clear()
}

// undo takes the commit at hand back.
func (w *worker) undo() {
	w.shard.Undo()
	copy(w.inputs, w.committed.positions)
	w.committed.clock.copyTo(&w.clock)
	w.paramVersion, w.rowsComplete = w.committed.paramVersion, w.committed.rowsComplete
	w.flush, w.lastFlush, w.headerBatch = w.committed.flush, w.committed.lastFlush, w.committed.headerBatch
	w.clear()
}

// clear empties what the commit at hand has gathered.
func (w *worker) clear() {
	w.entries, w.rejected, w.late, w.copied = w.entries[:0], w.rejected[:0], w.late[:0], 0
	w.effects.Alerts, w.effects.Sealed = w.effects.Alerts[:0], w.effects.Sealed[:0]
	w.pages = w.pages[:0]
	w.effects.Customers.Reset(w.blocks)
	w.effects.AlertRows.Reset(w.blocks)
	w.effects.Models.Reset(w.blocks)
	w.fetched = w.fetched[:0]
	w.batch.Reset()
}

// cut makes the records of the poll, and time, into the next batch. It is not
// worth one if nothing was read and no deadline is due.
func (w *worker) cut(wall event.Instant, mode ClockMode) bool {
	reading := w.clock.reading(w, mode)
	moved := w.moved()
	if !moved && !w.shard.NeedsTime(reading) {
		return false
	}
	position := w.shard.Position()
	w.batch.Number, w.batch.Wall = position.Batch+1, wall
	w.batch.Clock = max(reading, position.Clock)
	w.batch.Replay = false
	return true
}

// moved says whether any position has moved since the last batch.
func (w *worker) moved() bool {
	for i := range w.inputs {
		if w.inputs[i].position != w.lastTo(i) {
			return true
		}
	}
	return false
}

// lastTo is where the last batch ended in an input.
func (w *worker) lastTo(input int) int64 {
	if n := len(w.entries); n > 0 {
		return w.entries[n-1].Inputs[input].To
	}
	return w.committed.positions[input].position
}

// apply applies the batch that cut made, and notes its entry.
func (w *worker) apply(p *Pipeline) error {
	e := checkpoint.Entry{Batch: w.batch.Number, Clock: int64(w.batch.Clock), Wall: int64(w.batch.Wall)}
	for i := range w.inputs {
		in := &w.inputs[i]
		e.Inputs = append(e.Inputs, checkpoint.InputRange{From: w.lastTo(i), To: in.position, Latest: int64(in.latest)})
	}
	w.shard.Count(w.read, uint64(len(w.batch.Events)))
	if err := w.shard.Apply(&w.batch, &w.effects); err != nil {
		return err
	}
	w.read = 0
	for _, i := range w.effects.Late {
		w.late = append(w.late, lateRecord{input: int(w.batch.Events[i].Input), record: copyOf(w.sources[i])})
	}
	w.effects.Late = w.effects.Late[:0]
	w.recycle()
	if p.cfg.OnBatch != nil {
		p.cfg.OnBatch(w.partition, len(w.batch.Events))
	}
	w.entries = append(w.entries, e)
	return nil
}

// busy says whether the commit at hand has something of this worker to say.
func (w *worker) busy() bool {
	return len(w.entries) > 0 || len(w.rejected) > 0 || len(w.late) > 0
}
