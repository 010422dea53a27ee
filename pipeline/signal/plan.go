package signal

import (
	"fmt"
	"reflect"
	"strings"
)

// Kind is what the values of a column are. It is part of the block format and
// only appended to; a reader skips columns whose kind it does not know.
type Kind uint8

// Kinds.
const (
	KindUint       Kind = iota + 1 // unsigned integer
	KindBool                       // 0 or 1
	KindFloat                      // float64
	KindMoney                      // int64, minor units
	KindMoneyFloat                 // float64, minor units
	KindInstant                    // int64, microseconds since 1970-01-01T00:00:00Z
	KindDay                        // int64, days since 1970-01-01
	KindText                       // bytes
	kindEnd
)

var kindNames = [kindEnd]string{"", "uint", "bool", "float", "money", "money_float", "instant", "day", "text"}

// String gives the name of the kind.
func (k Kind) String() string {
	if k >= kindEnd {
		return "unknown"
	}
	return kindNames[k]
}

func (k Kind) signed() bool { return k == KindMoney || k == KindInstant || k == KindDay }
func (k Kind) float() bool  { return k == KindFloat || k == KindMoneyFloat }

// shape says how a field lies in a row struct.
type shape uint8

const (
	shapeNumber   shape = iota // fixed width, in place
	shapeEnum                  // one byte with a name each
	shapeBytes                 // []byte
	shapeString                // string, written as it is
	shapeInterned              // string of few values
	shapeArray                 // fixed array of uint32
	shapeEnumList              // slice of one-byte enumerations
	shapeTextList              // []string
)

// field is the compiled description of one column: where it lies in the memory
// of a row, and how a block carries it.
type field struct {
	spec   ColumnSpec
	kind   Kind
	shape  shape
	width  uint8 // bytes of a number in memory
	signed bool  // the number in memory is signed
	offset uintptr
	valid  uintptr // where a byte says whether a value is defined, if spec.Null
	slot   int     // place of a text or a list among those of a Row
	bytes  int     // an upper bound of a row's share in the body, texts apart
}

func newField(spec ColumnSpec) field {
	of := &types[spec.Type]
	f := field{spec: spec, kind: of.kind, shape: of.shape, width: of.width, signed: of.signed, bytes: of.bytes}
	if f.shape == shapeArray {
		f.bytes = 4 * spec.Elements
	}
	if spec.Null {
		f.bytes++
	}
	return f
}

// compile derives the columns of a row struct from its fields and tags. A field
// that the codec cannot carry is an error in our code, so it panics.
func compile[R any]() []field {
	row := reflect.TypeFor[R]()
	fields := make([]field, 0, row.NumField())
	for i := range row.NumField() {
		sf := row.Field(i)
		spec := ColumnSpec{Name: sf.Tag.Get("col"), Type: typeNamed(sf.Tag.Get("type")), Doc: sf.Tag.Get("doc")}
		if spec.Name == "" || spec.Type == 0 || spec.Doc == "" {
			panic(fmt.Sprintf("signal: field %s lacks a tag", sf.Name))
		}
		t, valid := sf.Type, uintptr(0)
		if strings.HasPrefix(t.Name(), "Null[") {
			spec.Null, valid = true, sf.Offset+t.Field(1).Offset
			t = t.Field(0).Type
		}
		switch spec.Type {
		case TypeEnum:
			spec.EnumName = enumName(t)
		case TypeEnums:
			spec.EnumName = enumName(t.Elem())
		default: // no names
		}
		f := newField(spec)
		f.offset, f.valid = sf.Offset, valid
		if t.Kind() == reflect.String && f.shape == shapeBytes {
			f.shape = shapeString
		}
		if !f.holds(t) || spec.Null && f.shape != shapeNumber {
			panic(fmt.Sprintf("signal: column %s cannot be a %s in a %s", spec.Name, spec.Type, sf.Type))
		}
		fields = append(fields, f)
	}
	return fields
}

// holds reports whether a value of the column is of a Go type.
func (f *field) holds(t reflect.Type) bool {
	switch f.shape {
	case shapeString, shapeInterned:
		return t.Kind() == reflect.String
	case shapeBytes:
		return t == reflect.TypeFor[[]byte]()
	case shapeTextList:
		return t == reflect.TypeFor[[]string]()
	case shapeEnumList:
		return t.Kind() == reflect.Slice && t.Elem().Size() == 1
	case shapeArray:
		return false // no row struct has one
	case shapeNumber, shapeEnum:
	}
	signed := t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64
	return t.Size() == uintptr(f.width) && signed == f.signed && (t.Kind() == reflect.Float64) == f.kind.float()
}

// enumName returns the function from code to published name.
func enumName(t reflect.Type) func(uint64) string {
	return func(code uint64) string {
		v := reflect.New(t).Elem()
		v.SetUint(code)
		return v.Interface().(fmt.Stringer).String()
	}
}
