package signal

import (
	"encoding/binary"
	"slices"
	"unsafe"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/s2"
)

// Encode appends the block's bytes to dst and gives the result; the block stays
// as it is. The bytes depend on the rows and the meta alone, but for the
// compressor's choices, which may differ between versions and architectures:
// compare decoded blocks, not bytes. An empty block has bytes too. O(cells).
func (b *blockWriter) Encode(dst []byte) []byte {
	b.body = b.body[:0]
	for i := range b.fields {
		b.appendColumn(i)
	}
	return appendFrame(dst, frame{b.table, b.meta, b.rows, len(b.fields), b.shards}, b.body)
}

// frame is what stands around a block's body.
type frame struct {
	table   Table
	meta    Meta
	rows    int
	columns int
	shards  []ShardRange
}

// appendFrame writes a whole block around its body.
func appendFrame(dst []byte, f frame, body []byte) []byte {
	start := len(dst)
	dst = append(dst, blockMagic[:]...)
	dst = append(dst, blockVersion, byte(f.table), compressS2)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(f.rows))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(f.columns))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(body)))
	payloadAt := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(3+len(f.meta.Currency)+len(f.meta.TimeZone)))
	dst = append(dst, f.meta.CurrencyExponent, byte(len(f.meta.Currency)))
	dst = append(dst, f.meta.Currency...)
	dst = append(dst, byte(len(f.meta.TimeZone)))
	dst = append(dst, f.meta.TimeZone...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(f.shards)))
	for _, r := range f.shards {
		dst = binary.LittleEndian.AppendUint16(dst, r.Shard)
		dst = binary.LittleEndian.AppendUint64(dst, r.First)
		dst = binary.LittleEndian.AppendUint64(dst, r.Last)
		dst = binary.LittleEndian.AppendUint32(dst, r.Rows)
	}
	before := len(dst)
	dst = slices.Grow(dst, s2.MaxEncodedLen(len(body))+checksumBytes)
	payload := s2.Encode(dst[before:before:cap(dst)], body)
	dst = dst[:before+len(payload)]
	if len(payload) >= len(body) {
		dst[start+5] = compressNone
		dst = append(dst[:before], body...)
	}
	binary.LittleEndian.PutUint32(dst[payloadAt:], uint32(len(dst)-before))
	return binary.LittleEndian.AppendUint64(dst, xxhash.Sum64(dst[start:]))
}

// appendColumn writes one column to the body.
func (b *blockWriter) appendColumn(i int) {
	f, side := &b.fields[i], &b.side[i]
	flags := byte(0)
	if f.spec.Null {
		flags |= flagNullable
	}
	if f.shape == shapeArray || f.shape == shapeEnumList || f.shape == shapeTextList {
		flags |= flagList
	}
	if f.shape == shapeEnum || f.shape == shapeEnumList || f.shape == shapeInterned {
		flags |= flagDict
	}
	b.body = append(b.body, byte(len(f.spec.Name)))
	b.body = append(b.body, f.spec.Name...)
	b.body = append(b.body, byte(f.kind), flags)
	at := len(b.body)
	b.body = append(b.body, 0, 0, 0, 0)
	switch f.shape {
	case shapeNumber:
		b.appendNumberColumn(f)
	case shapeArray:
		b.appendArrayColumn(f)
	case shapeEnum:
		b.gather(f.offset, 1)
		b.appendDictionary(f.spec.EnumName)
	case shapeInterned:
		b.gather(f.offset, 8)
		b.appendDictionary(func(code uint64) string { return side.values[code] })
	case shapeEnumList:
		b.appendLengths(f.offset)
		b.numbers = b.numbers[:0]
		for _, code := range side.arena {
			b.numbers = append(b.numbers, uint64(code))
		}
		b.appendDictionary(f.spec.EnumName)
	case shapeTextList:
		b.appendLengths(f.offset)
		b.body = appendNumbers(b.body, side.lengths, false)
		b.body = append(b.body, side.arena...)
	default: // shapeBytes, shapeString
		b.appendLengths(f.offset)
		b.body = append(b.body, side.arena...)
	}
	binary.LittleEndian.PutUint32(b.body[at:], uint32(len(b.body)-at-4))
}

