package cuts

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

var some = Cuts{Version: 7, ComputedAt: 1_790_000_000_000_000, Borders: []Border{
	{Quantity: "value_at_risk", Segment: "", Customers: 900, Upper: []float64{10.5, 80}},
	{Quantity: "clv_365d", Segment: "b2b", Customers: 210, Upper: []float64{1}},
	{Quantity: "value_at_risk", Segment: "b2b", Customers: 210, Upper: []float64{99, 99, 1e9}},
}}

const someText = `{"format":1,"version":7,"computed_at_us":1790000000000000,"borders":[` +
	`{"quantity":"clv_365d","segment":"b2b","customers":210,"upper":[1]},` +
	`{"quantity":"value_at_risk","segment":"","customers":900,"upper":[10.5,80]},` +
	`{"quantity":"value_at_risk","segment":"b2b","customers":210,"upper":[99,99,1000000000]}]}`

func TestRecord(t *testing.T) {
	text, err := some.Append(nil)
	if err != nil || string(text) != someText {
		t.Fatalf("%s, %v, want %s", text, err, someText)
	}
	read, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := read.Append(nil); err != nil || string(again) != someText || read.Version != 7 {
		t.Errorf("%s, %v after reading", again, err)
	}
	if key := Key(7); string(key) != "cuts/7" || !IsKey(key) || IsKey([]byte("cuts/")) || IsKey([]byte("histogram/3")) {
		t.Errorf("key %s", key)
	}
}

func TestClass(t *testing.T) {
	read, err := Parse([]byte(someText))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		quantity, segment string
		value             float64
		class             int
		ok                bool
	}{
		{"value_at_risk", "b2b", 98, 0, true}, {"value_at_risk", "b2b", 99, 0, true}, {"value_at_risk", "b2b", 99.5, 2, true},
		{"value_at_risk", "b2b", 2e9, 3, true}, {"value_at_risk", "none of its own", 11, 1, true},
		{"clv_365d", "b2b", 0, 0, true}, {"clv_365d", "retail", 0, 0, false}, {"unknown", "b2b", 0, 0, false},
	} {
		if class, ok := read.Class(c.quantity, c.segment, c.value); class != c.class || ok != c.ok {
			t.Errorf("%s %s %g: class %d, %v, want %d, %v", c.quantity, c.segment, c.value, class, ok, c.class, c.ok)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for value, want := range map[string]string{
		`[]`: "cannot unmarshal", `{`: "unexpected end",
		strings.Replace(someText, `"format":1`, `"format":2`, 1):     "format 2",
		strings.Replace(someText, `"version":7`, `"version":0`, 1):   "version 0",
		strings.Replace(someText, `[10.5,80]`, `[80,10.5]`, 1):       "do not rise",
		strings.Replace(someText, `[10.5,80]`, `[]`, 1):              "has 0 borders",
		strings.Replace(someText, `"clv_365d"`, `"value_at_zoo"`, 1): "not in order",
	} {
		if _, err := Parse([]byte(value)); !errors.Is(err, ErrRecord) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", value, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(someText))
	f.Fuzz(func(t *testing.T, value []byte) {
		read, err := Parse(value)
		if err != nil {
			return
		}
		text, err := read.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Parse(text); err != nil || !reflect.DeepEqual(again, read) {
			t.Fatalf("%+v, %v, want %+v", again, err, read)
		}
	})
}
