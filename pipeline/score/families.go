package score

import (
	"slices"

	"github.com/holdfast/holdfast/pipeline/signal"
)

// family is the columns of one subject: what they are, on which days silence
// changes them, and how a row is filled with them. Each has a file of its own.
//
// The ids of columns are given once and never again to another column, not even
// after theirs has gone; a new column takes the next free one. docs/columns.md
// keeps them.
type family struct {
	name    string
	columns []signal.ColumnSpec
	edges   []edge
	fill    func(p *Parameters, in *Input, row *signal.Row)
}

// families lists all. The order means nothing: columns stand by their ids.
var families = [...]family{
	identity, recency, activity, monetary, visits, complaints, ratings, returns, overdue, value, levels, risk, outreach,
	provenance,
}

// layout is where the columns of all families lie in a row.
var layout = newLayout()

func newLayout() *signal.Layout {
	var columns []signal.ColumnSpec
	for _, f := range families {
		for _, c := range f.columns {
			c.Family = f.name
			columns = append(columns, c)
		}
	}
	return signal.NewLayout(columns)
}

// Layout returns the layout of the customer table's rows.
func Layout() *signal.Layout { return layout }

// NewCustomerBlock returns an empty block of customer rows.
func NewCustomerBlock(meta signal.Meta) *signal.CustomerBlock {
	return signal.NewCustomerBlock(layout, meta)
}

// Happening is what is counted in windows of days.
type Happening uint8

// Happenings.
const (
	Purchases           Happening = iota // days with an order, or with money
	Visits                               // days with acting visits
	VisitsSincePurchase                  // those after the latest purchase day, of one who has bought
	Complaints                           // days with complaints
	happeningCount
)

// edge says that what happened on a day is counted for so many days, the day
// included. When it leaves, a column changes in silence, so a deadline is armed
// for each.
type edge struct {
	of   Happening
	days int32
}

// Edges returns the lengths of the windows that anything published counts a
// happening in, rising.
func Edges(of Happening) []int32 {
	var edges []int32
	for _, f := range families {
		for _, e := range f.edges {
			if e.of == of {
				edges = append(edges, e.days)
			}
		}
	}
	slices.Sort(edges)
	return slices.Compact(edges)
}
