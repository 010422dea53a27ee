package decode

import "time"

// AmountForm is how a source writes money.
type AmountForm uint8

// Forms of amounts.
const (
	AmountsMinor   AmountForm = iota // integers of minor units
	AmountsDecimal                   // decimal text or numbers of major units, such as "12.34"
)

// Mapping says how a source's records differ from the schema. The zero value
// is the schema itself.
type Mapping struct {
	// Rename: the schema's field name -> the name under which the source
	// writes it, at the top level of the record. One source field may serve
	// several of ours. A field that is renamed is not read under its own name.
	Rename map[string]string

	// Constant: the schema's field name -> the scalar that stands for it in
	// every record, such as the text EUR. What a record says under that name
	// is not read.
	Constant map[string]Constant

	// Amounts says how money is written. Decimal amounts become minor units by
	// the exponent of the event's currency, exactly or not at all.
	Amounts AmountForm

	// Times are the forms in which the source writes instants, as in NewTimes;
	// none means rfc3339. TimeZone is that of times without an offset.
	Times    []string
	TimeZone *time.Location

	// NegativeRefunds accepts a negative amount_net on refunds, cancellations
	// and adjustments, as the amount without its sign.
	NegativeRefunds bool
}
