package backfill

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A text in a map is what stands there: no number, no date, no yes.
func TestTextsOfAMapAreWhatStandsThere(t *testing.T) {
	m := mapOf(t, `
fields:
  customer_id: 007
  occurred_at: 2026-03-01
  kind: kind
  currency: {constant: EUR}
  amount_net: {constant: 100}
  coupon_code: {constant: 1e3}
  staff_id: {constant: 1_000}
events:
- when: {store: 017, on: yes}
  fields: {store_id: {constant: 0123456}}
- when: {store: 0x1F, on: no}
  fields: {store_id: {constant: 0o17}}
- when: {store: 1.10}
  fields: {store_id: {column: store, values: {1.10: 2.00, 1.1: wrong}}}
- when: {store: "15"}
  fields: {store_id: {column: store, values: {017: wrong, 15: 2026-03-01}}}
`)
	got := prepare(t, Options{Name: "x", Format: CSV, Map: m}, "007,2026-03-01,kind,store,on\n"+
		"k,2026-03-01,order,017,yes\nk,2026-03-01,order,0x1F,no\nk,2026-03-01,order,1.10,\nk,2026-03-01,order,15,\nk,2026-03-01,order,1.1,\nk,2026-03-01,order,31,no\n")
	var stores []string
	for _, value := range got.values {
		_, after, _ := strings.Cut(value, `"store_id":"`)
		stores = append(stores, after[:strings.IndexByte(after, '"')])
		if !strings.Contains(value, `"coupon_code":"1e3"`) || !strings.Contains(value, `"staff_id":"1_000"`) {
			t.Error(value)
		}
	}
	if diff := cmp.Diff([]string{"0123456", "0o17", "2.00", "2026-03-01"}, stores); diff != "" || got.err != nil {
		t.Error(got.err, diff)
	}
	if diff := cmp.Diff([]string{"5 bad_value", "6 bad_value"}, got.rejects); diff != "" {
		t.Error(diff)
	}
}

func TestMapsThatAreWrittenOtherwise(t *testing.T) {
	const text = "\ufeff# a map\r\namounts: minor\r\nfields: &all\r\n  customer_id: {column: c}\r\n  occurred_at: " +
		"\"t\"\r\n  kind: {constant: 'session'}\r\n"
	for name, test := range map[string]string{"mark and line ends": text, "returns": strings.ReplaceAll(text,
		"\r\n", "\r")} {
		got := prepare(t, Options{Name: "x", Format: CSV, Map: mapOf(t, test)}, "c,t\nk,2026-03-01\n")
		if got.err != nil || len(got.values) != 1 {
			t.Errorf("%s: %v %v", name, got.err, got.rejects)
		}
	}
}
