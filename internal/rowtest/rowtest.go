// Package rowtest makes rows of customers for tests, and tells what is in the
// rows of a block, column by column by name.
package rowtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// New returns a row with the values of some columns; see Set.
func New(values map[string]any) *signal.Row {
	row := signal.NewRow(score.Layout())
	SetAll(row, values)
	return row
}

// SetAll sets some columns; see Set.
func SetAll(row *signal.Row, values map[string]any) {
	for column, value := range values {
		Set(row, column, value)
	}
}

// Set sets a column by its name. The value is a string, bool, any integer or
// float64, or a []uint32 of counts or of codes, as the column's type asks for.
func Set(row *signal.Row, column string, value any) {
	c, ok := row.Layout().Find(column)
	if !ok {
		panic("rowtest: no column " + column)
	}
	switch c.Type {
	case signal.TypeText:
		row.SetText(c.ID, []byte(value.(string)))
	case signal.TypeName:
		row.SetName(c.ID, value.(string))
	case signal.TypeFlag:
		row.SetFlag(c.ID, value.(bool))
	case signal.TypeEnums:
		for _, code := range value.([]uint32) {
			row.AddEnum(c.ID, uint8(code))
		}
	case signal.TypeCounts:
		row.SetCounts(c.ID, value.([]uint32))
	case signal.TypeAmount:
		row.SetAmount(c.ID, value.(float64))
	case signal.TypeFloat:
		row.SetFloat(c.ID, value.(float64))
	default:
		setNumber(row, c, value)
	}
}

func setNumber(row *signal.Row, c signal.ColumnSpec, value any) {
	n, err := strconv.ParseInt(fmt.Sprintf("%d", value), 10, 64)
	if err != nil {
		panic("rowtest: column " + c.Name + ": " + err.Error())
	}
	switch c.Type {
	case signal.TypeEnum:
		row.SetEnum(c.ID, uint8(n))
	case signal.TypeCount:
		row.SetCount(c.ID, uint32(n))
	case signal.TypeUint8:
		row.SetUint8(c.ID, uint8(n))
	case signal.TypeUint16:
		row.SetUint16(c.ID, uint16(n))
	case signal.TypeUint64:
		row.SetUint64(c.ID, uint64(n))
	case signal.TypeMoney:
		row.SetMoney(c.ID, signal.Money(n))
	case signal.TypeDay:
		row.SetDay(c.ID, signal.Day(n))
	case signal.TypeInstant:
		row.SetInstant(c.ID, signal.Instant(n))
	default:
		panic("rowtest: column " + c.Name + " is no number")
	}
}

// Field is what a row says in one column.
type Field struct {
	Column string
	// Text is "-" where undefined, else by the kind of the column: a number, 0 or
	// 1, a date, an instant in UTC, a text; of lists with commas between.
	Text string
}

// Fields returns the fields of a block's row in the order of its columns.
func Fields(b *signal.Block, row int) []Field {
	fields := make([]Field, len(b.Columns))
	for i := range b.Columns {
		fields[i] = Field{b.Columns[i].Name, text(&b.Columns[i], row)}
	}
	return fields
}

// ByName returns the fields of a block's row by the names of the columns.
func ByName(b *signal.Block, row int) map[string]string {
	texts := map[string]string{}
	for _, f := range Fields(b, row) {
		texts[f.Column] = f.Text
	}
	return texts
}

func text(c *signal.Column, row int) string {
	if c.Defined != nil && !c.Defined[row] {
		return "-"
	}
	from, to := row, row+1
	if c.Ends != nil {
		from, to = c.Range(row)
	}
	var values []string
	for i := from; i < to; i++ {
		values = append(values, value(c, i))
	}
	return strings.Join(values, ",")
}

func value(c *signal.Column, i int) string {
	switch c.Kind {
	case signal.KindText:
		return c.Texts[i]
	case signal.KindFloat:
		return strconv.FormatFloat(math.Float64frombits(c.Numbers[i]), 'g', 6, 64)
	case signal.KindMoneyFloat:
		return strconv.FormatFloat(math.Float64frombits(c.Numbers[i]), 'f', 2, 64)
	case signal.KindDay:
		return time.Unix(86_400*int64(c.Numbers[i]), 0).UTC().Format(time.DateOnly)
	case signal.KindInstant:
		return time.UnixMicro(int64(c.Numbers[i])).UTC().Format("2006-01-02T15:04:05.999999")
	case signal.KindMoney:
		return strconv.FormatInt(int64(c.Numbers[i]), 10)
	default:
		return strconv.FormatUint(c.Numbers[i], 10)
	}
}

// Random returns a row of a layout with something drawn in every column.
func Random(layout *signal.Layout, rnd *rand.Rand) *signal.Row {
	row := signal.NewRow(layout)
	for _, c := range layout.Columns() {
		if !c.Null || rnd.IntN(3) > 0 {
			setRandom(row, c, rnd)
		}
	}
	return row
}

func setRandom(row *signal.Row, c signal.ColumnSpec, rnd *rand.Rand) {
	unsigned := func(bits int) uint64 { return rnd.Uint64() >> (64 - bits + rnd.IntN(bits)) }
	signed := func() int64 { return rnd.Int64() >> (rnd.IntN(31) + 33) }
	switch c.Type {
	case signal.TypeText, signal.TypeName:
		Set(row, c.Name, RandomText(rnd))
	case signal.TypeFlag:
		row.SetFlag(c.ID, rnd.IntN(2) == 1)
	case signal.TypeEnum:
		row.SetEnum(c.ID, uint8(rnd.IntN(3)))
	case signal.TypeEnums:
		for range rnd.IntN(4) {
			row.AddEnum(c.ID, uint8(rnd.IntN(3)))
		}
	case signal.TypeCounts:
		counts := make([]uint32, c.Elements)
		for i := range counts {
			counts[i] = uint32(unsigned(32))
		}
		row.SetCounts(c.ID, counts)
	case signal.TypeAmount, signal.TypeFloat:
		Set(row, c.Name, []float64{0, rnd.NormFloat64() * 1e6, math.Inf(1), -1, rnd.Float64()}[rnd.IntN(5)])
	case signal.TypeCount:
		row.SetCount(c.ID, uint32(unsigned(32)))
	case signal.TypeUint8:
		row.SetUint8(c.ID, uint8(unsigned(8)))
	case signal.TypeUint16:
		row.SetUint16(c.ID, uint16(unsigned(16)))
	case signal.TypeUint64:
		row.SetUint64(c.ID, unsigned(64))
	default:
		setNumber(row, c, signed())
	}
}

// RandomText is a text as ids and names are, and as they should not be.
func RandomText(rnd *rand.Rand) string {
	return []string{"", "A", "retail", "\x00\xff\n", fmt.Sprint("c-", rnd.IntN(1_000_000))}[rnd.IntN(5)]
}

// Number returns the whole number that a row has in a column.
func Number(row *signal.Row, column string) uint64 {
	block := signal.NewCustomerBlock(row.Layout(), signal.Meta{})
	block.Append(row)
	b, err := signal.Decode(block.Encode(nil))
	if err != nil {
		panic("rowtest: " + err.Error())
	}
	c, there := b.Column(column)
	if !there || len(c.Numbers) != 1 {
		panic("rowtest: no number in column " + column)
	}
	return c.Numbers[0]
}
