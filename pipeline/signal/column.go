package signal

// Type says what the values of a column are. How a store calls it is the
// store's affair.
type Type uint8

// Types.
const (
	TypeText    Type = iota + 1 // bytes of any content
	TypeName                    // text of few values
	TypeTexts                   // list of texts
	TypeEnum                    // one of a closed list, published by its name
	TypeEnums                   // list of these
	TypeFlag                    // true or false
	TypeCount                   // number of things or of days, 32 bits
	TypeCounts                  // fixed number of counts
	TypeUint8                   // small number
	TypeUint16                  // number of a shard
	TypeUint64                  // number of a row
	TypeMoney                   // whole minor units of the currency
	TypeAmount                  // minor units of the currency with a fraction
	TypeFloat                   // ratio, probability, number of days
	TypeDay                     // business day
	TypeInstant                 // microsecond
	typeEnd
)

// types says of each type how a block carries it: its kind, how it lies in the
// memory of a row, the bytes of a number there, and the most bytes that a value
// takes in a block, texts apart.
var types = [typeEnd]struct {
	name   string
	kind   Kind
	shape  shape
	width  uint8
	signed bool
	bytes  int
}{
	TypeText:    {name: "text", kind: KindText, shape: shapeBytes, bytes: 4},
	TypeName:    {name: "name", kind: KindText, shape: shapeInterned, bytes: 4},
	TypeTexts:   {name: "texts", kind: KindText, shape: shapeTextList, bytes: 4},
	TypeEnum:    {name: "enum", kind: KindText, shape: shapeEnum, width: 1, bytes: 1},
	TypeEnums:   {name: "enums", kind: KindText, shape: shapeEnumList, bytes: 4},
	TypeFlag:    {name: "flag", kind: KindBool, width: 1, bytes: 1},
	TypeCount:   {name: "count", kind: KindUint, width: 4, bytes: 4},
	TypeCounts:  {name: "counts", kind: KindUint, shape: shapeArray},
	TypeUint8:   {name: "uint8", kind: KindUint, width: 1, bytes: 1},
	TypeUint16:  {name: "uint16", kind: KindUint, width: 2, bytes: 2},
	TypeUint64:  {name: "uint64", kind: KindUint, width: 8, bytes: 8},
	TypeMoney:   {name: "money", kind: KindMoney, width: 8, signed: true, bytes: 8},
	TypeAmount:  {name: "amount", kind: KindMoneyFloat, width: 8, bytes: 8},
	TypeFloat:   {name: "float", kind: KindFloat, width: 8, bytes: 8},
	TypeDay:     {name: "day", kind: KindDay, width: 4, signed: true, bytes: 4},
	TypeInstant: {name: "instant", kind: KindInstant, width: 8, signed: true, bytes: 8},
}

// String returns the name of the type; "unknown" for one that does not exist.
func (t Type) String() string {
	if t == 0 || t >= typeEnd {
		return "unknown"
	}
	return types[t].name
}

// typeNamed finds a type by its name; 0 where there is none.
func typeNamed(name string) Type {
	for t := range types {
		if t > 0 && types[t].name == name {
			return Type(t)
		}
	}
	return 0
}

// ColumnID identifies a column of the customer table for good: it is given once
// and never to another column. Columns stand in the order of their ids.
type ColumnID uint16

// ColumnSpec is what there is to know about one column.
type ColumnSpec struct {
	ID     ColumnID // of the customer table; 0 in the others
	Family string   // of columns of one subject; empty in the other tables
	Name   string
	Type   Type
	Unit   string // of the values, where neither type nor name tells: days, visits, minor units
	Doc    string // the column's meaning, without a full stop
	Null   bool   // a value may be undefined

	History  bool                     // also a column of score_history
	Elements int                      // of TypeCounts
	EnumName func(code uint64) string // of TypeEnum and TypeEnums: what a code is published as
}

// NamesOf returns the function from the codes of a closed list to its names.
func NamesOf[E interface {
	~uint8
	String() string
}](code uint64) string {
	return E(code).String()
}
