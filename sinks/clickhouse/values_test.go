package clickhouse

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox/conformance"
	"github.com/shopspring/decimal"
)

// setAll gives every field of a row a value of its own.
func setAll(row any) {
	v := reflect.ValueOf(row).Elem()
	for i := range v.NumField() {
		setOne(v.Field(i), i)
	}
}

func setOne(v reflect.Value, i int) {
	switch {
	case v.Type() == reflect.TypeFor[[]byte]():
		v.SetBytes(fmt.Appendf(nil, "c\x00\n'%d", i))
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		setOne(v.Index(0), 1)
		setOne(v.Index(1), 2)
	case v.Kind() == reflect.Array:
		for j := range v.Len() {
			setOne(v.Index(j), j)
		}
	case v.Kind() == reflect.Struct:
		v.FieldByName("Valid").SetBool(true)
		setOne(v.FieldByName("Value"), i)
	case v.Kind() == reflect.String:
		v.SetString(fmt.Sprintf("text '%d", i))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.Float64:
		v.SetFloat(float64(i) + .25)
	case v.Type().Implements(reflect.TypeFor[fmt.Stringer]()):
		v.SetUint(2)
	case v.CanInt():
		v.SetInt(int64(-1_000 * i))
	default:
		v.SetUint(uint64(i + 1))
	}
}

// shown is how ClickHouse's toString shows a field, nil for NULL.
func shown(v reflect.Value, columnType string) *string {
	text := ""
	switch {
	case v.Kind() == reflect.Struct && !v.FieldByName("Valid").Bool():
		return nil
	case v.Kind() == reflect.Struct:
		return shown(v.FieldByName("Value"), strings.TrimSuffix(strings.TrimPrefix(columnType, "Nullable("), ")"))
	case v.Type() == reflect.TypeFor[[]byte]():
		text = string(v.Bytes())
	case v.Kind() == reflect.Slice, v.Kind() == reflect.Array:
		list := []any{}
		for i := range v.Len() {
			if s, ok := v.Index(i).Interface().(fmt.Stringer); ok {
				list = append(list, s.String())
				continue
			}
			list = append(list, v.Index(i).Interface())
		}
		encoded, _ := json.Marshal(list)
		text = string(encoded)
	case strings.HasPrefix(columnType, "Decimal"):
		if v.CanInt() {
			text = decimal.New(v.Int(), -2).String()
		} else {
			text = decimal.NewFromFloat(v.Float()).Shift(-2).Round(4).String()
		}
	case columnType == "Date32":
		text = time.Unix(86_400*v.Int(), 0).UTC().Format(time.DateOnly)
	case strings.HasPrefix(columnType, "DateTime64"):
		text = time.UnixMicro(v.Int()).UTC().Truncate(time.Millisecond).Format("2006-01-02 15:04:05.000")
	case v.Kind() == reflect.Bool:
		text = map[bool]string{false: "0", true: "1"}[v.Bool()]
	default:
		text = fmt.Sprint(v.Interface())
	}
	return &text
}

// customerValue is what a customer's row of a block holds in a column, as a row
// struct would hold it; nil where undefined or there is no such column.
func customerValue(b *signal.Block, row int, column string) any {
	c, there := b.Column(column)
	if !there || c.Defined != nil && !c.Defined[row] {
		return nil
	}
	from, to := row, row+1
	if c.Ends != nil {
		from, to = c.Range(row)
	}
	switch {
	case c.Ends != nil && c.Kind == signal.KindText:
		return c.Texts[from:to]
	case c.Ends != nil:
		return c.Numbers[from:to]
	case c.Kind == signal.KindText:
		return c.Texts[row]
	case c.Kind == signal.KindFloat, c.Kind == signal.KindMoneyFloat:
		return math.Float64frombits(c.Numbers[row])
	case c.Kind == signal.KindUint, c.Kind == signal.KindBool:
		return c.Numbers[row]
	}
	return int64(c.Numbers[row])
}

// fieldValue is what a row struct holds in a column; nil where there is none.
func fieldValue[R any](row *R, column string) any {
	of := reflect.TypeFor[R]()
	for i := range of.NumField() {
		if of.Field(i).Tag.Get("col") == column {
			return reflect.ValueOf(row).Elem().Field(i).Interface()
		}
	}
	return nil
}

