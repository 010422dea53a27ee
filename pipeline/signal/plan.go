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

// field is the compiled description of one column.
type field struct {
	spec     ColumnSpec
	kind     Kind
	shape    shape
	nullable bool
	width    uint8                    // bytes of a number in memory
	signed   bool                     // the number in memory is signed
	offset   uintptr                  // of the field in the row struct
	valid    uintptr                  // offset of Null.Valid in the row struct
	elements int                      // of a fixed array
	enumName func(code uint64) string // of an enumeration
	bytes    int                      // an upper bound of a row's share in the body, texts apart
}

// compile derives the columns of a row struct from its fields and tags. A field
// that the codec cannot carry is an error in our code, so it panics.
func compile[R any]() []field {
	row := reflect.TypeFor[R]()
	fields := make([]field, 0, row.NumField())
	for i := range row.NumField() {
		sf := row.Field(i)
		f := field{offset: sf.Offset, spec: ColumnSpec{
			Name: sf.Tag.Get("col"), Type: sf.Tag.Get("type"),
			Doc: sf.Tag.Get("doc"), History: sf.Tag.Get("history") == "y",
		}}
		if f.spec.Name == "" || f.spec.Type == "" || f.spec.Doc == "" {
			panic(fmt.Sprintf("signal: field %s lacks a tag", sf.Name))
		}
		t := sf.Type
		if strings.HasPrefix(t.Name(), "Null[") {
			f.nullable, f.valid = true, sf.Offset+t.Field(1).Offset
			t = t.Field(0).Type
		}
		f.describe(t)
		fields = append(fields, f)
	}
	return fields
}

// describe sets what follows from the Go type of the value.
func (f *field) describe(t reflect.Type) {
	stringer := reflect.TypeFor[fmt.Stringer]()
	f.bytes = 1
	switch {
	case t.Kind() == reflect.String:
		f.kind, f.shape, f.bytes = KindText, shapeString, 4
		if strings.Contains(f.spec.Type, "LowCardinality") {
			f.shape = shapeInterned
		}
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		f.kind, f.shape, f.bytes = KindText, shapeTextList, 4
	case t.Kind() == reflect.Slice && t.Elem().Implements(stringer):
		f.kind, f.shape, f.enumName, f.bytes = KindText, shapeEnumList, enumName(t.Elem()), 4
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		f.kind, f.shape, f.bytes = KindText, shapeBytes, 4
	case t.Kind() == reflect.Array && t.Elem().Kind() == reflect.Uint32:
		f.kind, f.shape, f.elements, f.bytes = KindUint, shapeArray, t.Len(), 4*t.Len()
	case t.Kind() == reflect.Uint8 && t.Implements(stringer):
		f.kind, f.shape, f.width, f.enumName, f.bytes = KindText, shapeEnum, 1, enumName(t), 1
	default:
		f.describeNumber(t)
	}
	if f.nullable {
		f.bytes++
		if f.shape != shapeNumber {
			panic(fmt.Sprintf("signal: column %s may not be undefined", f.spec.Name))
		}
	}
}

func (f *field) describeNumber(t reflect.Type) {
	f.shape, f.width = shapeNumber, uint8(t.Size())
	f.bytes = int(t.Size())
	switch {
	case t == reflect.TypeFor[Money]():
		f.kind, f.signed = KindMoney, true
	case t == reflect.TypeFor[Instant]():
		f.kind, f.signed = KindInstant, true
	case t == reflect.TypeFor[Day]():
		f.kind, f.signed = KindDay, true
	case t.Kind() == reflect.Bool:
		f.kind = KindBool
	case t.Kind() == reflect.Float64 && strings.Contains(f.spec.Type, "Decimal"):
		f.kind = KindMoneyFloat
	case t.Kind() == reflect.Float64:
		f.kind = KindFloat
	case t.Kind() >= reflect.Uint8 && t.Kind() <= reflect.Uint64:
		f.kind = KindUint
	default:
		panic(fmt.Sprintf("signal: column %s has a type that no block carries: %s", f.spec.Name, t))
	}
}

// enumName gives the function from code to published name.
func enumName(t reflect.Type) func(uint64) string {
	return func(code uint64) string {
		v := reflect.New(t).Elem()
		v.SetUint(code)
		return v.Interface().(fmt.Stringer).String()
	}
}
