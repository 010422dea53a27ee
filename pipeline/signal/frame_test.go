package signal

import (
	"encoding/binary"
	"errors"
	"reflect"
	"testing"
)

// framed is a column as it lies in a body.
func framed(name string, kind Kind, flags byte, data ...byte) []byte {
	out := append([]byte{byte(len(name))}, name...)
	out = append(out, byte(kind), flags)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(data))), data...)
}

// blockOf is a block of raw columns with everything else in order.
func blockOf(rows int, columns ...[]byte) []byte {
	var body []byte
	for _, c := range columns {
		body = append(body, c...)
	}
	return appendFrame(nil, frame{table: TableModel, meta: testMeta, rows: rows, columns: len(columns)}, body)
}

// joined puts the parts of a column's data together: bytes as they are, uint32
// and uint64 in the order of a block.
func joined(parts ...any) []byte {
	var out []byte
	for _, part := range parts {
		switch v := part.(type) {
		case int:
			out = append(out, byte(v))
		case uint32:
			out = binary.LittleEndian.AppendUint32(out, v)
		case uint64:
			out = binary.LittleEndian.AppendUint64(out, v)
		case string:
			out = append(out, v...)
		}
	}
	return out
}

// TestColumnsByTheFormat: the format's page, byte by byte, without the writer.
func TestColumnsByTheFormat(t *testing.T) {
	const from = uint64(1000)
	for _, test := range []struct {
		name  string
		rows  int
		kind  Kind
		flags byte
		data  []byte
		want  Column
	}{
		{"all equal", 3, KindUint, 0, joined(0, from), Column{Numbers: []uint64{1000, 1000, 1000}}},
		{"one byte above the base", 3, KindUint, 0, joined(1, from, 2, 0, 255), Column{Numbers: []uint64{1002, 1000, 1255}}},
		{"two bytes", 2, KindUint, 0, joined(2, from, 0, 1, 1, 0), Column{Numbers: []uint64{1256, 1001}}},
		{"four bytes", 1, KindUint, 0, joined(4, from, 0, 0, 0, 1), Column{Numbers: []uint64{1000 + 1<<24}}},
		{"eight bytes", 1, KindUint, 0, joined(8, from, uint64(1)<<63), Column{Numbers: []uint64{1000 + 1<<63}}},
		{"sums go round", 1, KindMoney, 0, joined(1, ^uint64(0), 3), Column{Numbers: []uint64{2}}},
		{"equal steps", 4, KindUint, 0, joined(0x10, from, uint64(2)), Column{Numbers: []uint64{1000, 1002, 1004, 1006}}},
		{"steps of one byte", 3, KindUint, 0, joined(0x11, from, ^uint64(0), 0, 9),
			Column{Numbers: []uint64{1000, 999, 1007}}},
		{"no rows", 0, KindUint, 0, nil, Column{}},
		{"one float", 2, KindFloat, 0, joined(0, from), Column{Numbers: []uint64{1000, 1000}}},
		{"floats in planes", 2, KindFloat, 0, joined(1, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 5, 6),
			Column{Numbers: []uint64{1 | 3<<16 | 5<<56, 2 | 4<<16 | 6<<56}}},
		{"all defined", 2, KindUint, flagNullable, joined(0, 0, from), Column{Numbers: []uint64{1000, 1000}}},
		{"none defined", 2, KindUint, flagNullable, joined(1),
			Column{Defined: []bool{false, false}, Numbers: []uint64{0, 0}}},
		{"one defined", 2, KindUint, flagNullable, joined(2, 2, 0, from),
			Column{Defined: []bool{false, true}, Numbers: []uint64{0, 1000}}},
		{"nine rows have two bytes", 9, KindUint, flagNullable, joined(2, 0, 1, 0, from),
			Column{Defined: []bool{8: true}, Numbers: []uint64{8: 1000}}},
		{"texts", 2, KindText, 0, joined(1, uint64(0), 1, 2, "abc"), Column{Texts: []string{"a", "bc"}}},
		{"a dictionary", 3, KindText, flagDict, joined(uint32(2), uint32(1), "a", uint32(0), 1, uint64(0), 1, 0, 1),
			Column{Texts: []string{"", "a", ""}}},
		{"lists", 2, KindUint, flagList, joined(1, uint64(0), 0, 2, 0, from),
			Column{Ends: []uint32{0, 2}, Numbers: []uint64{1000, 1000}}},
		{"lists of texts", 1, KindText, flagList, joined(0, uint64(2), 1, uint64(0), 1, 0, "x"),
			Column{Ends: []uint32{2}, Texts: []string{"x", ""}}},
		{"empty lists", 2, KindFloat, flagList, joined(0, uint64(0)), Column{Ends: []uint32{0, 0}}},
	} {
		b, err := Decode(blockOf(test.rows, framed("c", test.kind, test.flags, test.data...)))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		test.want.Name, test.want.Kind = "c", test.kind
		if got := b.Columns[0]; !same(got, test.want) {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

// same compares columns; a list without elements is none.
func same(a, b Column) bool {
	for _, c := range []*Column{&a, &b} {
		if len(c.Numbers) == 0 {
			c.Numbers = nil
		}
		if len(c.Texts) == 0 {
			c.Texts = nil
		}
	}
	return reflect.DeepEqual(a, b)
}

// TestBrokenColumnsAreRefused: with a right checksum, each thing that may be
// wrong in a column, and which error says so.
func TestBrokenColumnsAreRefused(t *testing.T) {
	const many = uint64(maxCells)
	column := func(kind Kind, flags byte, data []byte) [][]byte { return [][]byte{framed("c", kind, flags, data...)} }
	good := framed("c", KindUint, 0, joined(0, uint64(7))...)
	for _, test := range []struct {
		name    string
		rows    int
		columns [][]byte
		want    error
	}{
		{"a width of three", 2, column(KindUint, 0, joined(3, uint64(0), "abcdef")), ErrBlockMalformed},
		{"a mode of its own", 2, column(KindUint, 0, joined(0x20, uint64(0))), ErrBlockMalformed},
		{"a base cut off", 2, column(KindUint, 0, joined(0, "abc")), ErrBlockMalformed},
		{"numbers cut off", 3, column(KindUint, 0, joined(1, uint64(0), "ab")), ErrBlockMalformed},
		{"numbers left over", 1, column(KindUint, 0, joined(1, uint64(0), "ab")), ErrBlockMalformed},
		{"steps without a base", 2, column(KindUint, 0, joined(0x10, uint64(0))), ErrBlockMalformed},
		{"no numbers at all", 1, column(KindUint, 0, nil), ErrBlockMalformed},
		{"numbers of no row", 0, column(KindUint, 0, joined(0, uint64(0))), ErrBlockMalformed},
		{"a mode of floats of its own", 1, column(KindFloat, 0, joined(2, uint64(0))), ErrBlockMalformed},
		{"no floats", 1, column(KindFloat, 0, nil), ErrBlockMalformed},
		{"one float cut off", 1, column(KindMoneyFloat, 0, joined(0, "abc")), ErrBlockMalformed},
		{"planes cut off", 2, column(KindFloat, 0, joined(1, "fifteen bytes..")), ErrBlockMalformed},
		{"a validity of its own", 1, column(KindUint, flagNullable, joined(3)), ErrBlockMalformed},
		{"no validity", 1, column(KindUint, flagNullable, nil), ErrBlockMalformed},
		{"bits of validity cut off", 9, column(KindUint, flagNullable, joined(2, 0)), ErrBlockMalformed},
		{"undefined texts", 1, column(KindText, flagNullable, joined(1)), ErrBlockMalformed},
		{"undefined lists", 1, column(KindUint, flagNullable|flagList, joined(0, uint64(0), 1)), ErrBlockMalformed},
		{"texts cut off", 2, column(KindText, 0, joined(0, uint64(2), "abc")), ErrBlockMalformed},
		{"texts left over", 2, column(KindText, 0, joined(0, uint64(1), "abc")), ErrBlockMalformed},
		{"no lengths of texts", 2, column(KindText, 0, nil), ErrBlockMalformed},
		{"a text longer than any", 1, column(KindText, 0, joined(0, many+1)), ErrBlockTooLarge},
		{"texts longer together", 1 << 16, column(KindText, 0, joined(0, many)), ErrBlockTooLarge},
		{"a length that goes round", 2, column(KindText, 0, joined(0, ^uint64(0))), ErrBlockTooLarge},
		{"lists longer than a block", 1, column(KindUint, flagList, joined(0, many)), ErrBlockTooLarge},
		{"no lengths of lists", 1, column(KindUint, flagList, nil), ErrBlockMalformed},
		{"a dictionary cut off", 1, column(KindText, flagDict, joined("abc")), ErrBlockMalformed},
		{"a dictionary larger than its bytes", 9, column(KindText, flagDict, joined(uint32(9), "abc")), ErrBlockMalformed},
		{"a dictionary larger than its rows", 1,
			column(KindText, flagDict, joined(uint32(2), uint32(0), uint32(0), 0, uint64(0))), ErrBlockMalformed},
		{"an entry cut off", 1, column(KindText, flagDict, joined(uint32(1), uint32(9), "abc")), ErrBlockMalformed},
		{"a code that is in no dictionary", 1, column(KindText, flagDict, joined(uint32(1), uint32(0), 0, uint64(1))),
			ErrBlockMalformed},
		{"codes cut off", 2, column(KindText, flagDict, joined(uint32(1), uint32(0), 1, uint64(0), 0)),
			ErrBlockMalformed},
		{"a frame cut off", 1, [][]byte{good[:3]}, ErrBlockMalformed},
		{"a name cut off", 1, [][]byte{{9, 'c'}}, ErrBlockMalformed},
		{"data cut off", 1, [][]byte{good[:len(good)-1]}, ErrBlockMalformed},
		{"a column twice", 1, [][]byte{good, good}, ErrBlockMalformed},
		{"bytes after the last column", 1, [][]byte{append(good[:len(good):len(good)], 0)}, ErrBlockMalformed},
	} {
		if b, err := Decode(blockOf(test.rows, test.columns...)); !errors.Is(err, test.want) || b != nil {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

// TestMoreCellsThanAnyWriterIsRefused: columns that are nothing but a width of 0
// cost a writer some bytes each, and a reader must not make room for them.
func TestMoreCellsThanAnyWriterIsRefused(t *testing.T) {
	columns := func(n int) (all [][]byte) {
		for i := range n {
			all = append(all, framed(string([]byte{'a' + byte(i/26), 'a' + byte(i%26)}), KindFloat, flagNullable, 1))
		}
		return all
	}
	const most = maxCells / MaxBlockRows
	if _, err := Decode(blockOf(MaxBlockRows, columns(most+1)...)); !errors.Is(err, ErrBlockTooLarge) {
		t.Errorf("one column more than there may be cells: %v, want %v", err, ErrBlockTooLarge)
	}
	if b, err := Decode(blockOf(8, columns(most)...)); err != nil || len(b.Columns) != most {
		t.Errorf("%d columns of few rows: %v", most, err)
	}
}

// TestColumnsOfLaterKindsAreReadOver: and those with flags that come later.
func TestColumnsOfLaterKindsAreReadOver(t *testing.T) {
	good := framed("c", KindUint, 0, joined(0, uint64(7))...)
	for name, later := range map[string][]byte{
		"no kind": framed("x", 0, 0, 1, 2), "a later kind": framed("x", kindEnd, 0), "a later flag": framed("x", KindUint, 8),
	} {
		b, err := Decode(blockOf(1, later, good))
		if err != nil || len(b.Columns) != 1 || b.Columns[0].Name != "c" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRowsOfOddBlocksAreSetAside: a row of any block that can be read becomes one
// of its own, also where what says its shard is not what writers write.
func TestRowsOfOddBlocksAreSetAside(t *testing.T) {
	number := joined(0, uint64(7))
	shard, seq := framed("src_partition", KindUint, 0, number...), framed("seq", KindUint, 0, number...)
	for name, test := range map[string]struct {
		shard, seq []byte
		ranges     []ShardRange
	}{
		"numbers":  {shard, seq, []ShardRange{{7, 7, 7, 1}}},
		"no shard": {framed("source", KindUint, 0, number...), seq, nil},
		"a text":   {framed("src_partition", KindText, 0, joined(0, uint64(0))...), seq, nil},
		"no list":  {shard, framed("seq", KindUint, flagList, joined(0, uint64(0))...), nil},
	} {
		b, err := Decode(blockOf(2, test.shard, test.seq))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		one, err := Decode(b.EncodeRow(nil, 1))
		if err != nil || one.Rows != 1 || len(one.Columns) != 2 || len(one.Shards) != len(test.ranges) ||
			len(test.ranges) > 0 && one.Shards[0] != test.ranges[0] {
			t.Errorf("%s: %+v, %v, want %v", name, one, err, test.ranges)
		}
	}
	b, _ := Decode(blockOf(1, framed("c", KindUint, 0, number...)))
	if !panics(func() { b.EncodeRow(nil, 1) }) || !panics(func() { b.EncodeRow(nil, -1) }) {
		t.Error("a row that is not there is set aside")
	}
}