// checkStored compares a table of n rows, column by column.
func checkStored(r *rig, table, key string, n int, columns []signal.ColumnSpec,
	value func(row int, column string) any) {
	r.T.Helper()
	var names, selected, types []string
	there := map[string]string{}
	found, err := r.conn.Query(r.T.Context(),
		"SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = ?", table)
	if err != nil {
		r.T.Fatal(err)
	}
	for found.Next() {
		var name, columnType string
		if err := found.Scan(&name, &columnType); err != nil {
			r.T.Fatal(err)
		}
		there[name] = columnType
	}
	found.Close()
	for _, c := range columns {
		if columnType, ok := there[c.Name]; ok {
			text := "toString(" + c.Name + ")"
			if strings.HasPrefix(columnType, "Array") {
				text = "toJSONString(" + c.Name + ")"
			}
			names, selected, types = append(names, c.Name), append(selected, text), append(types, columnType)
		}
	}
	if len(names) != len(there) {
		r.T.Errorf("table %s has %d columns, %d of them are ours", table, len(there), len(names))
	}
	stored, err := r.conn.Query(r.T.Context(), "SELECT "+strings.Join(selected, ", ")+" FROM "+table+" ORDER BY "+key)
	if err != nil {
		r.T.Fatal(err)
	}
	defer stored.Close()
	for row := 0; stored.Next(); row++ {
		texts := make([]*string, len(names))
		into := make([]any, len(names))
		for i := range texts {
			into[i] = &texts[i]
		}
		if err := stored.Scan(into...); err != nil {
			r.T.Fatal(err)
		}
		for i, name := range names {
			var want *string
			if v := value(row, name); v != nil {
				want = shown(reflect.ValueOf(v), strings.TrimSuffix(strings.TrimPrefix(types[i], "Nullable("), ")"))
			}
			if (want == nil) != (texts[i] == nil) || want != nil && *want != *texts[i] {
				r.T.Errorf("%s row %d %s: %q, want %q", table, row, name, or(texts[i]), or(want))
			}
		}
	}
	if got := r.count("SELECT count() FROM " + table); got != uint64(n) {
		r.T.Errorf("%s has %d rows, want %d", table, got, n)
	}
}

func or(text *string) string {
	if text == nil {
		return "NULL"
	}
	return *text
}

// TestEveryColumnIsStored: full rows and empty ones, of every table.
func TestEveryColumnIsStored(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	now := time.Now().UnixMicro() // older ones would expire on arrival
	full := fullCustomer()
	rowtest.SetAll(full, map[string]any{"customer_id": "a\x00'\n", "computed_at": now, "is_deleted": false})
	block := score.NewCustomerBlock(conformance.Euros)
	block.Append(full)
	block.Append(rowtest.New(map[string]any{"customer_id": "b", "computed_at": now, "seq": 2}))
	customers := block.Encode(nil)
	r.Produce(0, customers)
	alert, noAlert := &signal.AlertRow{}, &signal.AlertRow{AlertID: "z", Seq: 2}
	setAll(alert)
	alerts := signal.NewAlertBlock(conformance.Euros)
	alerts.Append(alert)
	alerts.Append(noAlert)
	r.Produce(0, alerts.Encode(nil))
	model, noModel := &signal.ModelRow{}, &signal.ModelRow{ParamVersion: "z", Seq: 2}
	setAll(model)
	models := signal.NewModelBlock(conformance.Euros)
	models.Append(model)
	models.Append(noModel)
	r.Produce(0, models.Encode(nil))
	quality, noQuality := &signal.QualityRow{}, &signal.QualityRow{Finding: "z", Seq: 2}
	setAll(quality)
	found := signal.NewQualityBlock(conformance.Euros)
	found.Append(quality)
	found.Append(noQuality)
	r.Produce(0, found.Encode(nil))
	r.Running(r.loader())
	r.AwaitLoaded()
	stored, err := signal.Decode(customers)
	if err != nil {
		t.Fatal(err)
	}
	customer := func(row int, column string) any { return customerValue(stored, row, column) }
	checkStored(r, "customer_current", "customer_id", 2, columnsOf(signal.TableCustomer), customer)
	checkStored(r, "score_history", "customer_id", 2, columnsOf(signal.TableCustomer), customer)
	checkStored(r, "alert_event", "alert_id", 2, columnsOf(signal.TableAlert), func(row int, column string) any {
		return fieldValue([]*signal.AlertRow{alert, noAlert}[row], column)
	})
	checkStored(r, "model_params", "param_version", 2, columnsOf(signal.TableModel), func(row int, column string) any {
		return fieldValue([]*signal.ModelRow{model, noModel}[row], column)
	})
	checkStored(r, "data_quality", "finding", 2, columnsOf(signal.TableQuality), func(row int, column string) any {
		return fieldValue([]*signal.QualityRow{quality, noQuality}[row], column)
	})
}

