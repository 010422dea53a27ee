package backfill

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestMomentsInTheFormsOfAMap: of the map, and of one field.
func TestMomentsInTheFormsOfAMap(t *testing.T) {
	const fields = "fields:\n  customer_id: c\n  kind: {constant: order}\n  currency: {constant: EUR}\n  amount_net: " +
		"{constant: 1}\n"
	for name, test := range map[string]struct {
		text, cell, want string // want a reject where it has no T
	}{
		"seconds":      {"times: [epoch_s]\n" + fields + "  occurred_at: t", "1759302600", "2025-10-01T07:10:00Z"},
		"milliseconds": {"times: [epoch_ms]\n" + fields + "  occurred_at: t", "1759302600123", "2025-10-01T07:10:00.123Z"},
		"microseconds": {"times: [epoch_us]\n" + fields + "  occurred_at: t", "1759302600123456",
			"2025-10-01T07:10:00.123456Z"},
		"nanoseconds": {"times: [epoch_ns]\n" + fields + "  occurred_at: t", "1759302600123456789",
			"2025-10-01T07:10:00.123456Z"},
		"one field": {fields + "  occurred_at: {column: t, times: [epoch_s]}", "1759302600", "2025-10-01T07:10:00Z"},
		"layout": {"times: [02/01/2006 15:04]\n" + fields + "  occurred_at: t", "01/10/2025 09:10",
			"2025-10-01T07:10:00Z"},
		"layout of a day": {"times: [2006-01-02T15:04:05Z07:00, 01/02/2006]\n" + fields + "  occurred_at: t", "10/01/2025",
			"2025-10-01T10:00:00Z"},
		"another zone": {"times: [local]\ntime_zone: America/New_York\n" + fields + "  occurred_at: t",
			"2025-10-01 09:10:00", "2025-10-01T13:10:00Z"},
		"usual, a zone": {"time_zone: America/New_York\n" + fields + "  occurred_at: t", "2025-10-01 09:10",
			"2025-10-01T13:10:00Z"},
		"not the form": {"times: [epoch_s]\n" + fields + "  occurred_at: t", "2025-10-01", "1 bad_time occurred_at"},
	} {
		zone, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		got := prepare(t, Options{Name: "x", Format: CSV, Zone: zone, Map: mapOf(t, test.text)}, "c,t\nk,"+test.cell+"\n")
		switch {
		case got.err != nil:
			t.Errorf("%s: %v", name, got.err)
		case len(got.values) == 1 && !strings.Contains(got.values[0], `"occurred_at":"`+test.want+`"`),
			len(got.values) == 0 && got.rejects[0] != test.want:
			t.Errorf("%s: %q %q, want %s", name, got.values, got.rejects, test.want)
		}
	}
}

// Texts and numbers of cells, as JSON that says the same.
func TestScalarsOfCells(t *testing.T) {
	for _, test := range []struct {
		field, cell, want string
		err               error
	}{
		{"amount_net", "12", "12", nil}, {"amount_net", "+12", "12", nil}, {"amount_net", "-0", "0", nil},
		{"amount_net", "007", "7", nil}, {"rating", "4.0", "", errInteger}, {"pages", "9223372036854775808", "", errInteger},
		{"pages", "1_0", "", errInteger}, {"is_test", "Yes", "true", nil}, {"is_test", "N", "false", nil},
		{"is_test", "1", "true", nil}, {"is_test", "maybe", "", errBoolean}, {"is_test", "", "", errBoolean},
		{"customer_id", "a\"b\\", `"a\"b\\"`, nil}, {"customer_id", "<a&b>", `"\u003ca\u0026b\u003e"`, nil},
		{"customer_id", "\u2028", `"\u2028"`, nil}, {"customer_id", "a\xff", "", errEncoding},
		{"customer_id", "\xed\xa0\x80", "", errEncoding}, {"customer_id", "\x00", `"\u0000"`, nil},
	} {
		if got, err := scalarText(test.field, test.cell); got != test.want || !errors.Is(err, test.err) {
			t.Errorf("%s %q: %q, %v; want %q, %v", test.field, test.cell, got, err, test.want, test.err)
		}
	}
}
