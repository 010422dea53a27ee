package decode

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
)

// limits is what the schema's page says of each field, apart from the checks.
var limits = map[string]string{
	"event_id": "id64", "customer_id": "id128", "anonymous_id": "id128", "order_id": "id128", "ref_order_id": "id128",
	"complaint_id": "id128", "store_id": "id128", "partner_id": "id128", "staff_id": "id128", "contact_id": "id128",
	"trace_id": "id128", "session_id": "id128", "referred_customer_id": "id128", "referrer_id": "id128",
	"request_id": "id64", "alert_id": "id64",
	"ingested_at": "instant", "promised_at": "instant", "delivered_at": "instant", "renewal_due_at": "instant",
	"inquiry_answered_at": "instant", "first_response_at": "instant", "sla_due_at": "instant", "requested_at": "instant",
	"at": "instant", "occurred_at": "occurred",
	"amount_net": "amount", "amount_gross": "amount", "amount_discount": "amount", "amount_tax": "amount",
	"list_amount": "amount", "compensation_amount": "amount", "points_earned": "amount", "points_redeemed": "amount",
	"margin": "margin",
	"rating": "1-5", "severity": "1-5", "csi": "0-100", "nps": "0-10", "duration_s": "0-10000000", "pages": "0-1000000",
	"tz": "text", "channel": "text", "segment": "text", "source": "text", "coupon_code": "text", "sku": "text",
	"category": "text", "subcategory": "text", "referral_code": "text", "contact_reason": "text",
	"contact_result": "text", "text_hash": "text", "actor": "text",
	"kind": "list", "status": "list", "closure_reason": "list", "outcome": "list", "resolution": "list",
	"currency": "currency", "lines": "parts", "merge_from": "parts", "consent": "parts",
	"public": "bool", "is_first_order_claimed": "bool", "referral_converted": "bool",
	"satisfied_with_resolution": "bool", "is_test": "bool",
}

// attempt is a value and the reason that it gets.
type attempt struct {
	form   Form
	text   string
	number int64
	want   Reason
}

// attempts are values on both sides of a limit.
func attempts(limit string) (all []attempt) {
	text := func(want Reason, texts ...string) {
		for _, s := range texts {
			all = append(all, attempt{FormText, s, 0, want})
		}
	}
	number := func(want Reason, numbers ...int64) {
		for _, n := range numbers {
			all = append(all, attempt{FormInteger, "", n, want})
		}
	}
	at := func(want Reason, instants ...event.Instant) {
		for _, t := range instants {
			all = append(all, attempt{FormInstant, "", int64(t), want})
		}
	}
	var low, high int64
	switch {
	case limit == "id64":
		text(None, "a", strings.Repeat("a", 64), strings.Repeat("é", 32))
		text(BadID, "", strings.Repeat("a", 65), strings.Repeat("é", 33), "a\x1f", "\x7f", "a\u009f")
	case limit == "id128":
		text(None, "a", strings.Repeat("a", 128), " ", "\u00a0")
		text(BadID, "", strings.Repeat("a", 129), "\x00", strings.Repeat("a", 100)+"\u0080")
	case limit == "instant":
		at(None, DefaultMinEventTime, endOfInstant-1)
		at(BadTime, DefaultMinEventTime-1, endOfInstant)
		text(None, "1990-01-01T00:00:00Z", "2200-12-31T23:59:59.999999Z")
		text(BadTime, "", "1989-12-31T23:59:59Z", "2201-01-01T00:00:00Z", "2026-03-01")
	case limit == "occurred":
		at(None, DefaultMinEventTime, limitsNow+DefaultMaxFuture)
		at(BadTime, DefaultMinEventTime-1)
		at(FutureTime, limitsNow+DefaultMaxFuture+1)
	case limit == "amount":
		number(None, 0, 1, 1e12)
		number(BadAmount, -1, 1e12+1, -1e12)
		all = append(all, attempt{FormHuge, "99999999999999999999", 0, BadAmount}, attempt{FormDecimal, "1.0", 0, BadAmount})
	case limit == "margin":
		number(None, 0, 1e12, -1e12)
		number(BadAmount, 1e12+1, -1e12-1)
	case limit == "text":
		text(None, "", strings.Repeat("a", 256), "a\x00")
		text(BadValue, strings.Repeat("a", 257), strings.Repeat("é", 129))
	case limit == "currency":
		text(None, "EUR", "ABC")
		text(BadValue, "", "EU", "EURO", "eur", "E R", "€€€", "EU1")
	case limit == "list":
		text(BadValue, "", "no such value")
	case strings.Contains(limit, "-"):
		fmt.Sscanf(limit, "%d-%d", &low, &high)
		number(None, low, high)
		number(BadValue, low-1, high+1, -1<<62)
		all = append(all, attempt{FormHuge, "99999999999999999999", 0, BadValue}, attempt{FormDecimal, "3.0", 0, BadType})
	}
	return all
}

