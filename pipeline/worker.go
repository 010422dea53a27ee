package pipeline

import (
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
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

	queues    []queue         // per input: what is read and not applied
	topics    []string        // per input
	control   int             // the input of control records; -1 = none
	holdBytes int64           // how much may wait before reading is paused
	front     event.Instant   // event time up to which the inputs are merged
	times     []event.Instant // see bounded; per input, those up to timesEnd
	timesEnd  []int
	more      bool           // the last batch left out what could have been applied
	spare     []*event.Event // room for events that are decoded and wait
	mostDue   int            // deadlines that may come in one batch

	sessions []checkpoint.Session // backfills that are open
	heardOf  time.Time            // when one of them was last heard of

	batch        shard.Batch
	arena        decode.Arena
	scratchArena decode.Arena
	effects      shard.Effects
	sources      []*kgo.Record // the records of batch.Events
	decoded      int           // events of the largest batch of the commit at hand
	copies       bool          // some of them are of records that were copied while they waited
	rejected     []rejection   // of the commit at hand
	// rejectedBytes is what the copies of rejected records take.
	rejectedBytes int64
	copied        int    // of rejected: those that hold no memory of the client
	records       uint64 // of the batch at hand, transaction markers apart
	commands      uint64 // of them, records to the pipeline itself that are understood
	blocks        signal.Meta

	entries   []checkpoint.Entry // batches of the commit at hand
	committed committedState
	codec     state.PageCodec

	groupMark    Mark // of the last commit, as the group's offsets carry it
	inForce      inForce
	modelRows    string // the version whose parameters the model table has
	rowsComplete uint64
	flush        flushState
	lastFlush    time.Time
	pages        []encodedPage // of the commit at hand
	commits      int
	headerDue    bool
	headerBatch  uint64
	headerLast   bool      // the header says that no batch has followed it
	resting      bool      // the header of the commit at hand is to say so
	lastApplied  time.Time // when a batch was last applied that something had come for
	logOffsets   logPlaces
}

// inputState is the place in one input.
type inputState struct {
	position  int64         // the next offset to apply
	known     bool          // false until a position was found
	latest    event.Instant // latest event time applied
	id        kadm.TopicID
	lostBelow int64 // records below may be gone, see checkpoint.InputRange
	decoder   *json.Decoder
	records   uint64 // of this life, for the metrics; also bytes and events
	bytes     uint64
	events    uint64
}

// committedState is what an abort goes back to, besides the shard.
type committedState struct {
	positions    []inputState
	clock        clock
	sessions     []checkpoint.Session
	entry        checkpoint.Entry
	inForce      inForce
	modelRows    string
	rowsComplete uint64
	flush        flushState
	lastFlush    time.Time
	headerBatch  uint64
	headerLast   bool
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
		lateness: cfg.Lateness, blocks: meta, topics: p.cfg.topicNames(), control: -1,
		holdBytes: p.cfg.MergeBytes, mostDue: p.mostDue(), queues: make([]queue, len(p.cfg.Inputs))}
	for i := range p.cfg.Inputs {
		if p.cfg.Inputs[i].Decode.Type == event.Internal {
			w.control, w.inputs = i, append(w.inputs, inputState{})
			continue
		}
		d, err := json.New(p.cfg.Inputs[i].Decode)
		if err != nil {
			return nil, err
		}
		w.inputs = append(w.inputs, inputState{decoder: d})
	}
	w.effects.Customers = score.NewCustomerBlock(meta)
	w.effects.AlertRows = signal.NewAlertBlock(meta)
	w.effects.Models = signal.NewModelBlock(meta)
	w.keep()
	return w, nil
}

// mostDue is how many deadlines may come in one batch of a shard: what each may
// cause must fit into its share of a commit.
func (p *Pipeline) mostDue() int {
	if p.cfg.MostDue > 0 {
		return p.cfg.MostDue
	}
	const effectBytes = 8 << 10 // an alert with its rows, and what undoes it
	return int(max(p.cfg.EffectBytes/int64(max(p.partitions, 1))/effectBytes, leastDue))
}

const leastDue = 256

// keep makes the present what an abort goes back to.
func (w *worker) keep() {
	w.committed.positions = append(w.committed.positions[:0], w.inputs...)
	w.clock.copyTo(&w.committed.clock)
	w.committed.sessions = copySessions(w.committed.sessions, w.sessions)
	w.committed.inForce, w.committed.modelRows = w.inForce, w.modelRows
	w.committed.rowsComplete = w.rowsComplete
	w.committed.flush, w.committed.lastFlush = w.flush, w.lastFlush
	w.committed.headerBatch, w.committed.headerLast = w.headerBatch, w.headerLast
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
	w.sessions = copySessions(w.sessions, w.committed.sessions)
	w.inForce, w.modelRows = w.committed.inForce, w.committed.modelRows
	w.rowsComplete = w.committed.rowsComplete
	w.flush, w.lastFlush = w.committed.flush, w.committed.lastFlush
	w.headerBatch, w.headerLast = w.committed.headerBatch, w.committed.headerLast
	w.clear()
}

