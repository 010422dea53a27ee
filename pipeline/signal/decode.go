package signal

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/s2"
)

// Why a value is not a block. Decode wraps one of them.
var (
	ErrBlockMagic     = errors.New("not a block")
	ErrBlockVersion   = errors.New("block of an unknown version")
	ErrBlockTruncated = errors.New("block ends early")
	ErrBlockChecksum  = errors.New("block with a wrong checksum")
	ErrBlockTooLarge  = errors.New("block above the limits")
	ErrBlockMalformed = errors.New("malformed block")
)

// Block is a block as a reader sees it.
type Block struct {
	Table  Table // may be one that this version does not know
	Meta   Meta
	Rows   int
	Shards []ShardRange
	// Columns has the block's columns of known kinds, in the writer's order.
	Columns []Column
}

// Column is one column of a decoded block. Texts share the block's memory and
// stay valid as long as they are referenced.
type Column struct {
	Name string
	Kind Kind
	// Defined says which rows have a value; nil where all have.
	Defined []bool
	// Ends is set for lists: where in the values each row's list ends.
	Ends []uint32
	// Numbers has the values of every kind but KindText, by row or, in lists,
	// element after element; undefined rows have 0. Floats are bit patterns
	// (math.Float64frombits), signed kinds are int64 as bits.
	Numbers []uint64
	// Texts has the values of KindText.
	Texts []string
}

// Column finds a column by name; false where the writer had none of the name.
func (b *Block) Column(name string) (*Column, bool) {
	for i := range b.Columns {
		if b.Columns[i].Name == name {
			return &b.Columns[i], true
		}
	}
	return nil, false
}

// Range says where among the values a row's list lies. Only for lists.
func (c *Column) Range(row int) (from, to int) {
	if row > 0 {
		from = int(c.Ends[row-1])
	}
	return from, int(c.Ends[row])
}

// Decode reads a block. It does not keep value. What the value can make it
// allocate is bounded by the limits of this package; it returns an error that
// wraps one of the ErrBlock values. Columns of unknown kinds are left out, so a
// block of a newer writer can be read as long as its version is known. O(cells).
func Decode(value []byte) (*Block, error) {
	h, err := readHeader(value)
	if err != nil {
		return nil, err
	}
	r := reader{data: h.body}
	b := h.block
	cells := 0
	for range h.columns {
		c, known, err := r.column(b.Rows, &cells)
		if err != nil {
			return nil, err
		}
		if !known {
			continue
		}
		if _, twice := b.Column(c.Name); twice {
			return nil, fmt.Errorf("%w: a column twice", ErrBlockMalformed)
		}
		b.Columns = append(b.Columns, c)
	}
	if r.left() != 0 {
		return nil, fmt.Errorf("%w: %d bytes after the last column", ErrBlockMalformed, r.left())
	}
	return b, nil
}

type header struct {
	block   *Block
	columns int
	body    string // decompressed; columns share it
}

func readHeader(value []byte) (header, error) {
	none := header{}
	if len(value) < 4 {
		return none, fmt.Errorf("%w: %d bytes", ErrBlockTruncated, len(value))
	}
	if [3]byte(value[:3]) != blockMagic {
		return none, ErrBlockMagic
	}
	if value[3] != blockVersion {
		return none, fmt.Errorf("%w: %d, known is %d", ErrBlockVersion, value[3], blockVersion)
	}
	if len(value) > maxEncodedBytes {
		return none, fmt.Errorf("%w: %d bytes, at most %d", ErrBlockTooLarge, len(value), maxEncodedBytes)
	}
	if len(value) < headerBytes+4+checksumBytes {
		return none, fmt.Errorf("%w: %d bytes", ErrBlockTruncated, len(value))
	}
	end := len(value) - checksumBytes
	// The lengths are looked at before the checksum, so that a cut value is
	// called truncated; nothing is allocated by them before it has held.
	rest, err := headerLengths(value[:end])
	if err != nil {
		return none, err
	}
	if xxhash.Sum64(value[:end]) != binary.LittleEndian.Uint64(value[end:]) {
		return none, ErrBlockChecksum
	}
	h := header{block: &Block{Table: Table(value[4]), Rows: int(binary.LittleEndian.Uint32(value[6:]))}}
	h.columns = int(binary.LittleEndian.Uint16(value[10:]))
	if h.block.Rows > MaxBlockRows || h.columns > MaxBlockColumns {
		return none, fmt.Errorf("%w: %d rows of %d columns", ErrBlockTooLarge, h.block.Rows, h.columns)
	}
	metaEnd := headerBytes + int(binary.LittleEndian.Uint16(value[20:]))
	if h.block.Meta, err = readMeta(value[headerBytes:metaEnd]); err != nil {
		return none, err
	}
	h.block.Shards = readShards(value[metaEnd+4 : rest])
	h.body, err = decompress(value[5], value[rest:end], int(binary.LittleEndian.Uint32(value[12:])))
	return h, err
}

// headerLengths gives where the payload begins, when it ends with the value.
func headerLengths(value []byte) (int, error) {
	at := headerBytes + int(binary.LittleEndian.Uint16(value[20:]))
	if at+4 > len(value) {
		return 0, fmt.Errorf("%w: inside the meta", ErrBlockTruncated)
	}
	shards := int(binary.LittleEndian.Uint32(value[at:]))
	if shards > maxShards {
		return 0, fmt.Errorf("%w: %d shards", ErrBlockTooLarge, shards)
	}
	at += 4 + shards*shardBytes
	switch end := at + int(binary.LittleEndian.Uint32(value[16:])); {
	case end > len(value):
		return 0, fmt.Errorf("%w: %d bytes of %d", ErrBlockTruncated, len(value), end)
	case end < len(value):
		return 0, fmt.Errorf("%w: %d bytes too many", ErrBlockMalformed, len(value)-end)
	}
	return at, nil
}

func readMeta(data []byte) (Meta, error) {
	r := reader{data: string(data)}
	var m Meta
	m.CurrencyExponent = r.u8()
	m.Currency = r.take(int(r.u8()))
	m.TimeZone = r.take(int(r.u8()))
	if r.failed {
		return Meta{}, fmt.Errorf("%w: meta", ErrBlockMalformed)
	}
	return m, nil
}

func readShards(data []byte) []ShardRange {
	shards := make([]ShardRange, 0, len(data)/shardBytes)
	for ; len(data) >= shardBytes; data = data[shardBytes:] {
		shards = append(shards, ShardRange{
			Shard: binary.LittleEndian.Uint16(data),
			First: binary.LittleEndian.Uint64(data[2:]),
			Last:  binary.LittleEndian.Uint64(data[10:]),
			Rows:  binary.LittleEndian.Uint32(data[18:]),
		})
	}
	return shards
}

func decompress(how byte, payload []byte, size int) (string, error) {
	if size > maxBodyBytes {
		return "", fmt.Errorf("%w: %d bytes decompressed", ErrBlockTooLarge, size)
	}
	switch how {
	case compressNone:
		if len(payload) != size {
			return "", fmt.Errorf("%w: body of %d bytes, not %d", ErrBlockMalformed, len(payload), size)
		}
		return string(payload), nil
	case compressS2:
		if n, err := s2.DecodedLen(payload); err != nil || n != size {
			return "", fmt.Errorf("%w: compressed length", ErrBlockMalformed)
		}
		body, err := s2.Decode(nil, payload)
		if err != nil {
			return "", fmt.Errorf("%w: decompress: %w", ErrBlockMalformed, err)
		}
		return immutable(body), nil
	}
	return "", fmt.Errorf("%w: compression %d", ErrBlockMalformed, how)
}