const limitsNow = event.Instant(1_780_272_000) * event.Second

// TestEveryFieldHoldsItsLimits: of every type, on both sides of each limit, and
// with each form that it does not have.
func TestEveryFieldHoldsItsLimits(t *testing.T) {
	for of := event.Purchase; of <= event.AlertFeedback; of++ {
		rules, err := NewRules(Config{Type: of})
		if err != nil {
			t.Fatal(err)
		}
		tried := 0
		for i := 2; i < rules.Len(); i++ { // after schema_version and event_type
			name := rules.Source(i)
			limit, known := limits[name]
			if !known {
				t.Errorf("%v: the limits of %q are not in the test", of, name)
			}
			all := attempts(limit)
			for form := FormText; form <= FormList; form++ {
				if !rules.Want(i).Has(form) {
					all = append(all, attempt{form, "7", 7, BadType})
				}
			}
			for _, a := range all {
				if got := judgedAs(rules, i, a); got.Reason != a.want || a.want != None && got.Field != name {
					t.Errorf("%v, %s = %.20q %d of form %d: %q in %q, want %q", of, name, a.text, a.number, a.form, got.Reason,
						got.Field, a.want)
				}
				tried++
			}
		}
		if tried < 100 {
			t.Errorf("%v: %d values: the test says little", of, tried)
		}
	}
}

// judgedAs judges a record in which one field has a value and no other is
// wrong or judged before: a reason about another field is none.
func judgedAs(rules *Rules, i int, a attempt) Reject {
	fields, arena := rules.NewFields(), Arena{}
	var dst event.Event
	rec := Record{Value: []byte("x"), HasValue: true, HasKey: true, Key: []byte("c"), Timestamp: limitsNow}
	fields.Begin(&dst, &rec, rec.Value, &arena)
	put := func(i int, form Form, text string, number int64) {
		start := arena.Len()
		arena.Buf = append(arena.Buf, text...)
		v := fields.Appended(form, start)
		v.Number = number
		fields.Put(i, v)
	}
	put(1, FormText, rules.typeName, 0)
	put(i, a.form, a.text, a.number)
	name := rules.Source(i)
	reject := fields.Judge(&dst, &rec)
	for n := 0; reject.Reason == MissingField && reject.Field != name && n < MaxFields; n++ {
		at, _ := rules.Number(reject.Field)
		fill := attempt{form: FormText, text: "c"}
		switch {
		case rules.Want(at) == wantInstant:
			fill = attempt{form: FormInstant, number: int64(limitsNow)}
		case rules.Want(at).Has(FormInteger):
			fill = attempt{form: FormInteger, number: 1}
		case reject.Field == "kind":
			fill.text = map[event.Type]string{event.Purchase: "order", event.Visit: "session",
				event.Complaint: "feedback"}[rules.cfg.Type]
		case reject.Field == "outcome":
			fill.text = "saved"
		case reject.Field == "currency":
			fill.text = "EUR"
		}
		put(at, fill.form, fill.text, fill.number)
		reject = fields.Judge(&dst, &rec)
	}
	if reject.Reason == KeyMismatch || reject.Reason == TestEvent {
		return Reject{} // of the record as a whole
	}
	return reject
}