// fullCustomer is a row with a value of its own in every column.
func fullCustomer() *signal.Row {
	row := signal.NewRow(score.Layout())
	for i, c := range columnsOf(signal.TableCustomer) {
		var value any = i + 1
		switch c.Type {
		case signal.TypeText, signal.TypeName:
			value = fmt.Sprintf("text '%d", i)
		case signal.TypeFlag:
			value = true
		case signal.TypeEnum:
			value = 2
		case signal.TypeEnums:
			value = []uint32{1, 2}
		case signal.TypeCounts:
			value = []uint32{0, 1, 2, 3, 4, 5, 6, 7, 8}
		case signal.TypeAmount, signal.TypeFloat:
			value = float64(i) + .25
		case signal.TypeMoney, signal.TypeDay, signal.TypeInstant:
			value = -1_000 * i
		default: // the number
		}
		rowtest.Set(row, c.Name, value)
	}
	return row
}

// TestOlderAndStrangerBlocks: a column that the writer did not have gets the
// default; one of another kind sets the record aside.
func TestOlderAndStrangerBlocks(t *testing.T) {
	block := score.NewCustomerBlock(conformance.Euros)
	block.Append(conformance.CustomerRow(0, 1))
	decoded, err := signal.Decode(block.Encode(nil))
	if err != nil {
		t.Fatal(err)
	}
	older := *decoded
	older.Columns = nil
	for _, c := range decoded.Columns {
		if c.Name != "segment" && c.Name != "p_alive" && c.Name != "reason_codes" && c.Name != "as_of" {
			older.Columns = append(older.Columns, c)
		}
	}
	b := newColumnSet(signal.TableCustomer)
	if err := b.Add(&older); err != nil {
		t.Fatalf("older: %v", err)
	}
	for i, spec := range b.specs {
		want := map[string]string{"segment": "[]", "p_alive": "[<nil>]", "reason_codes": "[[]]",
			"as_of": "[1970-01-01 00:00:00 +0000 UTC]"}[spec.Name]
		if got := fmt.Sprint(b.columns[i].part(0, 1)); want != "" && got != want {
			t.Errorf("%s: %s, want %s", spec.Name, got, want)
		}
	}
	for name, kind := range map[string]signal.Kind{"segment": signal.KindUint, "p_alive": signal.KindDay,
		"seq":          signal.KindText,
		"reason_codes": signal.KindUint, "monetary_net_life": signal.KindFloat} {
		strange := *decoded
		strange.Columns = append([]signal.Column(nil), decoded.Columns...)
		for i := range strange.Columns {
			if strange.Columns[i].Name == name {
				strange.Columns[i].Kind = kind
			}
		}
		if err := b.Add(&strange); err == nil {
			t.Errorf("%s of kind %v was taken", name, kind)
		}
	}
	// Nothing of the strange ones is left: the next row is the second of each column.
	next := score.NewCustomerBlock(conformance.Euros)
	next.Append(conformance.CustomerRow(7, 77))
	second, err := signal.Decode(next.Encode(nil))
	alone := newColumnSet(signal.TableCustomer)
	if err := errors.Join(err, alone.Add(second), b.Add(second)); err != nil {
		t.Fatal(err)
	}
	for i, spec := range b.specs {
		got, want := reflect.ValueOf(b.columns[i].part(1, 2)).Index(0), reflect.ValueOf(alone.columns[i].part(0, 1)).Index(0)
		if got, want := fmt.Sprint(reflect.Indirect(got)), fmt.Sprint(reflect.Indirect(want)); got != want {
			t.Errorf("%s of the second row: %s, want %s", spec.Name, got, want)
		}
	}
}
