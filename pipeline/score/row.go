package score

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/signal"
)

// Model is the name of the purchase model in rows and alerts.
const Model = "mbg-nbd"

// Input is what a row is made of.
type Input struct {
	Statistics *Statistics
	Scores     *Scores // of these statistics

	CustomerID []byte
	Segment    string
	Currency   string
	TimeZone   string

	Clock   signal.ClockMode
	Holdout bool // the customer is in the arm that is left alone

	Level     signal.Level
	Lifecycle signal.Lifecycle

	AsOf       signal.Instant
	Watermark  signal.Instant
	ComputedAt signal.Instant
	Shard      uint16
	Seq        uint64
}

// FillRow fills every column of a row of this package's layout anew. It keeps
// nothing of the input, but the row shares the customer's id and the names.
func (p *Parameters) FillRow(in *Input, row *signal.Row) {
	row.Reset()
	for i := range families {
		families[i].fill(p, in, row)
	}
	limit := math.Pow10(amountDigits + int(p.CurrencyExponent))
	row.SetFlag(approximate, in.Statistics.Approximate || row.Exceeds(limit))
}

// amountDigits is where a column of money saturates in a store, as a power of ten
// of major units: Decimal(18, 4) has fourteen digits before the point.
const amountDigits = 14

// setAmount sets a column where there is a value.
func setAmount(row *signal.Row, id signal.ColumnID, v signal.Null[float64]) {
	if v.Valid {
		row.SetAmount(id, v.Value)
	}
}

// setFloat sets a column where there is a value.
func setFloat(row *signal.Row, id signal.ColumnID, v signal.Null[float64]) {
	if v.Valid {
		row.SetFloat(id, v.Value)
	}
}

func someIf[T any](valid bool, v T) signal.Null[T] {
	if !valid {
		return signal.Null[T]{}
	}
	return signal.Some(v)
}
