package signal

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var testMeta = Meta{Currency: "EUR", CurrencyExponent: 2, TimeZone: "Europe/Berlin"}

// fill sets every field of a row struct to something drawn from rnd, so that a
// new field is tested the day it is added.
func fill[R any](rnd *rand.Rand) *R {
	row := new(R)
	v := reflect.ValueOf(row).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Name == "Kind" { // of an alert: one of few
			v.Field(i).SetString([]string{"", "churn_risk", "silent_churn"}[rnd.IntN(3)])
			continue
		}
		fillValue(v.Field(i), rnd)
	}
	return row
}

func fillValue(v reflect.Value, rnd *rand.Rand) {
	if v.Type() == reflect.TypeFor[[]byte]() {
		v.SetBytes([]byte(randomText(rnd)))
		return
	}
	if v.Kind() == reflect.Uint8 && v.Type().NumMethod() > 0 {
		v.SetUint(uint64(rnd.IntN(3)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(randomText(rnd))
	case reflect.Bool:
		v.SetBool(rnd.IntN(2) == 1)
	case reflect.Float64:
		v.SetFloat([]float64{0, rnd.NormFloat64() * 1e6, math.Inf(1), -1, rnd.Float64()}[rnd.IntN(5)])
	case reflect.Int32, reflect.Int64:
		v.SetInt(rnd.Int64() >> (rnd.IntN(31) + 33))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(rnd.Uint64() >> (64 - v.Type().Bits() + rnd.IntN(v.Type().Bits())))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rnd.IntN(4), 4))
		for i := range v.Len() {
			fillValue(v.Index(i), rnd)
		}
	case reflect.Struct: // Null
		if rnd.IntN(3) > 0 {
			v.FieldByName("Valid").SetBool(true)
			fillValue(v.FieldByName("Value"), rnd)
		}
	default:
		panic(v.Type().String())
	}
}

func randomText(rnd *rand.Rand) string {
	return []string{"", "A", "retail", "\x00\xff\n", fmt.Sprint("c-", rnd.IntN(1_000_000))}[rnd.IntN(5)]
}

// expected is the column that a block of rows must decode to, made from the
// rows alone.
func expected[R any](rows []*R, i int) Column {
	sf := reflect.TypeFor[R]().Field(i)
	c := Column{Name: sf.Tag.Get("col")}
	for _, row := range rows {
		v := reflect.ValueOf(row).Elem().Field(i)
		if v.Kind() == reflect.Struct {
			c.Defined = append(c.Defined, v.FieldByName("Valid").Bool())
			v = v.FieldByName("Value")
		}
		if v.Kind() == reflect.Slice && v.Type() != reflect.TypeFor[[]byte]() {
			for j := range v.Len() {
				c.add(v.Index(j))
			}
			c.Ends = append(c.Ends, uint32(len(c.Texts)+len(c.Numbers)))
			continue
		}
		c.add(v)
	}
	return c
}

func (c *Column) add(v reflect.Value) {
	if s, ok := v.Interface().(fmt.Stringer); ok {
		c.Texts = append(c.Texts, s.String())
		return
	}
	switch v.Kind() {
	case reflect.String:
		c.Texts = append(c.Texts, v.String())
	case reflect.Slice:
		c.Texts = append(c.Texts, string(v.Bytes()))
	case reflect.Bool:
		n := uint64(0)
		if v.Bool() {
			n = 1
		}
		c.Numbers = append(c.Numbers, n)
	case reflect.Float64:
		c.Numbers = append(c.Numbers, math.Float64bits(v.Float()))
	case reflect.Int32, reflect.Int64:
		c.Numbers = append(c.Numbers, uint64(v.Int()))
	default:
		c.Numbers = append(c.Numbers, v.Uint())
	}
}

func checkBlock[R AlertRow | ModelRow | QualityRow](t *testing.T, got *Block, rows []*R) {
	t.Helper()
	if got.Rows != len(rows) || len(got.Columns) != reflect.TypeFor[R]().NumField() || got.Meta != testMeta {
		t.Fatalf("block of %d rows, %d columns, %+v", got.Rows, len(got.Columns), got.Meta)
	}
	for i, c := range got.Columns {
		want := expected(rows, i)
		want.Kind = c.Kind
		allDefined := true
		for j, ok := range want.Defined {
			allDefined = allDefined && ok
			if !ok {
				want.Numbers[j] = 0
			}
		}
		if allDefined {
			want.Defined = nil
		}
		if diff := cmp.Diff(want, c, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("column %s:\n%s", c.Name, diff)
		}
	}
}

func roundTrip[R AlertRow | ModelRow | QualityRow](t *testing.T, block *BlockWriter[R], n int, seed uint64) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, uint64(n)))
	rows := make([]*R, n)
	block.Reset(testMeta)
	for i := range rows {
		rows[i] = fill[R](rnd)
		block.Append(rows[i])
	}
	encoded := block.Encode([]byte("before"))
	if string(encoded[:6]) != "before" {
		t.Fatal("Encode changed what was there")
	}
	if size := len(encoded) - 6; size > block.Bytes() {
		t.Fatalf("%d bytes encoded, Bytes said at most %d", size, block.Bytes())
	}
	got, err := Decode(encoded[6:])
	if err != nil {
		t.Fatal(err)
	}
	checkBlock(t, got, rows)
	for _, i := range []int{0, n / 2, n - 1} {
		if n == 0 {
			break
		}
		one, err := Decode(got.EncodeRow(nil, i))
		if err != nil {
			t.Fatalf("row %d of %d by itself: %v", i, n, err)
		}
		checkBlock(t, one, rows[i:i+1])
		if len(one.Shards) != 1 || one.Shards[0].Rows != 1 || one.Table != got.Table {
			t.Fatalf("row %d by itself: %v, %v", i, one.Table, one.Shards)
		}
	}
}

func TestBlocksComeBack(t *testing.T) {
	alerts, models := NewAlertBlock(Meta{}), NewModelBlock(Meta{})
	for seed, n := range []int{0, 1, 2, 7, 8, 9, 300, 1000, 0, 3} {
		roundTrip(t, alerts, n, uint64(seed))
		roundTrip(t, models, n, uint64(seed))
	}
}
