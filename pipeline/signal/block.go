package signal

import "unsafe"

// BlockWriter gathers rows of a table that has a row struct, R.
type BlockWriter[R AlertRow | ModelRow | QualityRow] struct{ blockWriter }

// CustomerBlock gathers rows of the customer table.
type CustomerBlock struct{ blockWriter }

// blockWriter gathers rows of one table and encodes them as the value of one
// outbox record.
//
// Append copies the row's memory as it lies into one pointer-free buffer and
// puts aside what the row only points to; the turn from rows to columns is done
// by Encode, off the path of events. It is not safe for concurrent use.
type blockWriter struct {
	table  Table
	meta   Meta
	fields []field
	side   []sideData // per column
	texts  []int      // columns that need more than the copy of the row

	image  []uint64 // rows back to back, words each; 8-byte aligned, never scanned
	words  int      // of one row
	rows   int
	extra  int // bytes put aside since the last Reset
	bytes  int // of a row, texts apart
	shards []ShardRange
	at     int // the shard range of the latest row

	shardOffset uintptr
	seqOffset   uintptr

	numbers  []uint64 // of Encode: one column's values,
	renumber []uint32 // their place in a dictionary plus one, by code,
	body     []byte   // and the columns before compression
}

// Blocks of the tables that have a row struct.
type (
	AlertBlock   = BlockWriter[AlertRow]
	ModelBlock   = BlockWriter[ModelRow]
	QualityBlock = BlockWriter[QualityRow]
)

// NewCustomerBlock returns an empty block of rows of a layout.
func NewCustomerBlock(layout *Layout, meta Meta) *CustomerBlock {
	return &CustomerBlock{newBlock(TableCustomer, meta, layout.fields, layout.words)}
}

// NewAlertBlock returns an empty block of alert rows.
func NewAlertBlock(meta Meta) *AlertBlock {
	return &AlertBlock{newStructBlock[AlertRow](TableAlert, meta)}
}

// NewModelBlock returns an empty block of model rows.
func NewModelBlock(meta Meta) *ModelBlock {
	return &ModelBlock{newStructBlock[ModelRow](TableModel, meta)}
}

// NewQualityBlock returns an empty block of rows of what is of doubt.
func NewQualityBlock(meta Meta) *QualityBlock {
	return &QualityBlock{newStructBlock[QualityRow](TableQuality, meta)}
}

func newStructBlock[R AlertRow | ModelRow | QualityRow](table Table, meta Meta) blockWriter {
	var row R
	if unsafe.Sizeof(row)%8 != 0 {
		panic("signal: a row struct of an odd size")
	}
	return newBlock(table, meta, compile[R](), int(unsafe.Sizeof(row)/8))
}

func newBlock(table Table, meta Meta, fields []field, words int) blockWriter {
	b := blockWriter{table: table, meta: clip(meta), fields: fields, words: words}
	b.side = make([]sideData, len(b.fields))
	for i, f := range b.fields {
		b.bytes += f.bytes
		switch f.shape {
		case shapeNumber, shapeEnum, shapeArray:
		default:
			b.texts = append(b.texts, i)
		}
		if f.shape == shapeInterned {
			b.side[i].codes = make(map[string]uint64)
		}
		switch f.spec.Name {
		case "src_partition":
			b.shardOffset = f.offset
		case "seq":
			b.seqOffset = f.offset
		}
	}
	if b.shardOffset == 0 || b.seqOffset == 0 {
		panic("signal: rows without src_partition and seq")
	}
	return b
}

// clip bounds the names of a meta, so that every block can be read back.
func clip(m Meta) Meta {
	m.Currency = m.Currency[:min(len(m.Currency), maxMetaText)]
	m.TimeZone = m.TimeZone[:min(len(m.TimeZone), maxMetaText)]
	return m
}

// Append adds a row. It copies everything, the row's texts included. It does
// not allocate once the block has been filled before. O(columns).
func (b *BlockWriter[R]) Append(row *R) {
	from := unsafe.Pointer(row)
	start := len(b.image)
	// Copied as words, not as R: the words that are pointers in the row are dead
	// numbers in the copy, never followed, and replaced below by what stands for
	// them. A typed copy would make the collector look at them.
	b.image = append(b.image, unsafe.Slice((*uint64)(from), b.words)...)
	to := unsafe.Pointer(&b.image[start])
	for _, i := range b.texts {
		offset := b.fields[i].offset
		b.extra += b.side[i].put(b.fields[i].shape, unsafe.Add(from, offset), (*uint64)(unsafe.Add(to, offset)))
	}
	b.appended(start)
}

// Append adds a row, which must be of the block's layout. It copies everything,
// the row's texts included. It does not allocate once the block has been filled
// before. O(columns).
func (b *CustomerBlock) Append(row *Row) {
	start := len(b.image)
	b.image = append(b.image, row.image...)
	for _, i := range b.texts {
		f := &b.fields[i]
		to := &b.image[start+int(f.offset/8)]
		if f.shape == shapeInterned {
			b.extra += b.side[i].intern(row.names[f.slot], to)
		} else {
			b.extra += b.side[i].putBytes(row.bytes[f.slot], to)
		}
	}
	b.appended(start)
}

// appended counts the row whose copy begins at a word of the buffer.
func (b *blockWriter) appended(start int) {
	at := unsafe.Pointer(&b.image[start])
	b.rows++
	b.note(*(*uint16)(unsafe.Add(at, b.shardOffset)), *(*uint64)(unsafe.Add(at, b.seqOffset)))
}

// Rows is the number of rows appended since the last Reset.
func (b *blockWriter) Rows() int { return b.rows }

// Bytes is an upper bound of what Encode would append, in bytes; typically
// about twice of it.
func (b *blockWriter) Bytes() int {
	return blockOverheadBytes + 24*len(b.shards) + b.rows*b.bytes + b.extra
}

// Full reports whether the block should be encoded before another row is added.
func (b *blockWriter) Full() bool { return b.rows >= MaxBlockRows || b.Bytes() >= MaxBlockBytes }

// Reset empties the block and keeps its memory, but for what a spike has made:
// room for many times more rows than the block had.
func (b *blockWriter) Reset(meta Meta) {
	b.meta = clip(meta)
	if len(b.image) > 0 {
		b.image, b.body, b.numbers = fitting(b.image), fitting(b.body), fitting(b.numbers)
	}
	b.image, b.shards = b.image[:0], b.shards[:0]
	b.rows, b.extra, b.at = 0, 0, 0
	for i := range b.side {
		b.extra += b.side[i].reset()
	}
}

// fitting is the slice, or none where it has room for much more than is in it.
func fitting[T any](s []T) []T {
	if cap(s) > keptElements && len(s) < cap(s)/8 {
		return nil
	}
	return s
}

// keptElements is what an idle block keeps of each of its buffers at least.
const keptElements = 64 << 10

// note keeps the first and last row number of each shard. Rows of one shard
// usually follow each other, so the range of the latest row is tried first.
func (b *blockWriter) note(shard uint16, seq uint64) {
	if b.at >= len(b.shards) || b.shards[b.at].Shard != shard {
		b.at = 0
		for b.at < len(b.shards) && b.shards[b.at].Shard != shard {
			b.at++
		}
		if b.at == len(b.shards) {
			b.shards = append(b.shards, ShardRange{Shard: shard, First: seq, Last: seq})
		}
	}
	r := &b.shards[b.at]
	r.First, r.Last = min(r.First, seq), max(r.Last, seq)
	r.Rows++
}
