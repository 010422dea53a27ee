package checkpoint

import (
	"encoding/binary"
	"errors"

	"github.com/cespare/xxhash/v2"
)

// Entry is one entry of the batch log: what a replay needs to apply the same
// batch again, and where the shard stood after it. Some tens of bytes.
type Entry struct {
	Batch        uint64 // number of the batch, from 1, without gaps
	Clock        int64  // clock reading, microseconds since 1970
	Wall         int64  // wall time at which the batch was cut, microseconds since 1970
	NextSeq      uint64 // number of the shard's next row after the commit
	OldestNeeded uint64 // the first batch that a page still needs: where a replay must start
	RowsComplete uint64 // the newest batch whose customer rows are all in the outbox
	Partitions   int32  // partition count of the inputs
	Epoch        uint32 // of the shard's life: raised by each beginning anew, see signal.EpochShift
	ConfigHash   uint64 // of the configuration that changes meaning
	ParamVersion string // of the parameters that the batch was judged by
	ParamSince   int64  // clock reading from which these are in force; 0 = from the beginning
	CutsVersion  uint64 // of the population cut points in force; 0 = none
	Silence      int64  // how far silence counted; Clock, but for batches within a backfill session
	Actions      Actions
	Inputs       []InputRange
	Sessions     []Session // backfill sessions that are open after the batch
	Counters     []uint64
	// Tell are the places of the customers whose alerts, undelivered so far, the
	// batch told of: shard.Batch.Tell.
	Tell []uint32
}

// Actions are what a batch does besides applying its events.
type Actions uint8

const (
	// RepairClock lets the clock fall back to the batch's reading, and takes
	// back what was judged after it.
	RepairClock Actions = 1 << iota
	// ResendRows makes a row of every customer owed.
	ResendRows
	// tells says that Entry.Tell follows the counters.
	tells
	// HoldActivity lets nothing follow from missing visits: none arrive.
	HoldActivity
	// rhythms says that the rhythms of the inputs follow at the end.
	rhythms
	// volumes says that those of the inputs follow the rhythms.
	volumes
	knownActions = RepairClock | ResendRows | tells | HoldActivity | rhythms | volumes
)

// InputRange is what a batch took from one input: offsets From ≤ o < To of the
// topic that Topic and ID name. From is where the batch before ended, but where
// an operator has moved the position.
type InputRange struct {
	Topic     string
	ID        [16]byte // the topic's id; zero where the broker gives none
	From, To  int64
	Latest    int64 // latest event time applied of the input so far; 0 = none
	LostBelow int64 // records below this offset may be gone: a replay does without them
	// Its rhythm, by event time in microseconds: that of its first event, the longest
	// pause of late, and up to when events of an outage may be missing; 0 = none.
	Since, Pause, Doubt int64
	Volume              Volume // of visits; of other inputs the zero value
}

// Session is a backfill session: while one is open, silence counts only as far
// as the backfill has come.
type Session struct {
	ID      string
	SeenAt  int64    // time of its latest sign of life, microseconds since 1970
	Through int64    // everything of it up to this event time is applied; 0 = nothing yet
	Topics  []string // the inputs that it sends to
	Offsets []int64  // of each topic: what lies below is of before Through
}

// Place is the identity of a topic that a position is a position in.
type Place struct {
	Topic string
	ID    [16]byte
}

// Header is page 0 of a shard: the last entry when it was written, and what
// makes the batch log dispensable before it.
type Header struct {
	Entry
	Group      string // the consumer group whose state this is
	BatchLog   Place
	Checkpoint Place
	LogOffset  int64  // offset in the batch log at or before the entry of OldestNeeded
	Pages      uint32 // pages of the slab, so that a missing one is noticed
	// Last says that no batch had followed when the header was written, and
	// that the first one to follow replaces the header: a batch log that is
	// empty or cut after it lacks nothing.
	Last bool
}

// Errors of decoding.
var (
	ErrEntryMagic   = errors.New("not a batch-log entry: wrong magic")
	ErrEntryVersion = errors.New("batch-log entry of a version that this release does not read")
	ErrEntryCorrupt = errors.New("batch-log entry is damaged")
)

const (
	entryMagic   = 'B'
	headerMagic  = 'H'
	entryVersion = 2

	maxEntryInputs   = 64
	maxEntryCounters = 256
	maxEntryText     = 256
	maxEntrySessions = 16
	// MaxTell bounds Entry.Tell.
	MaxTell = 256
)