func (b *blockWriter) appendLengths(offset uintptr) {
	b.gather(offset, 8)
	b.body = appendNumbers(b.body, b.numbers, false)
}

func (b *blockWriter) appendNumberColumn(f *field) {
	width := f.width
	b.gather(f.offset, width)
	if f.spec.Null {
		b.body, b.numbers = appendValidity(b.body, b.numbers, b.image, b.words, f.valid)
	}
	if f.kind.float() {
		b.body = appendFloats(b.body, b.numbers)
		return
	}
	if f.signed && width == 4 {
		for i, v := range b.numbers {
			b.numbers[i] = uint64(int64(int32(uint32(v))))
		}
	}
	b.body = appendNumbers(b.body, b.numbers, f.signed)
}

func (b *blockWriter) appendArrayColumn(f *field) {
	b.numbers = b.numbers[:0]
	for range b.rows {
		b.numbers = append(b.numbers, uint64(f.spec.Elements))
	}
	b.body = appendNumbers(b.body, b.numbers, false)
	b.numbers = b.numbers[:0]
	for row := range b.rows {
		base := unsafe.Add(unsafe.Pointer(&b.image[row*b.words]), f.offset)
		for _, v := range unsafe.Slice((*uint32)(base), f.spec.Elements) {
			b.numbers = append(b.numbers, uint64(v))
		}
	}
	b.body = appendNumbers(b.body, b.numbers, false)
}

// gather reads one field of every row, zero-extended.
func (b *blockWriter) gather(offset uintptr, width uint8) {
	b.numbers = slices.Grow(b.numbers[:0], b.rows)[:b.rows]
	if b.rows == 0 {
		return
	}
	base := unsafe.Add(unsafe.Pointer(&b.image[0]), offset)
	stride := uintptr(b.words) * 8
	switch width {
	case 1:
		for i := range b.numbers {
			b.numbers[i] = uint64(*(*uint8)(unsafe.Add(base, uintptr(i)*stride)))
		}
	case 2:
		for i := range b.numbers {
			b.numbers[i] = uint64(*(*uint16)(unsafe.Add(base, uintptr(i)*stride)))
		}
	case 4:
		for i := range b.numbers {
			b.numbers[i] = uint64(*(*uint32)(unsafe.Add(base, uintptr(i)*stride)))
		}
	default:
		for i := range b.numbers {
			b.numbers[i] = *(*uint64)(unsafe.Add(base, uintptr(i)*stride))
		}
	}
}

// appendValidity writes which rows have a value and keeps only theirs.
func appendValidity(dst []byte, values, image []uint64, words int, offset uintptr) ([]byte, []uint64) {
	rows := len(values)
	kept := 0
	bitmapAt := len(dst) + 1
	dst = append(dst, validBitmap)
	dst = append(dst, make([]byte, (rows+7)/8)...)
	for i := range rows {
		if *(*bool)(unsafe.Add(unsafe.Pointer(&image[i*words]), offset)) {
			dst[bitmapAt+i/8] |= 1 << (i % 8)
			values[kept] = values[i]
			kept++
		}
	}
	switch kept {
	case rows:
		dst = append(dst[:bitmapAt-1], validAll)
	case 0:
		dst = append(dst[:bitmapAt-1], validNone)
	}
	return dst, values[:kept]
}

// appendDictionary writes the texts that the codes in b.numbers stand for, each
// once in the order in which it is met, and then the numbers of these texts. So
// nothing of earlier blocks shows in the bytes.
func (b *blockWriter) appendDictionary(text func(code uint64) string) {
	countAt := len(b.body)
	b.body = append(b.body, 0, 0, 0, 0)
	clear(b.renumber)
	met := uint32(0)
	for i, code := range b.numbers {
		for uint64(len(b.renumber)) <= code {
			b.renumber = append(b.renumber, 0)
		}
		if b.renumber[code] == 0 {
			met++
			b.renumber[code] = met
			name := text(code)
			b.body = binary.LittleEndian.AppendUint32(b.body, uint32(len(name)))
			b.body = append(b.body, name...)
		}
		b.numbers[i] = uint64(b.renumber[code] - 1)
	}
	binary.LittleEndian.PutUint32(b.body[countAt:], met)
	b.body = appendNumbers(b.body, b.numbers, false)
}
