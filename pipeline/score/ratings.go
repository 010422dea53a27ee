package score

import "github.com/holdfast/holdfast/pipeline/signal"

const ratingLast signal.ColumnID = 40

// ratings is how the customer judges what it got.
var ratings = family{
	name: "ratings",
	columns: []signal.ColumnSpec{
		{ID: ratingLast, Name: "rating_last", Type: signal.TypeUint8, Null: true, Doc: "latest rating, 1 to 5"},
	},
	fill: func(_ *Parameters, in *Input, row *signal.Row) {
		if in.Statistics.RatingLast > 0 {
			row.SetUint8(ratingLast, in.Statistics.RatingLast)
		}
	},
}