// clear empties what the commit at hand has gathered.
func (w *worker) clear() {
	clear(w.rejected)
	w.entries, w.rejected, w.copied, w.rejectedBytes = w.entries[:0], w.rejected[:0], 0, 0
	w.records, w.commands = 0, 0
	w.effects.Reset(w.blocks)
	clear(w.pages)
	w.pages = w.pages[:0]
	w.batch.Reset()
	if w.copies || cap(w.batch.Events) > 4*max(w.decoded, 1024) {
		w.batch.Shrink(w.decoded) // else it would hold the copies
	}
	w.copies, w.decoded = false, 0
	if len(w.spare) > keptItems && w.queuedBytes() == 0 {
		w.spare = nil // room that a spike has made
	}
}

// dropQueues forgets what was read and not applied: it is read again.
func (w *worker) dropQueues() {
	for i := range w.queues {
		w.queues[i].reset(&w.inputs[i])
	}
	w.heardOf, w.lastApplied = time.Now(), time.Now()
}

func copySessions(to, from []checkpoint.Session) []checkpoint.Session {
	to = to[:0]
	for _, s := range from {
		s.Topics, s.Offsets = slices.Clone(s.Topics), slices.Clone(s.Offsets)
		to = append(to, s)
	}
	return to
}

// cut makes the records of the poll, and time, into the next batch. It is not
// worth one if nothing was read and no deadline is due.
func (w *worker) cut(p *Pipeline, wall event.Instant) bool {
	reading := w.clock.reading(w, p.cfg.Clock, wall)
	if len(w.sessions) > 0 {
		reading = min(reading, w.silenceOf())
	}
	if !w.moved() && !w.shard.NeedsTime(reading) {
		return false
	}
	w.stamp(p, wall)
	w.lastApplied = time.Now()
	return true
}

// stamp gives the batch at hand its number, its times, and what it is judged by.
func (w *worker) stamp(p *Pipeline, wall event.Instant) {
	b, position := &w.batch, w.shard.Position()
	b.Number, b.Wall, b.Replay = position.Batch+1, wall, false
	if b.Clock = w.clock.last; !b.RepairClock {
		b.Clock = max(w.within(b.Clock), position.Clock)
	}
	if b.SilenceWaits = len(w.sessions) > 0; b.SilenceWaits {
		b.Silence = min(w.silenceOf(), b.Clock)
	}
	b.Parameters, b.Cuts = p.versions.inForce()
	b.ParametersSince = w.since(b.Parameters, b.Clock)
	w.inForce = inForce{b.Parameters.Version, b.ParametersSince}
}

// within lets the clock stop before more has become due than a batch may bring,
// but not before the batch's own events.
func (w *worker) within(clock event.Instant) event.Instant {
	limit := w.clockLimit()
	for i := range w.batch.Events {
		if limit >= clock {
			break
		}
		limit = max(limit, w.batch.Events[i].OccurredAt)
	}
	return min(clock, limit)
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
	e := w.entry()
	w.shard.Count(w.records, uint64(len(w.batch.Events)), w.commands, 0)
	if err := w.shard.Apply(&w.batch, &w.effects); err != nil {
		return err
	}
	w.records, w.commands = 0, 0
	w.recycle()
	if p.cfg.OnBatch != nil {
		p.cfg.OnBatch(w.partition, len(w.batch.Events))
	}
	w.entries = append(w.entries, e)
	return nil
}

// entry is what the batch log says of the batch at hand, but for what describe adds.
func (w *worker) entry() checkpoint.Entry {
	b := &w.batch
	e := checkpoint.Entry{Batch: b.Number, Clock: int64(b.Clock), Silence: int64(b.Clock), Wall: int64(b.Wall),
		Sessions: copySessions(nil, w.sessions), ParamVersion: b.Parameters.Version, ParamSince: int64(b.ParametersSince)}
	if b.Cuts != nil {
		e.CutsVersion = b.Cuts.Version
	}
	if b.SilenceWaits {
		e.Silence = int64(b.Silence)
	}
	if b.RepairClock {
		e.Actions |= checkpoint.RepairClock
	}
	if b.ResendRows {
		e.Actions |= checkpoint.ResendRows
	}
	for i := range w.inputs {
		in := &w.inputs[i]
		e.Inputs = append(e.Inputs, checkpoint.InputRange{Topic: w.topics[i], ID: in.id, From: w.lastTo(i), To: in.position,
			Latest: int64(in.latest), LostBelow: in.lostBelow})
	}
	return e
}

// busy says whether the commit at hand has something of this worker to say.
func (w *worker) busy() bool {
	return len(w.entries) > 0 || len(w.rejected) > 0
}
