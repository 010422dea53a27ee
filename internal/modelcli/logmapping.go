package modelcli

import (
	"fmt"
	"strings"
	"time"

	"github.com/holdfast/holdfast/internal/textfile"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/population/fit"
)

// logMapping says which columns of a purchase log mean what.
type logMapping struct {
	customer, date, amount string
	order, kind, status    string
	value                  string   // the amount, or a column of amounts that tells what is taken back
	about                  string   // the order that a refund is about, where that is a column of its own
	where                  []string // column=value, all of which must hold
	refunds                []string // column=value, any of which makes a row a refund
	forms                  []string // of dates, as in decode.NewTimes
	times                  *decode.Times
	lines                  string  // what rows of one order and status are that differ
	divisor                float64 // amounts are divided by it
	zone                   *time.Location
	today                  fit.Day // rows of later days are bad

	kindGiven, statusGiven bool // by a flag: then every value must be known
}

// Names that are recognised where no flag names the column.
var (
	customerNames = []string{"customer", "customer_id", "cust", "cust_id", "CustomerID", "id"}
	dateNames     = []string{"date", "occurred_at", "timestamp", "day", "order_date", "InvoiceDate", "t"}
	orderNames    = []string{"order_id", "order"}
	aboutNames    = []string{"ref_order_id"}
	amountNames   = []string{"amount_net", "amount"}
	kindNames     = []string{"kind"}
	statusNames   = []string{"status"}
)

// Columns that no flag names, where they are there.
const (
	eventIDName  = "event_id" // a row that repeats one is left out
	testName     = "is_test"  // a row of which it is true is left out
	currencyName = "currency"
)

// settle fills the columns that no flag names.
func (m *logMapping) settle(t *table) error {
	m.kindGiven, m.statusGiven = m.kind != "", m.status != ""
	for _, c := range []struct {
		column *string
		names  []string
	}{{&m.customer, customerNames}, {&m.date, dateNames}, {&m.order, orderNames},
		{&m.about, aboutNames}, {&m.kind, kindNames}, {&m.status, statusNames}} {
		if *c.column == "" {
			*c.column = firstColumn(t, c.names)
		}
	}
	if m.customer == "" || m.date == "" {
		return usagef("the file has neither triples (x, t_x, T) nor known names of customer and date: "+
			"say --customer COLUMN --date COLUMN; the columns are %s", textfile.Listed(t.columns))
	}
	if m.value = m.amount; m.value == "" && (m.kind != "" || len(m.refunds) > 0) {
		m.value = firstColumn(t, amountNames)
	}
	var want []string
	for _, column := range []string{m.customer, m.date, m.amount, m.order, m.kind, m.status} {
		if column != "" {
			want = append(want, column)
		}
	}
	for _, condition := range append(append([]string(nil), m.where...), m.refunds...) {
		column, _, ok := strings.Cut(condition, "=")
		if !ok {
			return usagef("--where, --refund %q: want column=value", condition)
		}
		want = append(want, column)
	}
	return t.require(want...)
}

func firstColumn(t *table, names []string) string {
	for _, name := range names {
		if t.has(name) {
			return name
		}
	}
	return ""
}

// columns says which columns are read as what.
func (m *logMapping) columns() string {
	words := []string{"customer " + textfile.Printed(m.customer), "date " + textfile.Printed(m.date)}
	for _, c := range []struct{ what, column string }{{"amount", m.value}, {"order", m.order}, {"kind", m.kind},
		{"status", m.status}} {
		if c.column != "" {
			words = append(words, fmt.Sprintf("%s %s", c.what, textfile.Printed(c.column)))
		}
	}
	return strings.Join(words, ", ")
}
