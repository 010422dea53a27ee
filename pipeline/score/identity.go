package score

import "github.com/holdfast/holdfast/pipeline/signal"

const (
	customerID signal.ColumnID = 1
	segment    signal.ColumnID = 2
	currency   signal.ColumnID = 3
	timeZone   signal.ColumnID = 4
)

// identity says who the row is about, and in what it is counted.
var identity = family{
	name: "identity",
	columns: []signal.ColumnSpec{
		{ID: customerID, Name: "customer_id", Type: signal.TypeText, History: true, Doc: "the customer's id"},
		{ID: segment, Name: "segment", Type: signal.TypeName, Doc: "segment of the latest event that names a known one"},
		{ID: currency, Name: "currency", Type: signal.TypeName, Doc: "currency of every amount in the row"},
		{ID: timeZone, Name: "time_zone", Type: signal.TypeName, Doc: "business time zone that days are counted in"},
	},
	fill: func(_ *Parameters, in *Input, row *signal.Row) {
		row.SetText(customerID, in.CustomerID)
		row.SetName(segment, in.Segment)
		row.SetName(currency, in.Currency)
		row.SetName(timeZone, in.TimeZone)
	},
}
