package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/s2"
)

// The page format, version 1, little-endian:
//
//	magic "HFP1" | version u8 | codec u8 (1 = s2) | reserved u16
//	shard u32 | page u32 | batch u64 | customers u32 | raw length u32
//	xxhash64 of all the above and the raw part u64 | compressed raw part
//
// The raw part is, for each customer in order of position: position u16,
// reserved u16, side words u32, core record, side words. Version N and N-1
// are readable; a newer one is refused.
const (
	pageMagic      = "HFP1"
	pageVersion    = 1
	pageCodecS2    = 1
	pageHeaderLen  = 40
	recordHeadLen  = 8
	coreLen        = int(unsafe.Sizeof(Core{}))
	maxRawPageLen  = PageSize * (recordHeadLen + coreLen + 8*8192)
	maxPageRecords = PageSize
	maxPages       = 1 << 24 // a Slot is 32 bits
)

// Errors of decoding a page.
var (
	ErrPageMagic    = errors.New("not a page: wrong magic")
	ErrPageVersion  = errors.New("page of a version that this release does not read")
	ErrPageCorrupt  = errors.New("page is damaged")
	ErrPageMisplace = errors.New("page belongs elsewhere")
)

// PageCodec encodes and decodes pages; it owns the buffers for it. One per
// goroutine.
type PageCodec struct {
	raw, packed []byte
	digest      xxhash.Digest
}

// sum is the checksum of a page: the header before it, and the raw part.
func (codec *PageCodec) sum(header, raw []byte) uint64 {
	codec.digest.Reset()
	codec.digest.Write(header)
	codec.digest.Write(raw)
	return codec.digest.Sum64()
}

// AppendPage appends the encoding of a page as it stands after batch, and
// returns the extended slice.
func (s *Slab) AppendPage(codec *PageCodec, dst []byte, shard, page uint32, batch uint64) []byte {
	p := s.pages[page]
	raw := codec.raw[:0]
	for i := range p.cores {
		if !p.has(i) {
			continue
		}
		core := p.cores[i]
		side := p.sideOf(&core)
		raw = binary.LittleEndian.AppendUint32(raw, uint32(i))
		raw = binary.LittleEndian.AppendUint32(raw, uint32(len(side)))
		core.sideAt, core.sideCap = 0, 0 // where the run lies is not content
		raw = append(raw, unsafe.Slice((*byte)(unsafe.Pointer(&core)), coreLen)...)
		raw = append(raw, bytesOf(side)...)
	}
	codec.raw = raw
	codec.packed = s2.Encode(codec.packed[:cap(codec.packed)], raw)
	head := len(dst)
	dst = append(dst, pageMagic...)
	dst = append(dst, pageVersion, pageCodecS2, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, shard)
	dst = binary.LittleEndian.AppendUint32(dst, page)
	dst = binary.LittleEndian.AppendUint64(dst, batch)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(p.count))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(raw)))
	dst = binary.LittleEndian.AppendUint64(dst, codec.sum(dst[head:], raw))
	return append(dst, codec.packed...)
}

// LoadPage puts an encoded page into the slab; its place must be empty or hold
// an older copy. Records are indexed and armed by FinishLoading.
func (s *Slab) LoadPage(codec *PageCodec, value []byte, shard, number uint32) error {
	raw, batch, count, err := codec.open(value, shard, number)
	if err != nil {
		return fmt.Errorf("decode page %d of shard %d: %w", number, shard, err)
	}
	p := &page{version: batch}
	if err := p.fill(raw, count); err != nil {
		return fmt.Errorf("decode page %d of shard %d: %w", number, shard, err)
	}
	for uint32(len(s.pages)) <= number {
		s.pages = append(s.pages, nil)
	}
	s.pages[number] = p
	return nil
}

func (codec *PageCodec) open(value []byte, shard, page uint32) (raw []byte, batch uint64, count int, err error) {
	if len(value) < pageHeaderLen || string(value[:4]) != pageMagic {
		return nil, 0, 0, ErrPageMagic
	}
	if value[4] != pageVersion || value[5] != pageCodecS2 {
		return nil, 0, 0, ErrPageVersion
	}
	le := binary.LittleEndian
	if le.Uint32(value[8:]) != shard || le.Uint32(value[12:]) != page || page >= maxPages {
		return nil, 0, 0, ErrPageMisplace
	}
	batch, count = le.Uint64(value[16:]), int(le.Uint32(value[24:]))
	rawLen := int(le.Uint32(value[28:]))
	n, err := s2.DecodedLen(value[pageHeaderLen:])
	if err != nil || n != rawLen || rawLen > maxRawPageLen || count > maxPageRecords {
		return nil, 0, 0, ErrPageCorrupt
	}
	if cap(codec.raw) < n {
		codec.raw = make([]byte, n)
	}
	raw, err = s2.Decode(codec.raw[:n], value[pageHeaderLen:])
	if err != nil || codec.sum(value[:pageHeaderLen-8], raw) != le.Uint64(value[32:]) {
		return nil, 0, 0, ErrPageCorrupt
	}
	return raw, batch, count, nil
}

