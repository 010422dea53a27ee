package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

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
	Epoch        uint16 // topology epoch
	ConfigHash   uint64 // of the configuration that changes meaning
	ParamVersion string // of the model in force
	CutsVersion  uint64 // of the population cut points in force; 0 = none
	Inputs       []InputRange
	Counters     []uint64
}

// InputRange is what a batch took from one input: offsets From ≤ o < To.
type InputRange struct {
	From, To int64
	Latest   int64 // latest event time seen on the input so far; 0 = none
}

// Header is page 0 of a shard: the last entry when it was written, and what
// makes the batch log dispensable before it.
type Header struct {
	Entry
	Topics    []string // the inputs, in the order of Entry.Inputs
	LogOffset int64    // offset in the batch log at or before the entry of OldestNeeded
	Pages     uint32   // pages of the slab, so that a missing one is noticed
}

// Errors of decoding.
var (
	ErrEntryMagic   = errors.New("not a batch-log entry: wrong magic")
	ErrEntryVersion = errors.New("batch-log entry of an unknown version: written by a newer release")
	ErrEntryCorrupt = errors.New("batch-log entry is damaged")
)

const (
	entryMagic   = 'B'
	headerMagic  = 'H'
	entryVersion = 1

	maxEntryInputs   = 64
	maxEntryCounters = 256
	maxEntryText     = 256
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
		e.RowsComplete, uint64(e.Partitions), uint64(e.Epoch), e.ConfigHash, e.CutsVersion} {
		dst = binary.AppendUvarint(dst, v)
	}
	dst = appendText(dst, e.ParamVersion)
	dst = binary.AppendUvarint(dst, uint64(len(e.Inputs)))
	for _, r := range e.Inputs {
		dst = binary.AppendUvarint(dst, uint64(r.From))
		dst = binary.AppendUvarint(dst, uint64(r.To-r.From))
		dst = binary.AppendUvarint(dst, zigzag(r.Latest))
	}
	dst = binary.AppendUvarint(dst, uint64(len(e.Counters)))
	for _, v := range e.Counters {
		dst = binary.AppendUvarint(dst, v)
	}
	return dst
}

// Append appends the encoding of the header.
func (h *Header) Append(dst []byte) []byte {
	at := len(dst)
	dst = h.body(append(dst, headerMagic, entryVersion))
	dst = binary.AppendUvarint(dst, uint64(len(h.Topics)))
	for _, t := range h.Topics {
		dst = appendText(dst, t)
	}
	dst = binary.AppendUvarint(dst, uint64(h.LogOffset))
	dst = binary.AppendUvarint(dst, uint64(h.Pages))
	return binary.LittleEndian.AppendUint32(dst, uint32(xxhash.Sum64(dst[at:])))
}

// DecodeEntry reads an entry. Its errors wrap one of the errors above.
func DecodeEntry(value []byte) (Entry, error) {
	r, err := openEntry(value, entryMagic)
	if err != nil {
		return Entry{}, err
	}
	e := r.entry()
	return e, r.end()
}

// DecodeHeader reads a header. Its errors wrap one of the errors above.
func DecodeHeader(value []byte) (Header, error) {
	r, err := openEntry(value, headerMagic)
	if err != nil {
		return Header{}, err
	}
	h := Header{Entry: r.entry()}
	for n := r.count(maxEntryInputs); n > 0; n-- {
		h.Topics = append(h.Topics, r.text())
	}
	h.LogOffset = int64(r.count(math.MaxInt64))
	h.Pages = uint32(r.count(math.MaxUint32))
	return h, r.end()
}

func openEntry(value []byte, magic byte) (*entryReader, error) {
	if len(value) < 6 || value[0] != magic {
		return nil, ErrEntryMagic
	}
	if value[1] != entryVersion {
		return nil, fmt.Errorf("%w (version %d)", ErrEntryVersion, value[1])
	}
	body := value[:len(value)-4]
	if uint32(xxhash.Sum64(body)) != binary.LittleEndian.Uint32(value[len(body):]) {
		return nil, ErrEntryCorrupt
	}
	return &entryReader{in: body[2:]}, nil
}

type entryReader struct {
	in  []byte
	bad bool
}

func (r *entryReader) entry() Entry {
	e := Entry{Batch: r.uvarint(), Clock: r.varint(), Wall: r.varint(), NextSeq: r.uvarint(),
		OldestNeeded: r.uvarint(), RowsComplete: r.uvarint(), Partitions: int32(r.count(math.MaxInt32)),
		Epoch: uint16(r.count(math.MaxUint16)), ConfigHash: r.uvarint(), CutsVersion: r.uvarint(), ParamVersion: r.text()}
	for n := r.count(maxEntryInputs); n > 0; n-- {
		from := r.count(math.MaxInt64)
		to := from + r.count(math.MaxInt64-from)
		e.Inputs = append(e.Inputs, InputRange{From: int64(from), To: int64(to), Latest: r.varint()})
	}
	for n := r.count(maxEntryCounters); n > 0; n-- {
		e.Counters = append(e.Counters, r.uvarint())
	}
	return e
}

func (r *entryReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.in)
	if n <= 0 {
		r.bad, r.in = true, nil
		return 0
	}
	r.in = r.in[n:]
	return v
}

func (r *entryReader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// count reads a number that must not be above a limit.
func (r *entryReader) count(limit uint64) uint64 {
	n := r.uvarint()
	if n > limit {
		r.bad, r.in = true, nil
		return 0
	}
	return n
}

func (r *entryReader) text() string {
	n := r.count(maxEntryText)
	if n > uint64(len(r.in)) {
		r.bad, r.in = true, nil
		return ""
	}
	s := string(r.in[:n])
	r.in = r.in[n:]
	return s
}

func (r *entryReader) end() error {
	if r.bad || len(r.in) != 0 {
		return ErrEntryCorrupt
	}
	return nil
}

func zigzag(v int64) uint64 { return uint64(v)<<1 ^ uint64(v>>63) }

func appendText(dst []byte, s string) []byte {
	s = s[:min(len(s), maxEntryText)]
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// PageKey is the key of a page in the checkpoint topic: shard u32, page u32,
// big-endian. Page 0 is the header, page n+1 the slab's page n.
func PageKey(shard, page uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, shard), page)
}

// ParsePageKey reads a key; ok is false for one that is none.
func ParsePageKey(key []byte) (shard, page uint32, ok bool) {
	if len(key) != 8 {
		return 0, 0, false
	}
	return binary.BigEndian.Uint32(key), binary.BigEndian.Uint32(key[4:]), true
}
