package signal

import "math"

// Row is one row of the customer table while it is filled: numbers as they lie
// in a block's buffer, and what the row only points to. A column that is not
// set holds its zero value, or is undefined where it may be. Setting a column
// that the layout does not have, or by another type than its own, panics: our
// code is wrong.
//
// Texts are valid only until the row is appended or reset. A row is not safe
// for concurrent use; nothing of it allocates once it has been filled before.
type Row struct {
	layout *Layout
	image  []uint64
	bytes  [][]byte // texts, and codes of enumeration lists
	names  []string
}

// NewRow returns an empty row.
func NewRow(layout *Layout) *Row {
	return &Row{layout: layout, image: make([]uint64, layout.words), bytes: make([][]byte, layout.bytes),
		names: make([]string, layout.names)}
}

// Layout returns the layout of the row's columns.
func (r *Row) Layout() *Layout { return r.layout }

// Reset empties the row. O(columns).
func (r *Row) Reset() {
	clear(r.image)
	clear(r.names)
	for i := range r.layout.fields {
		switch f := &r.layout.fields[i]; f.shape {
		case shapeBytes:
			r.bytes[f.slot] = nil
		case shapeEnumList:
			r.bytes[f.slot] = r.bytes[f.slot][:0]
		default: // in the image, or in the names
		}
	}
}

// set puts a number into its place, which is defined from then on.
func (r *Row) set(id ColumnID, of Type, value uint64) {
	f := r.layout.field(id, of)
	r.image[f.offset/8] = value
	if f.spec.Null {
		shift := 8 * (f.valid % 8) // bytes lie in the order of their worth
		r.image[f.valid/8] |= 1 << shift
	}
}

// SetText sets a TypeText column; the text is not copied.
func (r *Row) SetText(id ColumnID, text []byte) { r.bytes[r.layout.field(id, TypeText).slot] = text }

// SetName sets a TypeName column.
func (r *Row) SetName(id ColumnID, name string) { r.names[r.layout.field(id, TypeName).slot] = name }

// SetEnum sets a TypeEnum column by its code.
func (r *Row) SetEnum(id ColumnID, code uint8) { r.set(id, TypeEnum, uint64(code)) }

// AddEnum adds a code to the list of a TypeEnums column.
func (r *Row) AddEnum(id ColumnID, code uint8) {
	list := &r.bytes[r.layout.field(id, TypeEnums).slot]
	*list = append(*list, code)
}

// SetFlag sets a TypeFlag column.
func (r *Row) SetFlag(id ColumnID, flag bool) {
	value := uint64(0)
	if flag {
		value = 1
	}
	r.set(id, TypeFlag, value)
}

// SetCount sets a TypeCount column.
func (r *Row) SetCount(id ColumnID, n uint32) { r.set(id, TypeCount, uint64(n)) }

// SetCounts sets a TypeCounts column; what is missing at the end is 0.
func (r *Row) SetCounts(id ColumnID, counts []uint32) {
	f := r.layout.field(id, TypeCounts)
	words := r.image[f.offset/8:][:(f.spec.Elements+1)/2]
	clear(words)
	for i, n := range counts[:min(len(counts), f.spec.Elements)] {
		words[i/2] |= uint64(n) << (32 * (i % 2))
	}
}

// SetUint8 sets a TypeUint8 column.
func (r *Row) SetUint8(id ColumnID, n uint8) { r.set(id, TypeUint8, uint64(n)) }

// SetUint16 sets a TypeUint16 column.
func (r *Row) SetUint16(id ColumnID, n uint16) { r.set(id, TypeUint16, uint64(n)) }

// SetUint64 sets a TypeUint64 column.
func (r *Row) SetUint64(id ColumnID, n uint64) { r.set(id, TypeUint64, n) }

// SetMoney sets a TypeMoney column.
func (r *Row) SetMoney(id ColumnID, minor Money) { r.set(id, TypeMoney, uint64(minor)) }

// SetAmount sets a TypeAmount column, in minor units.
func (r *Row) SetAmount(id ColumnID, minor float64) { r.set(id, TypeAmount, math.Float64bits(minor)) }

// SetFloat sets a TypeFloat column.
func (r *Row) SetFloat(id ColumnID, v float64) { r.set(id, TypeFloat, math.Float64bits(v)) }

// SetDay sets a TypeDay column.
func (r *Row) SetDay(id ColumnID, day Day) { r.set(id, TypeDay, uint64(day)) }

// SetInstant sets a TypeInstant column.
func (r *Row) SetInstant(id ColumnID, at Instant) { r.set(id, TypeInstant, uint64(at)) }

// Exceeds reports whether an amount of money in the row, of whatever column, is
// at or beyond ±limit minor units. O(columns).
func (r *Row) Exceeds(limit float64) bool {
	most := int64(min(limit, math.MaxInt64/2))
	for i := range r.layout.fields {
		f := &r.layout.fields[i]
		value := r.image[f.offset/8]
		switch f.spec.Type {
		case TypeMoney:
			if sum := int64(value); sum >= most || sum <= -most {
				return true
			}
		case TypeAmount:
			if math.Abs(math.Float64frombits(value)) >= limit {
				return true
			}
		default: // no sum of money
		}
	}
	return false
}
