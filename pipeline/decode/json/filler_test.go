package json

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// filler is a second format: it fills the fields from Go values, as a format
// with a schema of its own would, and knows nothing of JSON texts. What it
// makes of the same content must be what the JSON decoder makes of it.
type filler struct {
	rules  *decode.Rules
	fields decode.Fields
	arena  decode.Arena

	// instants hands times over as numbers, as formats do that have a type for
	// times.
	instants bool
}

// decode judges a record whose value holds the given fields.
func (f *filler) decode(rec *decode.Record, values map[string]any) (dst event.Event, reject decode.Reject) {
	if reject = f.fields.Begin(&dst, rec, event.TrimByteOrderMark(rec.Value), &f.arena); reject.Reason != decode.None {
		return dst, reject
	}
	for i := range f.rules.Len() {
		if v, ok := values[f.rules.Source(i)]; ok {
			f.fields.Put(i, f.value(v, f.instants && strings.HasSuffix(f.rules.Source(i), "at")))
		}
	}
	wanted := func(name string) any {
		if i, ok := f.rules.Number(name); ok {
			return values[f.rules.Source(i)]
		}
		return nil
	}
	if consent, ok := wanted("consent").(map[string]any); ok {
		f.fields.PutConsent(f.value(consent["marketing"], false))
	}
	ids, _ := wanted("merge_from").([]any)
	for _, id := range ids {
		f.fields.PutMergeID(f.value(id, false))
	}
	lines, _ := wanted("lines").([]any)
	for _, line := range lines {
		f.fields.PutLine(f.value(line, false).Form)
		values, _ := line.(map[string]any)
		for name, v := range values {
			f.fields.PutLineField([]byte(name), f.value(v, false))
		}
	}
	reject = f.fields.Judge(&dst, rec)
	f.fields.End()
	return dst, reject
}

func (f *filler) value(v any, instant bool) decode.Value {
	switch v := v.(type) {
	case string:
		if at, ok := decode.ParseInstant([]byte(v)); instant && ok {
			return decode.Value{Form: decode.FormInstant, Number: int64(at)}
		}
		return f.text(decode.FormText, v)
	case json.Number:
		text := v.String()
		if n, err := v.Int64(); err == nil {
			return decode.Value{Form: decode.FormInteger, Number: n} // without its digits
		}
		if strings.ContainsAny(text, ".eE") {
			return f.text(decode.FormDecimal, text)
		}
		return f.text(decode.FormHuge, text)
	case bool:
		if v {
			return decode.Value{Form: decode.FormBool, Number: 1}
		}
		return decode.Value{Form: decode.FormBool}
	case map[string]any:
		return decode.Value{Form: decode.FormObject}
	case []any:
		return decode.Value{Form: decode.FormList}
	}
	return decode.Value{}
}

func (f *filler) text(form decode.Form, text string) decode.Value {
	start := f.arena.Len()
	f.arena.Buf = append(f.arena.Buf, text...)
	return f.fields.Appended(form, start)
}

// agree holds what the JSON decoder made of a record against what the filler
// makes of its fields.
func agree(t *testing.T, cfg decode.Config, rec decode.Record, fields map[string]any,
	want event.Event, wantReject decode.Reject) {
	t.Helper()
	rules, err := decode.NewRules(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, instants := range []bool{false, true} {
		f := &filler{rules: rules, fields: rules.NewFields(), instants: instants}
		f.arena.Buf = []byte("what another record left")
		for range 2 {
			got, reject := f.decode(&rec, fields)
			if reject != wantReject {
				t.Errorf("%s: the filler got %+v, JSON %+v", shorten(string(rec.Value)), reject, wantReject)
			} else if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); reject.Reason == decode.None && diff != "" {
				t.Errorf("%s (-json +filler):\n%s", shorten(string(rec.Value)), diff)
			}
		}
	}
}

// TestAnotherFormatGetsTheSame passes all cases of the rules through another
// format.
func TestAnotherFormatGetsTheSame(t *testing.T) {
	compared := 0
	hold := func(cfg decode.Config, rec decode.Record) {
		want, reject, _ := decodeOne(t, cfg, rec)
		fields, reason := oracle(rec.Value)
		if reason == decode.BadSyntax || reason == decode.BadEncoding {
			return // of JSON alone
		}
		compared++
		agree(t, cfg, rec, fields, want, reject)
	}
	for _, c := range rejectCases {
		hold(decode.Config{Type: c.t}, record(c.value))
	}
	for kind, value := range good {
		hold(decode.Config{Type: kind}, record(value))
		header := record(value)
		header.EventIDHeader, header.HasKey = []byte(strings.Repeat("h", 64)), kind == visit
		hold(decode.Config{Type: kind}, header)
	}
	hold(decode.Config{Type: purchase}, record(fullPurchase))
	for _, amount := range []string{`"49.90"`, `49`, `-3`, `49.901`, `1e3`, `99999999999999999999`, `"x"`, `true`} {
		for _, mapping := range []decode.Mapping{{}, {NegativeRefunds: true}, {Amounts: decode.AmountsDecimal},
			{Amounts: decode.AmountsDecimal, Constant: constants(map[string]string{"currency": `"JPY"`, "margin": `-7`})},
			{Rename: map[string]string{"amount_net": "price", "list_amount": "price"}}} {
			further := `,"price":` + amount + `,"lines":[{"unit_price":` + amount + `}]}`
			order := strings.TrimSuffix(with(purchase, "amount_net", amount), "}") + further
			refund := strings.Replace(order, `"order"`, `"refund","ref_order_id":"o"`, 1)
			hold(decode.Config{Type: purchase, Mapping: mapping}, record(order))
			hold(decode.Config{Type: purchase, Mapping: mapping}, record(refund))
		}
	}
	for _, at := range []string{`1772360130250`, `1772360130.25`, `"1772360130250"`,
		`"2026-03-01T10:15:30Z"`, `"soon"`, `99999999999999999999`, `[]`} {
		mapping := decode.Mapping{Times: []string{decode.TimesMillis, decode.TimesRFC3339}}
		hold(decode.Config{Type: visit, Mapping: mapping}, record(with(visit, "occurred_at", at)))
		hold(decode.Config{Type: visit}, record(with(visit, "occurred_at", at)))
	}
	if compared < 200 {
		t.Errorf("only %d cases compared", compared)
	}
}

// FuzzFormatsAgree holds the filler against the JSON decoder for any record
// that is a JSON object.
func FuzzFormatsAgree(f *testing.F) {
	addCases(f)
	f.Fuzz(func(t *testing.T, kind uint8, value []byte) {
		fields, reason := oracle(value)
		// A map has no order in which one of two flaws of a line would be first.
		if lines, _ := fields["lines"].([]any); reason != decode.None || len(lines) > 0 {
			return
		}
		cfg, rec := decode.Config{Type: purchase + event.Type(kind%5)}, keyed(value)
		got, reject, _ := decodeOne(t, cfg, rec)
		if reject.Reason != decode.BadEncoding { // U+FFFD that is written out hides a lone surrogate from the oracle
			agree(t, cfg, rec, fields, got, reject)
		}
	})
}
