package lane

import (
	"log/slog"
	"slices"
	"time"

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

// Lane is one partition number at work: its shard, its place in every input,
// and what the commit at hand will say of it. One goroutine at a time may use
// it; different lanes share nothing that changes.
//
// A lane outlives the client that it began with. When a partition comes back
// the group's offsets decide whether it is still right: they name the batch
// and the incarnation that wrote it (see Mark).
type Lane struct {
	cfg       *Config
	log       *slog.Logger
	partition int32
	shard     *shard.Shard
	inputs    []inputState
	clock     clock
	lateness  event.Instant
	// mostFuture is how far an event of any input may lie in the future.
	mostFuture event.Instant

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

	toldUntil event.Instant // wall time whose share of Config.StandingPerHour is used up; 0 = not begun

	sessions []checkpoint.Session // backfills that are open
	// forgotten says that one of them was let go by silence since the last batch: the
	// next one says so, or it would be open again after a restart.
	forgotten bool
	heardOf   time.Time // when one of them was last heard of
	sent      []Sent    // how far they say they are, the latest last

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
	// rejectsCounted is how many of rejected the shard has counted.
	rejectsCounted int
	copied         int    // of rejected: those that hold no memory of the client
	records        uint64 // of the batch at hand, transaction markers apart
	commands       uint64 // of them, records to the pipeline itself that are understood
	blocks         signal.Meta

	entries   []checkpoint.Entry // batches of the commit at hand
	committed committedState
	codec     state.PageCodec

	groupMark    Mark // of the last commit, as the group's offsets carry it
	inForce      inForce
	modelRows    string // the version whose parameters the model table has
	rowsComplete uint64
	flush        flushState
	lastFlush    time.Time
	quality      qualityState
	commits      int
	headerBatch  uint64
	headerLast   bool      // the header says that no batch has followed it
	lastApplied  time.Time // when a batch was last applied that something had come for
	logOffsets   logPlaces
}

// inputState is the place in one input.
type inputState struct {
	position  int64         // the next offset to apply
	known     bool          // false until a position was found
	latest    event.Instant // latest event time applied
	rhythm    rhythm
	volume    volume   // of visits
	id        [16]byte // of the topic
	lostBelow int64    // records below may be gone, see checkpoint.InputRange
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
	quality      qualityState
	headerBatch  uint64
	headerLast   bool
}

// flushState is the flush of rows under way: rows owed when it began are
// written over as many commits as it takes.
type flushState struct {
	remaining int
	batch     uint64 // newest batch when it began
}

// New makes the lane of a partition number. It stands nowhere yet: it is loaded,
// or begins afresh.
func New(partition int32, cfg *Config) (*Lane, error) {
	rules := cfg.Shard
	rules.Shard, rules.Clock = uint16(partition), cfg.Clock
	meta := signal.Meta{
		CurrencyExponent: rules.Parameters.CurrencyExponent,
		Currency:         rules.Alerts.CurrencyText, TimeZone: rules.Zone.Name(),
	}
	l := &Lane{cfg: cfg, log: cfg.Logger, partition: partition, shard: shard.New(rules), clock: newClock(len(cfg.Inputs)),
		lateness: rules.Lateness, blocks: meta, topics: TopicNames(cfg.Inputs), control: -1,
		holdBytes: leastHoldBytes, mostDue: cfg.mostDue(), queues: make([]queue, len(cfg.Inputs))}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	for i := range cfg.Inputs {
		l.mostFuture = max(l.mostFuture, cfg.Inputs[i].Decode.MaxFuture)
		if cfg.Inputs[i].Decode.Type == event.Internal {
			l.control, l.inputs = i, append(l.inputs, inputState{})
			continue
		}
		d, err := json.New(cfg.Inputs[i].Decode)
		if err != nil {
			return nil, err
		}
		l.inputs = append(l.inputs, inputState{decoder: d})
	}
	l.effects.Customers = score.NewCustomerBlock(meta)
	l.effects.AlertRows = signal.NewAlertBlock(meta)
	l.effects.Models = signal.NewModelBlock(meta)
	l.effects.Quality = signal.NewQualityBlock(meta)
	l.quality = l.totals()
	l.keep()
	return l, nil
}

// keep makes the present what an abort goes back to.
func (l *Lane) keep() {
	l.committed.positions = append(l.committed.positions[:0], l.inputs...)
	l.clock.copyTo(&l.committed.clock)
	l.committed.sessions = copySessions(l.committed.sessions, l.sessions)
	l.committed.inForce, l.committed.modelRows = l.inForce, l.modelRows
	l.committed.rowsComplete = l.rowsComplete
	l.committed.flush, l.committed.lastFlush, l.committed.quality = l.flush, l.lastFlush, l.quality
	l.committed.headerBatch, l.committed.headerLast = l.headerBatch, l.headerLast
	if n := len(l.entries); n > 0 {
		l.committed.entry = l.entries[n-1]
	}
}

// Keep makes a commit final: the world has it. It is the one that was prepared
// last, and its records have been written. An empty Commit keeps what was applied
// and says nothing of it, where nobody reads what a lane says.
func (l *Lane) Keep(c *Commit) {
	for i, r := range c.logged {
		l.logOffsets.note(c.entries[i].Batch, r.Offset)
	}
	l.groupMark = c.Mark
	l.shard.Commit()
	l.keep()
	l.clear()
}

// Undo takes back what was applied since the last commit that was kept. What was
// read beyond that stays in the queues: reading goes on with Seek.
func (l *Lane) Undo() {
	l.shard.Undo()
	copy(l.inputs, l.committed.positions)
	l.committed.clock.copyTo(&l.clock)
	l.sessions, l.forgotten = copySessions(l.sessions, l.committed.sessions), false
	l.inForce, l.modelRows = l.committed.inForce, l.committed.modelRows
	l.rowsComplete = l.committed.rowsComplete
	l.flush, l.lastFlush, l.quality = l.committed.flush, l.committed.lastFlush, l.committed.quality
	l.headerBatch, l.headerLast = l.committed.headerBatch, l.committed.headerLast
	l.clear()
}

// clear empties what the commit at hand has gathered.
func (l *Lane) clear() {
	clear(l.rejected)
	l.entries, l.rejected, l.copied, l.rejectedBytes = l.entries[:0], l.rejected[:0], 0, 0
	l.records, l.commands, l.rejectsCounted = 0, 0, 0
	l.effects.Reset(l.blocks)
	l.batch.Reset()
	if l.copies || cap(l.batch.Events) > 4*max(l.decoded, 1024) {
		l.batch.Shrink(l.decoded) // else it would hold the copies
	}
	l.copies, l.decoded = false, 0
	if len(l.spare) > keptItems && l.WaitingBytes() == 0 {
		l.spare = nil // room that a spike has made
	}
}

func copySessions(to, from []checkpoint.Session) []checkpoint.Session {
	to = to[:0]
	for _, s := range from {
		s.Topics, s.Offsets = slices.Clone(s.Topics), slices.Clone(s.Offsets)
		to = append(to, s)
	}
	return to
}
