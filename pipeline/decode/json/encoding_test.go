package json

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// TestByteOrderMark decodes events behind a mark, between others without one,
// by the same decoder: every field must be the same.
func TestByteOrderMark(t *testing.T) {
	for kind, value := range good {
		d, err := New(decode.Config{Type: kind})
		if err != nil {
			t.Fatal(err)
		}
		want, _, _ := decodeOne(t, decode.Config{Type: kind}, record(value))
		for range 2 {
			for _, value := range []string{"\ufeff" + value, value, "\ufeff\r\n" + value} {
				var got event.Event
				var arena decode.Arena
				rec := record(value)
				if reject, ok := d.Decode(&got, &rec, &arena); !ok || string(got.CustomerID) != customer ||
					string(got.EventID) != string(want.EventID) || got.Kind != want.Kind || got.OccurredAt != want.OccurredAt {
					t.Errorf("%q: got %+v, %+v", shorten(value), got, reject)
				}
			}
		}
	}
}

func TestUTF16IsNamed(t *testing.T) {
	for _, mark := range []string{"", "\ufeff"} {
		for order := range 2 {
			var value []byte
			for _, unit := range utf16.Encode([]rune(mark + good[visit])) {
				bytes := [2]byte{byte(unit), byte(unit >> 8)}
				value = append(value, bytes[order], bytes[1-order])
			}
			_, reject, _ := decodeOne(t, decode.Config{Type: visit}, record(string(value)))
			if reject.Reason != decode.BadEncoding || !strings.Contains(reject.Detail, "UTF-16") {
				t.Errorf("mark %q, order %d: got %+v", mark, order, reject)
			}
		}
	}
	_, reject, _ := decodeOne(t, decode.Config{Type: visit}, record("\xff"+good[visit]))
	if strings.Contains(reject.Detail, "UTF-16") {
		t.Errorf("other bytes: got %+v", reject)
	}
}

// TestNamesThatDifferInCase takes the field of the exact name, wherever it
// stands, and nothing of the other.
func TestNamesThatDifferInCase(t *testing.T) {
	d, err := New(decode.Config{Type: visit})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"Customer_ID", "CUSTOMER_ID", "customer_iD", "customeR_id", "customer_id ",
		"customer-id"} {
		first := strings.Replace(good[visit], "{", `{"`+other+`":"CRM-77",`, 1)
		last := with(visit, other, `"CRM-77"`)
		for _, value := range []string{good[visit], first, first, last, last, good[visit]} {
			var got event.Event
			var arena decode.Arena
			rec := record(value)
			if reject, ok := d.Decode(&got, &rec, &arena); !ok || string(got.CustomerID) != customer {
				t.Errorf("%s: got customer %q, %+v", value, got.CustomerID, reject)
			}
		}
	}
}