// TestDecimalMoneyIsExact: against arithmetic of fractions.
func TestDecimalMoneyIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		decimals := rapid.IntRange(0, 4).Draw(t, "decimals")
		text := rapid.StringMatching(`-?[0-9]{1,20}(\.[0-9]{1,6})?`).Draw(t, "text")
		if rapid.Bool().Draw(t, "short") {
			text = strings.TrimRight(text, "123456789")
		}
		want, isNumber := new(big.Rat).SetString(text)
		minor, wrong := minorUnits([]byte(text), decimals)
		if !isNumber || strings.HasSuffix(text, ".") || strings.HasPrefix(strings.TrimPrefix(text, "-"), ".") {
			if wrong != decimalForm {
				t.Fatalf("%q is %d, flaw %d", text, minor, wrong)
			}
			return
		}
		want.Mul(want, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)))
		if !want.IsInt() {
			if wrong != decimalInexact {
				t.Fatalf("%q with %d decimals is %d, flaw %d", text, decimals, minor, wrong)
			}
			return
		}
		if limit := big.NewInt(maxAmount); want.Num().CmpAbs(limit) > 0 {
			if wrong != fine || minor <= maxAmount && minor >= -maxAmount {
				t.Fatalf("%q with %d decimals is %d, flaw %d, want something beyond every range", text, decimals, minor, wrong)
			}
		} else if wrong != fine || minor != want.Num().Int64() {
			t.Fatalf("%q with %d decimals is %d, flaw %d, want %s", text, decimals, minor, wrong, want.Num())
		}
	})
}

// TestControlCharactersAreFound wherever they stand, and nothing else is.
func TestControlCharactersAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		runes := rapid.OneOf(rapid.Rune(), rapid.RuneFrom(nil, unicode.Cc), rapid.RuneFrom([]rune("a~\u00a0\u0100\u2028é")))
		text := rapid.StringOfN(runes, 0, 40, -1).Draw(t, "text")
		if want := strings.ContainsFunc(text, unicode.IsControl); hasControl([]byte(text)) != want {
			t.Fatalf("%q holds a control character: %v, want %v", text, !want, want)
		}
	})
	for r := rune(0); r < 0x200; r++ {
		for _, text := range []string{string(r), "1234567" + string(r), strings.Repeat("a", 17) + string(r) + "b"} {
			if hasControl([]byte(text)) != unicode.IsControl(r) {
				t.Errorf("%q holds a control character: %v", text, !unicode.IsControl(r))
			}
		}
	}
}

// TestCurrenciesHaveTheirDecimals by ISO 4217.
func TestCurrenciesHaveTheirDecimals(t *testing.T) {
	for code, want := range map[string]int{"EUR": 2, "USD": 2, "CHF": 2, "JPY": 0, "KRW": 0, "ISK": 0, "CLP": 0, "KWD": 3,
		"BHD": 3, "TND": 3, "CLF": 4, "UYW": 4, "UYU": 2, "MRU": 2, "ABC": 2, "\x00\x00\x00": 2} {
		if got := CurrencyDecimals([3]byte([]byte(code))); got != want {
			t.Errorf("%s has %d decimals, want %d", code, got, want)
		}
	}
}

// TestReasonsStay: dead letters and metrics carry these names.
func TestReasonsStay(t *testing.T) {
	want := []string{"", "empty", "too_large", "bad_syntax", "unknown_schema", "unknown_type", "missing_field", "bad_type",
		"bad_value", "bad_id", "bad_time", "future_time", "bad_amount", "key_mismatch", "test_event", "too_late",
		"merge_loop", "row_rejected", "bad_encoding"}
	var got []string
	for r := None; int(r) < ReasonCount; r++ {
		got = append(got, r.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("reasons %q, want %q", got, want)
	}
}
