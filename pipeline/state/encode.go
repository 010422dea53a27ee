package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/s2"

	"github.com/holdfast/holdfast/pipeline/event"
)

// The page format, version 4, little-endian:
//
//	magic "HFP1" | version u8 | codec u8 (1 = s2) | reserved u16
//	shard u32 | page u32 | batch u64 | customers u32 | raw length u32
//	xxhash64 of all the above and the raw part u64 | compressed raw part
//
// The raw part is, for each customer in order of position: position u8, flags
// u8, run bytes u16, hash of the id u64, deadline, time of the latest judgement
// and known silence i64 each, last folded day i32, hash of the parameters' version
// u32, and the run, see sections.go. Version N and N-1 are readable (pageFormats);
// a newer one is refused. Version 3 is version 4 without the kinds of complaints and what is more of
// them, see complaintsection.go, and without sections above 12.
const (
	pageMagic      = "HFP1"
	pageVersion    = 4
	pageCodecS2    = 1
	pageHeaderLen  = 40
	recordHeadLen  = 4 + 4*8 + 2*4
	maxRawPageLen  = PageSize * (recordHeadLen + longestRun)
	maxPageRecords = PageSize
	maxPages       = 1 << 24 // a Slot is 32 bits
)

// Errors of decoding a page.
var (
	ErrPageMagic    = errors.New("not a page: wrong magic")
	ErrPageVersion  = errors.New("page of a version that this release does not read")
	ErrPageFormat1  = fmt.Errorf("%w: format 1 was never released; begin anew from the inputs", ErrPageVersion)
	ErrPageCorrupt  = errors.New("page is damaged")
	ErrPageMisplace = errors.New("page belongs elsewhere")
)

// PageCodec encodes and decodes pages; it owns the buffers for it. One per
// goroutine.
type PageCodec struct {
	raw, packed, run []byte
	digest           xxhash.Digest
	customer         Customer
	// formats is pageFormats but where a test has an older format to read.
	formats []pageFormat
}

// pageFormat is a version of the page format that can be read.
type pageFormat struct {
	version uint8
	// record reads the next record of a raw part; it returns false where there
	// is none that this format can have.
	record func(c *Customer, raw []byte) (position int, rest []byte, ok bool)
}

// pageFormats are the version that is written and, once that is not the first
// released one, the version before.
var pageFormats = []pageFormat{
	{version: pageVersion, record: readRecord},
	{version: 3, record: readRecord},
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
		raw = appendRecord(raw, i, &p.cores[i], p.run(i))
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
	raw, batch, count, format, err := codec.open(value, shard, number)
	if err != nil {
		return fmt.Errorf("decode page %d of shard %d: %w", number, shard, err)
	}
	p := &page{version: batch}
	if err := codec.fill(p, format, raw, count); err != nil {
		return fmt.Errorf("decode page %d of shard %d: %w", number, shard, err)
	}
	for uint32(len(s.pages)) <= number {
		s.pages = append(s.pages, nil)
	}
	s.pages[number] = p
	return nil
}

func (codec *PageCodec) open(value []byte, shard, page uint32) (
	raw []byte, batch uint64, count int, format *pageFormat, err error) {
	if len(value) < pageHeaderLen || string(value[:4]) != pageMagic {
		return nil, 0, 0, nil, ErrPageMagic
	}
	if format, err = codec.formatOf(value[4], value[5]); err != nil {
		return nil, 0, 0, nil, err
	}
	le := binary.LittleEndian
	if le.Uint32(value[8:]) != shard || le.Uint32(value[12:]) != page || page >= maxPages {
		return nil, 0, 0, nil, ErrPageMisplace
	}
	batch, count = le.Uint64(value[16:]), int(le.Uint32(value[24:]))
	rawLen := int(le.Uint32(value[28:]))
	n, err := s2.DecodedLen(value[pageHeaderLen:])
	if err != nil || n != rawLen || rawLen > maxRawPageLen || count > maxPageRecords {
		return nil, 0, 0, nil, ErrPageCorrupt
	}
	if cap(codec.raw) < n {
		codec.raw = make([]byte, n)
	}
	raw, err = s2.Decode(codec.raw[:n], value[pageHeaderLen:])
	if err != nil || codec.sum(value[:pageHeaderLen-8], raw) != le.Uint64(value[32:]) {
		return nil, 0, 0, nil, ErrPageCorrupt
	}
	return raw, batch, count, format, nil
}

func (codec *PageCodec) formatOf(version, compression uint8) (*pageFormat, error) {
	formats := codec.formats
	if formats == nil {
		formats = pageFormats
	}
	for i := range formats {
		if formats[i].version == version && compression == pageCodecS2 {
			return &formats[i], nil
		}
	}
	if version == 1 {
		return nil, ErrPageFormat1
	}
	return nil, ErrPageVersion
}

// fill puts the records of a raw part into an empty page, each as it would be
// written: a record that a Store would write in another way is damage.
func (codec *PageCodec) fill(p *page, format *pageFormat, raw []byte, count int) error {
	c, last := &codec.customer, -1
	for ; count > 0; count-- {
		before := raw
		i, rest, ok := format.record(c, raw)
		if !ok || i <= last || i >= PageSize || len(c.ID) == 0 || len(c.ID) > MaxID {
			return ErrPageCorrupt
		}
		last, raw = i, rest
		codec.run = c.appendRun(codec.run[:0])
		if format.version == pageVersion && !bytes.Equal(codec.run, before[recordHeadLen:len(before)-len(rest)]) {
			return ErrPageCorrupt
		}
		p.take(i)
		p.put(i, &c.Core, codec.run)
	}
	if len(raw) != 0 {
		return ErrPageCorrupt
	}
	return nil
}

func appendRecord(raw []byte, position int, c *Core, run []byte) []byte {
	le := binary.LittleEndian
	raw = append(raw, uint8(position), uint8(c.Flags))
	raw = le.AppendUint16(raw, uint16(len(run)))
	raw = le.AppendUint64(raw, c.IDHash)
	raw = le.AppendUint64(raw, uint64(c.Deadline))
	raw = le.AppendUint64(raw, uint64(c.JudgedAt))
	raw = le.AppendUint64(raw, uint64(c.Silence))
	raw = le.AppendUint32(raw, uint32(c.FoldedThrough))
	raw = le.AppendUint32(raw, c.Parameters)
	return append(raw, run...)
}

// readRecord reads a record of the version that is written.
func readRecord(c *Customer, raw []byte) (position int, rest []byte, ok bool) {
	if len(raw) < recordHeadLen {
		return 0, nil, false
	}
	le := binary.LittleEndian
	n := int(le.Uint16(raw[2:]))
	c.Core = Core{Flags: Flag(raw[1]), IDHash: le.Uint64(raw[4:]), Deadline: event.Instant(le.Uint64(raw[12:])),
		JudgedAt: event.Instant(le.Uint64(raw[20:])), Silence: event.Instant(le.Uint64(raw[28:])),
		FoldedThrough: event.Day(le.Uint32(raw[36:])), Parameters: le.Uint32(raw[40:])}
	position, raw = int(raw[0]), raw[recordHeadLen:]
	if n > len(raw) || !c.readRun(raw[:n]) {
		return 0, nil, false
	}
	return position, raw[n:], true
}
