package signal

import (
	"math"
	"reflect"
	"testing"
)

// everyType has a column of each type that a row may have, in no order, and one
// that may be undefined of each that may.
func everyType() []ColumnSpec {
	columns := []ColumnSpec{
		{ID: 40, Name: "seq", Type: TypeUint64}, {ID: 39, Name: "src_partition", Type: TypeUint16},
		{ID: 1, Name: "text", Type: TypeText}, {ID: 2, Name: "name", Type: TypeName}, {ID: 7, Name: "flag", Type: TypeFlag},
		{ID: 3, Name: "enum", Type: TypeEnum, EnumName: NamesOf[Level]},
		{ID: 4, Name: "enums", Type: TypeEnums, EnumName: NamesOf[ReasonCode]},
		{ID: 5, Name: "counts", Type: TypeCounts, Elements: 3}, {ID: 6, Name: "count", Type: TypeCount},
	}
	for i, of := range []Type{TypeCount, TypeUint8, TypeUint64, TypeMoney, TypeAmount, TypeFloat, TypeDay, TypeInstant,
		TypeFlag} {
		columns = append(columns, ColumnSpec{ID: ColumnID(10 + i), Name: "null " + of.String(), Type: of, Null: true})
	}
	for i := range columns {
		columns[i].Doc = "for the test"
	}
	return columns
}

func decodedRow(t *testing.T, row *Row) *Block {
	t.Helper()
	block := NewCustomerBlock(row.Layout(), testMeta)
	block.Append(row)
	b, err := Decode(block.Encode(nil))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRowHoldsWhatIsSet: every type at its limits, as the reader of a block has
// it, and undefined after a reset.
func TestRowHoldsWhatIsSet(t *testing.T) {
	row := NewRow(NewLayout(everyType()))
	row.SetText(1, []byte("a\x00b"))
	row.SetName(2, "retail")
	row.SetEnum(3, uint8(LevelLost))
	row.AddEnum(4, uint8(Overdue))
	row.AddEnum(4, uint8(Slowdown))
	row.SetCounts(5, []uint32{1, math.MaxUint32, 3})
	row.SetCount(6, math.MaxUint32)
	row.SetFlag(7, true)
	row.SetCount(10, 0)
	row.SetUint8(11, math.MaxUint8)
	row.SetUint64(12, math.MaxUint64)
	row.SetMoney(13, math.MinInt64)
	row.SetAmount(14, -.5)
	row.SetFloat(15, math.Inf(1))
	row.SetDay(16, math.MinInt32)
	row.SetInstant(17, -1)
	row.SetFlag(18, false)
	row.SetUint16(39, math.MaxUint16)
	row.SetUint64(40, 77)
	b := decodedRow(t, row)
	bits := func(v int64) uint64 { return uint64(v) }
	for i, want := range []any{
		[]string{"a\x00b"}, []string{"retail"}, []string{"lost"}, []string{"OVERDUE", "SLOWDOWN"},
		[]uint64{1, math.MaxUint32, 3}, []uint64{math.MaxUint32}, []uint64{1},
		[]uint64{0}, []uint64{math.MaxUint8}, []uint64{math.MaxUint64}, []uint64{bits(math.MinInt64)},
		[]uint64{math.Float64bits(-.5)}, []uint64{math.Float64bits(math.Inf(1))}, []uint64{bits(math.MinInt32)},
		[]uint64{bits(-1)}, []uint64{0}, []uint64{math.MaxUint16}, []uint64{77},
	} {
		c := b.Columns[i]
		got := any(c.Numbers)
		if c.Kind == KindText {
			got = c.Texts
		}
		if !reflect.DeepEqual(got, want) || c.Defined != nil {
			t.Errorf("%s: %v, defined %v, want %v", c.Name, got, c.Defined, want)
		}
	}
	if b.Shards[0] != (ShardRange{Shard: math.MaxUint16, First: 77, Last: 77, Rows: 1}) {
		t.Errorf("shards %v", b.Shards)
	}
	row.Reset()
	empty := decodedRow(t, NewRow(row.Layout()))
	if got := decodedRow(t, row); !reflect.DeepEqual(got, empty) {
		t.Errorf("a row after Reset: %+v, want %+v", got, empty)
	}
	for _, c := range empty.Columns {
		spec, _ := row.Layout().Find(c.Name)
		if isUndefined := c.Defined != nil && !c.Defined[0]; isUndefined != spec.Null {
			t.Errorf("%s of an empty row: undefined %v", c.Name, isUndefined)
		}
	}
}

func TestRowRefusesOtherTypes(t *testing.T) {
	row := NewRow(NewLayout(everyType()))
	for name, set := range map[string]func(){
		"a type of another column": func() { row.SetMoney(6, 1) },
		"no such column":           func() { row.SetCount(8, 1) },
		"an id beyond all":         func() { row.SetCount(60_000, 1) },
	} {
		if !panics(set) {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestLayoutRefuses(t *testing.T) {
	for name, spoil := range map[string]func(c []ColumnSpec) []ColumnSpec{
		"an id twice":           func(c []ColumnSpec) []ColumnSpec { c[3].ID = c[4].ID; return c },
		"a name twice":          func(c []ColumnSpec) []ColumnSpec { c[3].Name = c[4].Name; return c },
		"no id":                 func(c []ColumnSpec) []ColumnSpec { c[3].ID = 0; return c },
		"an id beyond all":      func(c []ColumnSpec) []ColumnSpec { c[3].ID = MaxBlockColumns + 1; return c },
		"no meaning":            func(c []ColumnSpec) []ColumnSpec { c[3].Doc = ""; return c },
		"no type":               func(c []ColumnSpec) []ColumnSpec { c[3].Type = 0; return c },
		"texts":                 func(c []ColumnSpec) []ColumnSpec { c[3].Type = TypeTexts; return c },
		"a text that is null":   func(c []ColumnSpec) []ColumnSpec { c[2].Null = true; return c },
		"an enum without names": func(c []ColumnSpec) []ColumnSpec { c[5].EnumName = nil; return c },
		"counts of nothing":     func(c []ColumnSpec) []ColumnSpec { c[7].Elements = 0; return c },
	} {
		if !panics(func() { NewLayout(spoil(everyType())) }) {
			t.Errorf("%s was taken", name)
		}
	}
	NewLayout(everyType())
}

func panics(call func()) (panicked bool) {
	defer func() { panicked = recover() != nil }()
	call()
	return false
}