// Append appends the encoding: magic, version, varints in the order of the
// fields, and the low 32 bits of an xxhash64 over all before.
func (e *Entry) Append(dst []byte) []byte {
	at := len(dst)
	dst = e.body(append(dst, entryMagic, entryVersion))
	return binary.LittleEndian.AppendUint32(dst, uint32(xxhash.Sum64(dst[at:])))
}

func (e *Entry) body(dst []byte) []byte {
	for _, v := range []uint64{e.Batch, zigzag(e.Clock), zigzag(e.Wall), e.NextSeq, e.OldestNeeded,
		e.RowsComplete, uint64(e.Partitions), uint64(e.Epoch), e.ConfigHash, e.CutsVersion,
		zigzag(e.Silence - e.Clock), uint64(e.actions()), zigzag(e.ParamSince)} {
		dst = binary.AppendUvarint(dst, v)
	}
	dst = appendText(dst, e.ParamVersion)
	dst = binary.AppendUvarint(dst, uint64(len(e.Inputs)))
	for i := range e.Inputs {
		dst = e.Inputs[i].append(dst)
	}
	dst = binary.AppendUvarint(dst, uint64(len(e.Sessions)))
	for i := range e.Sessions {
		dst = e.Sessions[i].append(dst)
	}
	dst = binary.AppendUvarint(dst, uint64(len(e.Counters)))
	for _, v := range e.Counters {
		dst = binary.AppendUvarint(dst, v)
	}
	if len(e.Tell) > 0 {
		dst = binary.AppendUvarint(dst, uint64(len(e.Tell)))
		for _, place := range e.Tell {
			dst = binary.AppendUvarint(dst, uint64(place))
		}
	}
	return e.appendVolumes(e.appendRhythms(dst))
}

// actions are the entry's, with what says what follows the counters.
func (e *Entry) actions() Actions {
	actions := e.Actions
	if len(e.Tell) > 0 {
		actions |= tells
	}
	for i := range e.Inputs {
		if e.Inputs[i].Since != 0 {
			actions |= rhythms
		}
		if e.Inputs[i].Volume.Day != 0 {
			actions |= volumes
		}
	}
	return actions
}

func (e *Entry) appendRhythms(dst []byte) []byte {
	if e.actions()&rhythms == 0 {
		return dst
	}
	for i := range e.Inputs {
		r := &e.Inputs[i]
		for _, v := range [...]int64{r.Since, r.Pause, r.Doubt} {
			dst = binary.AppendUvarint(dst, zigzag(v))
		}
	}
	return dst
}

func (e *Entry) appendVolumes(dst []byte) []byte {
	if e.actions()&volumes == 0 {
		return dst
	}
	for i := range e.Inputs {
		dst = e.Inputs[i].Volume.append(dst)
	}
	return dst
}

func (r *InputRange) append(dst []byte) []byte {
	dst = append(appendText(dst, r.Topic), r.ID[:]...)
	dst = binary.AppendUvarint(dst, uint64(r.From))
	dst = binary.AppendUvarint(dst, uint64(r.To-r.From))
	dst = binary.AppendUvarint(dst, zigzag(r.Latest))
	return binary.AppendUvarint(dst, uint64(r.LostBelow))
}

func (s *Session) append(dst []byte) []byte {
	dst = appendText(dst, s.ID)
	dst = binary.AppendUvarint(dst, zigzag(s.SeenAt))
	dst = binary.AppendUvarint(dst, zigzag(s.Through))
	dst = binary.AppendUvarint(dst, uint64(len(s.Topics)))
	for i, topic := range s.Topics {
		dst = appendText(dst, topic)
		dst = binary.AppendUvarint(dst, uint64(s.Offsets[i]))
	}
	return dst
}

// Append appends the encoding of the header.
func (h *Header) Append(dst []byte) []byte {
	at := len(dst)
	dst = h.body(append(dst, headerMagic, entryVersion))
	dst = appendText(dst, h.Group)
	for _, p := range []Place{h.BatchLog, h.Checkpoint} {
		dst = append(appendText(dst, p.Topic), p.ID[:]...)
	}
	dst = binary.AppendUvarint(dst, uint64(h.LogOffset))
	dst = binary.AppendUvarint(dst, uint64(h.Pages))
	last := byte(0)
	if h.Last {
		last = 1
	}
	dst = append(dst, last)
	return binary.LittleEndian.AppendUint32(dst, uint32(xxhash.Sum64(dst[at:])))
}

func zigzag(v int64) uint64 { return uint64(v)<<1 ^ uint64(v>>63) }

func appendText(dst []byte, s string) []byte {
	s = s[:min(len(s), maxEntryText)]
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}
