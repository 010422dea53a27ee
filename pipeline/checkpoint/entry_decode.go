package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"
)

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
	h := Header{Entry: r.entry(), Group: r.text()}
	h.BatchLog, h.Checkpoint = r.place(), r.place()
	h.LogOffset = int64(r.count(math.MaxInt64))
	h.Pages = uint32(r.count(math.MaxUint32))
	h.Last = r.count(1) == 1
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
		Epoch: uint32(r.count(math.MaxUint32)), ConfigHash: r.uvarint(), CutsVersion: r.uvarint()}
	e.Silence = e.Clock + r.varint()
	e.Actions = Actions(r.count(uint64(knownActions)))
	e.ParamSince = r.varint()
	e.ParamVersion = r.text()
	for n := r.count(maxEntryInputs); n > 0; n-- {
		e.Inputs = append(e.Inputs, r.inputRange())
	}
	for n := r.count(maxEntrySessions); n > 0; n-- {
		e.Sessions = append(e.Sessions, r.session())
	}
	for n := r.count(maxEntryCounters); n > 0; n-- {
		e.Counters = append(e.Counters, r.uvarint())
	}
	if e.Actions&tells != 0 {
		e.Actions &^= tells
		for n := r.count(MaxTell); n > 0; n-- {
			e.Tell = append(e.Tell, uint32(r.count(math.MaxUint32)))
		}
	}
	if e.Actions&rhythms != 0 {
		e.Actions &^= rhythms
		for i := range e.Inputs {
			in := &e.Inputs[i]
			in.Since, in.Pause, in.Doubt = r.varint(), r.varint(), r.varint()
		}
	}
	if e.Actions&volumes != 0 {
		e.Actions &^= volumes
		for i := range e.Inputs {
			r.volume(&e.Inputs[i].Volume)
		}
	}
	return e
}

func (r *entryReader) inputRange() InputRange {
	v := InputRange{Topic: r.text(), ID: r.id()}
	from := r.count(math.MaxInt64)
	v.From, v.To = int64(from), int64(from+r.count(math.MaxInt64-from))
	v.Latest = r.varint()
	v.LostBelow = int64(r.count(math.MaxInt64))
	return v
}

func (r *entryReader) session() Session {
	s := Session{ID: r.text(), SeenAt: r.varint(), Through: r.varint()}
	for n := r.count(maxEntryInputs); n > 0; n-- {
		s.Topics = append(s.Topics, r.text())
		s.Offsets = append(s.Offsets, int64(r.count(math.MaxInt64)))
	}
	return s
}

func (r *entryReader) place() Place { return Place{Topic: r.text(), ID: r.id()} }

func (r *entryReader) id() (id [16]byte) {
	if len(r.in) < len(id) {
		r.bad, r.in = true, nil
		return id
	}
	r.in = r.in[copy(id[:], r.in):]
	return id
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
