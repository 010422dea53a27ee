package e2e

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// sameRows holds every customer's row against the oracle.
func (w *world) sameRows(oracle *workload.Oracle) {
	w.t.Helper()
	columns := []string{"customer_id", "toUnixTimestamp64Micro(as_of) + 999 AS as_of", "approximate"}
	for _, column := range workload.CountedColumns() {
		spec, _ := score.Layout().Find(column)
		switch spec.Type { // in minor units
		case signal.TypeMoney:
			column = "toInt64(" + column + " * 100) AS " + column
		case signal.TypeAmount:
			column = "toFloat64(" + column + ") * 100 AS " + column
		default: // as they are
		}
		columns = append(columns, column)
	}
	text := w.ask("SELECT " + strings.Join(columns, ", ") +
		" FROM customer_current FINAL SETTINGS output_format_json_quote_64bit_integers = 0 FORMAT JSONEachRow")
	bad, compared := 0, 0
	for line := range strings.Lines(text) {
		row := w.rowOf(line)
		if row["approximate"] == "1" {
			continue // it says itself that it may differ
		}
		compared++
		asOf, err := strconv.ParseInt(row["as_of"], 10, 64)
		if err != nil {
			w.t.Fatal(err)
		}
		differences := oracle.RowDifferences(row["customer_id"], event.Instant(asOf), row)
		if len(differences) > 0 && bad < 5 {
			bad++
			w.t.Errorf("row of %s differs: %s", row["customer_id"], strings.Join(differences, "; "))
		}
	}
	if compared < 30 {
		w.t.Errorf("only %d rows could be compared", compared)
	}
}

// rowOf reads the texts of a row from JSON.
func (w *world) rowOf(line string) map[string]string {
	w.t.Helper()
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.UseNumber()
	values, row := map[string]any{}, map[string]string{}
	if err := decoder.Decode(&values); err != nil {
		w.t.Fatal(err)
	}
	for column, value := range values {
		row[column] = textOf(value)
	}
	return row
}

func textOf(value any) string {
	list, isList := value.([]any)
	switch {
	case value == nil:
		return workload.Undefined
	case !isList:
		return fmt.Sprint(value)
	}
	texts := make([]string, len(list))
	for i := range list {
		texts[i] = textOf(list[i])
	}
	return strings.Join(texts, ",")
}
