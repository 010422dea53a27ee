package clickhouse

import (
	"fmt"
	"time"

	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/shopspring/decimal"
)

// columnType is how a type of ours stands in ClickHouse, and the values of a
// column of it as the driver takes them.
type columnType struct {
	name   string
	values func(nullable bool) values
}

var columnTypes = map[signal.Type]columnType{
	signal.TypeText:    {"String", newTexts},
	signal.TypeName:    {"LowCardinality(String)", newTexts},
	signal.TypeTexts:   {"Array(String)", newTextLists},
	signal.TypeEnum:    {"LowCardinality(String)", newTexts},
	signal.TypeEnums:   {"Array(LowCardinality(String))", newTextLists},
	signal.TypeFlag:    {"UInt8", scalars(0, unsigned[uint8], signal.KindUint, signal.KindBool)},
	signal.TypeCount:   {"UInt32", scalars(0, unsigned[uint32], signal.KindUint)},
	signal.TypeCounts:  {"Array(UInt32)", newCountLists},
	signal.TypeUint8:   {"UInt8", scalars(0, unsigned[uint8], signal.KindUint, signal.KindBool)},
	signal.TypeUint16:  {"UInt16", scalars(0, unsigned[uint16], signal.KindUint)},
	signal.TypeUint64:  {"UInt64", scalars(0, unsigned[uint64], signal.KindUint)},
	signal.TypeMoney:   {"Decimal(18, 4)", scalars(decimal.Zero, amount, signal.KindMoney, signal.KindMoneyFloat)},
	signal.TypeAmount:  {"Decimal(18, 4)", scalars(decimal.Zero, amount, signal.KindMoney, signal.KindMoneyFloat)},
	signal.TypeFloat:   {"Float64", scalars(0, float, signal.KindFloat)},
	signal.TypeDay:     {"Date32", scalars(time.Unix(0, 0).UTC(), day, signal.KindDay)},
	signal.TypeInstant: {"DateTime64(3, 'UTC')", scalars(time.Unix(0, 0).UTC(), instant, signal.KindInstant)},
}

// columnsOf returns the columns of an outbox table.
func columnsOf(t signal.Table) []signal.ColumnSpec {
	if t == signal.TableCustomer {
		return score.Layout().Columns()
	}
	return signal.ColumnsOf(t)
}

// typeOf returns the ClickHouse type of a column.
func typeOf(c signal.ColumnSpec) string {
	if c.Null {
		return "Nullable(" + columnTypes[c.Type].name + ")"
	}
	return columnTypes[c.Type].name
}

// newValues makes an empty column. A type that the table above does not have is
// an error in our code.
func newValues(c signal.ColumnSpec) values {
	t, known := columnTypes[c.Type]
	if !known {
		panic(fmt.Sprintf("clickhouse: no column for type %s", c.Type))
	}
	return t.values(c.Null)
}