func (p *page) fill(raw []byte, count int) error {
	last := -1
	for ; count > 0; count-- {
		if len(raw) < recordHeadLen+coreLen {
			return ErrPageCorrupt
		}
		i := int(binary.LittleEndian.Uint32(raw))
		n := int(binary.LittleEndian.Uint32(raw[4:]))
		raw = raw[recordHeadLen:]
		if i <= last || i >= PageSize || n > (len(raw)-coreLen)/8 {
			return ErrPageCorrupt
		}
		last = i
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&p.cores[i])), coreLen), raw[:coreLen])
		raw = raw[coreLen:]
		p.take(i)
		if err := p.adopt(i, raw[:n*8]); err != nil {
			return err
		}
		raw = raw[n*8:]
	}
	if len(raw) != 0 {
		return ErrPageCorrupt
	}
	return nil
}

// adopt gives a decoded record its run, checked against its own counts.
func (p *page) adopt(i int, side []byte) error {
	core := &p.cores[i]
	core.sideAt, core.sideCap = 0, 0
	if !core.plausible(len(side) / 8) {
		return ErrPageCorrupt
	}
	n := len(side) / 8
	p.reserve(i, n)
	copy(bytesOf(p.sideOf(core)), side)
	return nil
}

// plausible says whether the counts fit the limits and the run's length.
func (c *Core) plausible(run int) bool {
	if int(c.nEvents) > MaxEvents || int(c.nDays) > MaxDays || int(c.nWeeks) > MaxWeeks ||
		int(c.nOrders) > MaxOrders || int(c.nComplaints) > MaxComplaints ||
		int(c.nComplaintDays) > MaxComplaintDays || int(c.nOpaque) > MaxOpaque || c.idLen == 0 || c.idLen > 128 {
		return false
	}
	want := int(c.nEvents)*wordsOfEvent + int(c.nDays)*wordsOfDay + int(c.nWeeks)*wordsOfWeek +
		int(c.nOrders)*wordsOfOrder + int(c.nComplaints)*wordsOfComplaint +
		int(c.nComplaintDays)*wordsOfComplaintDay + wordsOfBytes(int(c.nOpaque))
	if int(c.idLen) > inlineID {
		want += wordsOfBytes(int(c.idLen))
	}
	if c.Flags&hasRare != 0 {
		want += wordsOfRare
	}
	return run == want
}

// FinishLoading indexes and arms every record, after the last LoadPage and
// before the first batch.
func (s *Slab) FinishLoading() {
	s.beginCalendar()
	for n, p := range s.pages {
		if p == nil {
			p = &page{}
			s.pages[n] = p
		}
		s.count += int(p.count)
		for i := range p.cores {
			if p.has(i) {
				slot := Slot(n*PageSize + i)
				s.index.insert(s, p.cores[i].IDHash, slot)
				s.calendar.arm(s, slot, p.cores[i].Deadline)
			}
		}
	}
}

// beginCalendar lets the ring begin at the least deadline: what lies before its
// beginning would all wait in one bucket.
func (s *Slab) beginCalendar() {
	least := Never
	for _, p := range s.pages {
		for i := 0; p != nil && i < PageSize; i++ {
			if p.has(i) {
				least = min(least, p.cores[i].Deadline)
			}
		}
	}
	if least != Never {
		s.calendar.base = hourOf(least)
	}
}

// ErrPageMissing says that a page of the checkpoint is not there.
var ErrPageMissing = errors.New("page is missing: the checkpoint topic was truncated or emptied")

// CheckWhole says after a replay whether every page is there. Places are taken
// from the lowest on and never given back, so each page but the last is full;
// atLeast is how many there were when the header was written.
func (s *Slab) CheckWhole(atLeast uint32) error {
	if uint32(len(s.pages)) < atLeast {
		return fmt.Errorf("page %d of %d: %w", len(s.pages), atLeast, ErrPageMissing)
	}
	for n := 0; n < len(s.pages)-1; n++ {
		if s.pages[n].count != PageSize {
			return fmt.Errorf("page %d of %d, with %d customers: %w", n, len(s.pages), s.pages[n].count, ErrPageMissing)
		}
	}
	return nil
}

// EndReplay says that every page now reflects every batch, and arms what a
// replay may have passed over.
func (s *Slab) EndReplay() {
	s.replay = false
	for n, p := range s.pages {
		p.version = 0
		for i := range p.cores {
			if p.has(i) && p.links[i].bucket == 0 {
				s.calendar.arm(s, Slot(n*PageSize+i), p.cores[i].Deadline)
			}
		}
	}
}
