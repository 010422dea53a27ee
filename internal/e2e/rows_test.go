package e2e

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// comparedColumns are those that the oracle counts, beside id and as_of.
var comparedColumns = []string{"first_purchase_day", "last_purchase_day", "frequency_repeat", "is_repeat",
	"purchase_days_life",
	"first_activity_day", "last_activity_day", "activity_x", "orders_life", "monetary_net_life", "refunds_waiting_net",
	"orders_30d", "orders_90d",
	"orders_365d", "monetary_net_30d", "monetary_net_90d", "monetary_net_365d", "purchase_days_365d", "visits_7d",
	"visits_30d",
	"visits_90d", "complaints_open", "complaints_30d_by_category", "complaints_90d_by_category", "complaints_30d",
	"complaints_90d",
	"rating_last", "oldest_open_complaint_days"}

// sameRows holds every customer's row against the oracle.
func (w *world) sameRows(oracle *workload.Oracle) {
	w.t.Helper()
	columns := []string{"customer_id", "toUnixTimestamp64Micro(as_of) + 999 AS as_of", "approximate",
		"toFloat64(monetary_mean_repeat) * 100 AS monetary_mean_repeat"}
	fields := reflect.TypeFor[signal.CustomerRow]()
	places := map[string]int{}
	for i := range fields.NumField() {
		places[fields.Field(i).Tag.Get("col")] = i
	}
	for _, column := range comparedColumns {
		switch fields.Field(places[column]).Type {
		case reflect.TypeFor[signal.Money]():
			column = "toInt64(" + column + " * 100) AS " + column
		case reflect.TypeFor[signal.Null[signal.Day]]():
			column = "toInt32(" + column + ") AS " + column
		}
		columns = append(columns, column)
	}
	text := w.ask("SELECT " + strings.Join(columns, ", ") +
		" FROM customer_current FINAL SETTINGS output_format_json_quote_64bit_integers = 0 FORMAT JSONEachRow")
	bad, compared := 0, 0
	for line := range strings.Lines(text) {
		row, approximate := w.rowOf(line, places)
		if approximate {
			continue // it says itself that it may differ
		}
		compared++
		want, _ := oracle.Customer(string(row.CustomerID), event.Instant(row.AsOf))
		if got := row.MonetaryMeanRepeat.Value; math.Abs(got-want.MeanRepeat) <= 0.01 {
			row.MonetaryMeanRepeat.Value = want.MeanRepeat // the table has four decimals
		}
		if differences := oracle.RowDifferences(&row); len(differences) > 0 && bad < 5 {
			bad++
			w.t.Errorf("a row differs: %s", strings.Join(differences, "; "))
		}
	}
	if compared < 30 {
		w.t.Errorf("only %d rows could be compared", compared)
	}
}

// rowOf reads a row from JSON.
func (w *world) rowOf(line string, places map[string]int) (row signal.CustomerRow, approximate bool) {
	w.t.Helper()
	decoder := json.NewDecoder(bytes.NewReader([]byte(line)))
	decoder.UseNumber()
	values := map[string]any{}
	if err := decoder.Decode(&values); err != nil {
		w.t.Fatal(err)
	}
	for column, value := range values {
		put(reflect.ValueOf(&row).Elem().Field(places[column]), value)
	}
	return row, row.Approximate
}

// put puts a JSON value into a field of a row.
func put(field reflect.Value, value any) {
	switch v := value.(type) {
	case nil: // a Null without a value
	case string:
		field.SetBytes([]byte(v))
	case []any:
		for i := range v {
			put(field.Index(i), v[i])
		}
	case json.Number:
		if field.Kind() == reflect.Struct { // a Null
			field.FieldByName("Valid").SetBool(true)
			field = field.FieldByName("Value")
		}
		f, _ := v.Float64()
		n, _ := v.Int64()
		switch {
		case field.CanFloat():
			field.SetFloat(f)
		case field.CanUint():
			field.SetUint(uint64(n))
		case field.CanInt():
			field.SetInt(n)
		default:
			field.SetBool(n != 0)
		}
	}
}
