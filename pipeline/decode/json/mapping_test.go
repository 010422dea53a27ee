package json

import (
	"strings"
	"testing"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// constants reads the JSON scalars of a mapping.
func constants(texts map[string]string) map[string]decode.Constant {
	constants := map[string]decode.Constant{}
	for field, text := range texts {
		constants[field] = Constant(text)
	}
	return constants
}

func TestRename(t *testing.T) {
	m := decode.Mapping{
		Rename: map[string]string{"customer_id": "user", "event_id": "nr", "order_id": "nr", "amount_net": `a"b`},
		Constant: constants(map[string]string{"event_type": `"purchase"`, "kind": `"or\u0064er"`, "currency": `"JPY"`,
			"schema_version": `1`, "is_test": `false`}),
	}
	const value = `{"user":"c-01873","nr":"7","a\"b":12,"occurred_at":"2026-03-01T10:15:30Z","kind":"refund","customer_id":5}`
	d, err := New(decode.Config{Type: purchase, Mapping: m})
	if err != nil {
		t.Fatal(err)
	}
	var got event.Event
	var arena decode.Arena
	for range 3 {
		rec := record(value)
		reject, ok := d.Decode(&got, &rec, &arena)
		if !ok {
			t.Fatalf("%+v", reject)
		}
		if got.Kind != event.Order || string(got.CustomerID) != customer || string(got.EventID) != "7" ||
			got.OrderHash != hash("7") || got.AmountNet != 12 || string(got.Currency[:]) != "JPY" {
			t.Errorf("got %+v", got)
		}
	}
	for value, want := range map[string]decode.Reject{
		strings.Replace(value, `"nr":"7"`, `"nr":7`, 1):        {Reason: decode.BadType, Field: "event_id"},
		strings.Replace(value, `"nr":"7",`, ``, 1):             {Reason: decode.MissingField, Field: "event_id"},
		strings.Replace(value, `{`, `{"nr":null,`, 1):          {Reason: decode.BadSyntax},
		strings.Replace(value, `"user"`, `"customer"`, 1):      {Reason: decode.MissingField, Field: "customer_id"},
		strings.Replace(value, `"kind"`, `"customer_id"`, 1):   {Reason: decode.BadSyntax},
		strings.Replace(value, `12`, `-12`, 1):                 {Reason: decode.BadAmount, Field: "amount_net"},
		strings.Replace(value, `"user":"c-01`, `"user":"x`, 1): {Reason: decode.KeyMismatch, Field: "customer_id"},
	} {
		_, reject, _ := decodeOne(t, decode.Config{Type: purchase, Mapping: m}, record(value))
		if reject.Detail = ""; reject != want {
			t.Errorf("%s: got %+v, want %+v", value, reject, want)
		}
	}
}

// TestConstantNumberOfAText takes a number that stands for a text as it is
// written.
func TestConstantNumberOfAText(t *testing.T) {
	for written, want := range map[string]string{`15`: "15", `1.10`: "1.10", `"017"`: "017",
		`12345678901234567890`: "12345678901234567890"} {
		cfg := decode.Config{Type: visit, Mapping: decode.Mapping{Constant: constants(map[string]string{"segment": written,
			"store_id": written})}}
		got, reject, ok := decodeOne(t, cfg, record(good[visit]))
		if !ok || string(got.Segment) != want {
			t.Errorf("%s: segment %q, %+v", written, got.Segment, reject)
		}
	}
}

func TestMappingErrors(t *testing.T) {
	for want, cfg := range map[string]decode.Config{
		"event type 0 has no schema": {},
		"event type 6 has no schema": {Type: event.Internal},
		"a limit of -1 bytes":        {Type: visit, MaxValueBytes: -1},
		`no field "colour" to rename`: {Type: visit,
			Mapping: decode.Mapping{Rename: map[string]string{"colour": "c"}}},
		`no field "amount_net" to rename`: {Type: visit,
			Mapping: decode.Mapping{Rename: map[string]string{"amount_net": "c"}}},
		`the source name of "kind" is empty`: {Type: visit,
			Mapping: decode.Mapping{Rename: map[string]string{"kind": ""}}},
		`no field "colour" to set`: {Type: visit,
			Mapping: decode.Mapping{Constant: constants(map[string]string{"colour": "1"})}},
		`"kind" is both renamed and constant`: {Type: visit,
			Mapping: decode.Mapping{Rename: map[string]string{"kind": "k"},
				Constant: constants(map[string]string{"kind": `"cart"`})}},
		`constant for "kind" must be a JSON string`: {Type: visit,
			Mapping: decode.Mapping{Constant: constants(map[string]string{"kind": `cart`})}},
		`constant for "source" must be a JSON string`: {Type: visit,
			Mapping: decode.Mapping{Constant: constants(map[string]string{"source": `null`})}},
		`constant for "consent" must be a JSON string`: {Type: visit,
			Mapping: decode.Mapping{Constant: constants(map[string]string{"consent": `{}`})}},
		`constant for "kind" must have the JSON type`: {Type: visit,
			Mapping: decode.Mapping{Constant: constants(map[string]string{"kind": `true`})}},
		`constant for "pages" must have the JSON type`: {Type: visit,
			Mapping: decode.Mapping{Constant: constants(map[string]string{"pages": `"1"`})}},
		`constant for "kind" must be one of the schema`: {Type: visit,
			Mapping: decode.Mapping{Constant: constants(map[string]string{"kind": `"stroll"`})}},
		`3 is no form of amounts`: {Type: visit, Mapping: decode.Mapping{Amounts: 3}},
	} {
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestDecimalAmounts(t *testing.T) {
	for _, c := range []struct {
		currency, amount string
		minor            int64
		reason           decode.Reason
	}{
		{"EUR", `"49.90"`, 4990, decode.None},
		{"EUR", `49.9`, 4990, decode.None},
		{"EUR", `49`, 4900, decode.None},
		{"EUR", `"49.900"`, 4990, decode.None},
		{"EUR", `"49.901"`, 0, decode.BadAmount},
		{"EUR", `0.07`, 7, decode.None},
		{"EUR", `"-0"`, 0, decode.None},
		{"EUR", `"-1.00"`, 0, decode.BadAmount},
		{"EUR", `"1e3"`, 0, decode.BadAmount},
		{"EUR", `1e3`, 0, decode.BadAmount},
		{"EUR", `"1,000.00"`, 0, decode.BadAmount},
		{"EUR", `"1.0.0"`, 0, decode.BadAmount},
		{"EUR", `".5"`, 0, decode.BadAmount},
		{"EUR", `"5."`, 0, decode.BadAmount},
		{"EUR", `""`, 0, decode.BadAmount},
		{"EUR", `"-"`, 0, decode.BadAmount},
		{"EUR", `"\u0031.50"`, 150, decode.None},
		{"EUR", `"10000000000.00"`, 1_000_000_000_000, decode.None},
		{"EUR", `"10000000000.01"`, 0, decode.BadAmount},
		{"EUR", `"99999999999999999999999999999999999999"`, 0, decode.BadAmount},
		{"EUR", `18446744073709551617`, 0, decode.BadAmount},
		{"EUR", `true`, 0, decode.BadType},
		{"JPY", `"1200"`, 1200, decode.None},
		{"JPY", `"1200.0"`, 1200, decode.None},
		{"JPY", `"1200.5"`, 0, decode.BadAmount},
		{"KWD", `"1.234"`, 1234, decode.None},
		{"KWD", `1.2`, 1200, decode.None},
		{"CLF", `"1.2345"`, 12345, decode.None},
	} {
		value := strings.Replace(with(purchase, "amount_net", c.amount), "EUR", c.currency, 1)
		cfg := decode.Config{Type: purchase, Mapping: decode.Mapping{Amounts: decode.AmountsDecimal}}
		got, reject, ok := decodeOne(t, cfg, record(value))
		if reject.Reason != c.reason || ok && got.AmountNet != c.minor {
			t.Errorf("%s %s: got %d, %q, want %d, %q", c.amount, c.currency, got.AmountNet, reject.Reason, c.minor, c.reason)
		}
	}
	cfg := decode.Config{Type: purchase, Mapping: decode.Mapping{Amounts: decode.AmountsDecimal}}
	for further, reason := range map[string]decode.Reason{
		`"margin":"-3.10"`: decode.None, `"points_earned":"3"`: decode.BadType, `"points_earned":3.0`: decode.BadAmount,
		`"lines":[{"unit_price":"6.99"}]`: decode.None, `"lines":[{"unit_price":6.999}]`: decode.BadAmount,
	} {
		if _, reject, _ := decodeOne(t, cfg, record(kind(purchase, "order", further))); reject.Reason != reason {
			t.Errorf("%s: got %q, want %q", further, reject.Reason, reason)
		}
	}
}

func TestNegativeRefunds(t *testing.T) {
	cfg := decode.Config{Type: purchase, Mapping: decode.Mapping{NegativeRefunds: true}}
	for kindName, reason := range map[string]decode.Reason{
		"refund": decode.None, "cancel": decode.None, "adjustment": decode.None, "order": decode.BadAmount,
		"renewal": decode.BadAmount,
	} {
		value := strings.Replace(kind(purchase, kindName, `"ref_order_id":"o-1"`), "4990", "-4990", 1)
		got, reject, ok := decodeOne(t, cfg, record(value))
		if reject.Reason != reason || ok && got.AmountNet != 4990 {
			t.Errorf("%s: got %d, %q", kindName, got.AmountNet, reject.Reason)
		}
	}
	value := strings.Replace(kind(purchase, "refund", `"ref_order_id":"o-1"`), "4990", "-4990", 1)
	if _, reject, _ := decodeOne(t, decode.Config{Type: purchase}, record(value)); reject.Reason != decode.BadAmount {
		t.Errorf("negative without the mapping: got %q", reject.Reason)
	}
}
