package signal

import "unsafe"

// BlockWriter gathers rows of one table and encodes them as the value of one outbox
// record. R is the row struct.
//
// Append copies the row's memory as it lies into one pointer-free buffer and
// puts aside what the row only points to; the turn from rows to columns is done
// by Encode, off the path of events. It is not safe for concurrent use.
type BlockWriter[R CustomerRow | AlertRow | ModelRow] struct {
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

// Blocks of the three tables.
type (
	CustomerBlock = BlockWriter[CustomerRow]
	AlertBlock    = BlockWriter[AlertRow]
	ModelBlock    = BlockWriter[ModelRow]
)

// NewCustomerBlock makes an empty block of customer rows.
func NewCustomerBlock(meta Meta) *CustomerBlock { return newBlock[CustomerRow](TableCustomer, meta) }

// NewAlertBlock makes an empty block of alert rows.
func NewAlertBlock(meta Meta) *AlertBlock { return newBlock[AlertRow](TableAlert, meta) }

// NewModelBlock makes an empty block of model rows.
func NewModelBlock(meta Meta) *ModelBlock { return newBlock[ModelRow](TableModel, meta) }

func newBlock[R CustomerRow | AlertRow | ModelRow](table Table, meta Meta) *BlockWriter[R] {
	var row R
	b := &BlockWriter[R]{
		table: table, meta: clip(meta), fields: compile[R](),
		words: int(unsafe.Sizeof(row) / 8),
	}
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
	if b.shardOffset == 0 || b.seqOffset == 0 || unsafe.Sizeof(row)%8 != 0 {
		panic("signal: a row struct without src_partition and seq, or of an odd size")
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
	b.rows++
	b.note(*(*uint16)(unsafe.Add(from, b.shardOffset)), *(*uint64)(unsafe.Add(from, b.seqOffset)))
}

// Rows is the number of rows appended since the last Reset.
func (b *BlockWriter[R]) Rows() int { return b.rows }

// Bytes is an upper bound of what Encode would append, in bytes; typically
// about twice of it.
func (b *BlockWriter[R]) Bytes() int {
	return blockOverheadBytes + 24*len(b.shards) + b.rows*b.bytes + b.extra
}

// Full says whether the block should be encoded before another row is added.
func (b *BlockWriter[R]) Full() bool { return b.rows >= MaxBlockRows || b.Bytes() >= MaxBlockBytes }

// Reset empties the block and keeps its memory, but for what a spike has made:
// room for many times more rows than the block had.
func (b *BlockWriter[R]) Reset(meta Meta) {
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
func (b *BlockWriter[R]) note(shard uint16, seq uint64) {
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
