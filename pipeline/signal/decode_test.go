package signal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/cespare/xxhash/v2"
)

// nobody draws no customer's row.
func nobody(*rand.Rand) {}

// encodedBlocks gives a small block of every table but the customers', whose
// rows are drawn in between.
func encodedBlocks(customer func(*rand.Rand)) map[string][]byte {
	rnd := rand.New(rand.NewPCG(3, 4))
	alerts, models := NewAlertBlock(testMeta), NewModelBlock(testMeta)
	for range 40 {
		customer(rnd)
		alerts.Append(fill[AlertRow](rnd))
		models.Append(fill[ModelRow](rnd))
	}
	return map[string][]byte{
		"alert": alerts.Encode(nil), "model": models.Encode(nil),
		"empty": NewAlertBlock(Meta{}).Encode(nil),
	}
}

// plain is a block without compression and checksum: what this package answers
// for byte by byte, the compressor's choices left out.
func plain(t *testing.T, value []byte) []byte {
	t.Helper()
	h, err := readHeader(value)
	if err != nil {
		t.Fatal(err)
	}
	at, err := headerLengths(value[:len(value)-checksumBytes])
	if err != nil {
		t.Fatal(err)
	}
	out := bytes.Clone(value[:at])
	out[5] = compressNone
	binary.LittleEndian.PutUint32(out[16:], 0)
	return append(out, h.body...)
}

// patched gives a copy of value with bytes replaced and the checksum made right.
func patched(value []byte, at int, with ...byte) []byte {
	out := bytes.Clone(value)
	copy(out[at:], with)
	return sealed(out[:len(out)-checksumBytes])
}

func sealed(value []byte) []byte {
	return binary.LittleEndian.AppendUint64(value, xxhash.Sum64(value))
}

func TestDecodeSaysWhy(t *testing.T) {
	value := encodedBlocks(nobody)["alert"]
	huge := []byte{0xff, 0xff, 0xff, 0x7f}
	metaEnd := headerBytes + 2 + len(testMeta.Currency) + 1 + len(testMeta.TimeZone)
	flipped := bytes.Clone(value)
	flipped[len(flipped)/2] ^= 1
	for _, c := range []struct {
		name  string
		value []byte
		want  error
	}{
		{"nothing", nil, ErrBlockTruncated},
		{"three bytes", value[:3], ErrBlockTruncated},
		{"other magic", append([]byte("JSON"), value[4:]...), ErrBlockMagic},
		{"newer version", patched(value, 3, 2), ErrBlockVersion},
		{"header cut", value[:20], ErrBlockTruncated},
		{"payload cut", value[:len(value)-20], ErrBlockTruncated},
		{"last byte cut", value[:len(value)-1], ErrBlockTruncated},
		{"byte too many", sealed(append(bytes.Clone(value[:len(value)-8]), 0)), ErrBlockMalformed},
		{"bit flipped", flipped, ErrBlockChecksum},
		{"checksum wrong", append(bytes.Clone(value[:len(value)-8]), make([]byte, 8)...), ErrBlockChecksum},
		{"too many rows", patched(value, 6, huge...), ErrBlockTooLarge},
		{"too many columns", patched(value, 10, 0xff, 0xff), ErrBlockTooLarge},
		{"too large a body", patched(value, 12, huge...), ErrBlockTooLarge},
		{"too many shards", patched(value, metaEnd, huge...), ErrBlockTooLarge},
		{"too many bytes", append(bytes.Clone(value), make([]byte, maxEncodedBytes)...), ErrBlockTooLarge},
		{"body length wrong", patched(value, 12, 1, 0, 0, 0), ErrBlockMalformed},
		{"unknown compression", patched(value, 5, 9), ErrBlockMalformed},
		{"one row more", patched(value, 6, 41), ErrBlockMalformed},
		{"one column more", patched(value, 10, byte(len(ColumnsOf(TableAlert))+1)), ErrBlockMalformed},
		{"one column less", patched(value, 10, byte(len(ColumnsOf(TableAlert))-1)), ErrBlockMalformed},
	} {
		if _, err := Decode(c.value); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// TestNewerWriter: columns of a kind that comes later, and a longer meta, do
// not stop a reader of this version.
func TestNewerWriter(t *testing.T) {
	value := encodedBlocks(nobody)["model"]
	open := plain(t, value)
	metaLength := int(binary.LittleEndian.Uint16(open[20:]))
	newer := bytes.Clone(open[:headerBytes+metaLength])
	newer = append(newer, "more"...)
	binary.LittleEndian.PutUint16(newer[20:], uint16(metaLength+4))
	newer = append(newer, open[headerBytes+metaLength:]...)
	newer = append(newer, "\x05novel"...)
	newer = append(newer, 77, 0, 2, 0, 0, 0, 'x', 'y')
	binary.LittleEndian.PutUint16(newer[10:], binary.LittleEndian.Uint16(newer[10:])+1)
	body := int(binary.LittleEndian.Uint32(open[12:])) + 6 + 8
	binary.LittleEndian.PutUint32(newer[12:], uint32(body))
	binary.LittleEndian.PutUint32(newer[16:], uint32(body))
	got, err := Decode(sealed(newer))
	if err != nil {
		t.Fatal(err)
	}
	want, err := Decode(value)
	if err != nil {
		t.Fatal(err)
	}
	if _, there := got.Column("novel"); there || len(got.Columns) != len(want.Columns) || got.Meta != want.Meta {
		t.Errorf("%d columns, %+v", len(got.Columns), got.Meta)
	}
}

func TestShardRanges(t *testing.T) {
	block := NewModelBlock(testMeta)
	for _, r := range []struct {
		shard uint16
		seq   uint64
	}{{2, 7}, {2, 9}, {0, 1 << 48}, {2, 8}, {0, 1<<48 | 4}} {
		block.Append(&ModelRow{SrcPartition: r.shard, Seq: r.seq})
	}
	got, err := Decode(block.Encode(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := []ShardRange{{2, 7, 9, 3}, {0, 1 << 48, 1<<48 | 4, 2}}
	if len(got.Shards) != 2 || got.Shards[0] != want[0] || got.Shards[1] != want[1] {
		t.Errorf("got %v, want %v", got.Shards, want)
	}
}

// FuzzDecode: whatever the bytes, Decode gives a block or a typed error, and a
// block's columns are consistent. The checksum is made right, or nothing behind
// it would ever be reached.
func FuzzDecode(f *testing.F) {
	for _, value := range encodedBlocks(nobody) {
		f.Add(value)
		f.Add(value[:len(value)/2])
	}
	f.Add([]byte("HFB\x01"))
	f.Fuzz(func(t *testing.T, value []byte) {
		if len(value) > checksumBytes {
			value = sealed(bytes.Clone(value[:len(value)-checksumBytes]))
		}
		b, err := Decode(value)
		if err != nil {
			for _, known := range []error{ErrBlockMagic, ErrBlockVersion, ErrBlockTruncated, ErrBlockChecksum,
				ErrBlockTooLarge, ErrBlockMalformed} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("untyped: %v", err)
		}
		for _, c := range b.Columns {
			n := b.Rows
			if c.Ends != nil && n > 0 {
				n = int(c.Ends[n-1])
			}
			if len(c.Numbers)+len(c.Texts) != n || (c.Defined != nil && len(c.Defined) != b.Rows) {
				t.Fatalf("column %q: %d values, %d texts, %d rows", c.Name, len(c.Numbers), len(c.Texts), b.Rows)
			}
		}
	})
}
