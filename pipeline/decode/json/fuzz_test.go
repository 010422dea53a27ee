package json

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// FuzzJSON compares the decoder with encoding/json: which values are one good
// JSON object, and what stands in the fields of those that are accepted. Where
// the standard library is laxer (a field twice, text that is not UTF-8, lone
// surrogates, depth) the oracle adds the missing check.
func FuzzJSON(f *testing.F) {
	addCases(f)
	f.Fuzz(func(t *testing.T, kind uint8, value []byte) {
		cfg := decode.Config{Type: purchase + event.Type(kind%5)}
		rec := keyed(value)
		got, reject, ok := decodeOne(t, cfg, rec)
		reread(t, cfg, rec, got, reject)
		fields, want := oracle(value)
		switch reason := reject.Reason; {
		case want != decode.None && reason != want &&
			!(want == decode.BadSyntax && reason == decode.BadEncoding && escapesSurrogate(value)):
			t.Fatalf("%q: got %q, want %q", value, reason, want)
		case want == decode.None && (reason == decode.BadSyntax || reason == decode.BadEncoding && !hasReplacement(value) ||
			reason == decode.Empty):
			t.Fatalf("%q: got %q for a good object", value, reason)
		case ok:
			compare(t, value, fields, &got)
		}
	})
}

// addCases adds what a fuzzer of JSON records begins with.
func addCases(f *testing.F) {
	for _, c := range rejectCases {
		if len(c.value) < 4096 {
			f.Add(uint8(c.t), []byte(c.value))
		}
	}
	f.Add(uint8(purchase), []byte(fullPurchase))
	f.Add(uint8(visit), []byte(visitValue))
}

// keyed is the record of a value, with a key that fits where it can: that lets
// more records through.
func keyed(value []byte) decode.Record {
	rec := record(string(value))
	var id struct {
		CustomerID  string `json:"customer_id"`
		AnonymousID string `json:"anonymous_id"`
	}
	if json.Unmarshal(bytes.TrimPrefix(value, []byte("\ufeff")), &id) == nil {
		if rec.Key = []byte(id.CustomerID); id.CustomerID == "" {
			rec.Key = []byte(id.AnonymousID)
		}
	}
	return rec
}

// reread decodes the record with a decoder that has seen a good event, and
// again with one that has seen the record itself: the order of fields that it
// remembers must change nothing.
func reread(t *testing.T, cfg decode.Config, rec decode.Record, want event.Event, wantReject decode.Reject) {
	t.Helper()
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var dst event.Event
	var arena decode.Arena
	first := record(good[cfg.Type])
	d.Decode(&dst, &first, &arena)
	for range 2 {
		reject, ok := d.Decode(&dst, &rec, &arena)
		if reject != wantReject || ok && !reflect.DeepEqual(dst, want) {
			t.Fatalf("%q: got %+v, %+v; from a fresh decoder %+v, %+v", rec.Value, dst, reject, want, wantReject)
		}
	}
}

// oracle gives the fields of a value, or the reason for which it is none.
func oracle(record []byte) (map[string]any, decode.Reason) {
	value := bytes.TrimPrefix(record, []byte("\ufeff"))
	switch {
	case len(value) == 0:
		return nil, decode.Empty
	case len(record) > decode.DefaultMaxValueBytes:
		return nil, decode.TooLarge
	case event.IsUTF16(value):
		return nil, decode.BadEncoding
	case !utf8.Valid(value):
		return nil, decode.BadEncoding
	case !json.Valid(value):
		return nil, decode.BadSyntax
	}
	reader := json.NewDecoder(bytes.NewReader(value))
	reader.UseNumber()
	o := oracleReader{Decoder: reader}
	fields, isObject := o.value(1).(map[string]any)
	switch {
	case o.replaced && !hasReplacement(value):
		return nil, decode.BadEncoding
	case !isObject || o.twice || o.deep:
		return nil, decode.BadSyntax
	}
	return fields, decode.None
}

func hasReplacement(value []byte) bool {
	return strings.Contains(strings.ToLower(string(value)), `\ufffd`) ||
		strings.ContainsRune(string(value), utf8.RuneError)
}

func escapesSurrogate(value []byte) bool {
	return strings.Contains(strings.ToLower(string(value)), `\ud`)
}

// oracleReader reads a valid JSON text token by token.
type oracleReader struct {
	*json.Decoder
	twice, deep, replaced bool
}

func (o *oracleReader) value(depth int) any {
	token, err := o.Token()
	if err != nil {
		panic("valid JSON does not end early: " + err.Error())
	}
	switch v := token.(type) {
	case string:
		o.note(v)
	case json.Delim:
		o.deep = o.deep || depth > maxDepth
		if v == '[' {
			list := []any{}
			for o.More() {
				list = append(list, o.value(depth+1))
			}
			_, _ = o.Token()
			return list
		}
		object := map[string]any{}
		for o.More() {
			name, _ := o.Token()
			key := name.(string)
			o.note(key)
			_, known := object[key]
			o.twice = o.twice || known
			object[key] = o.value(depth + 1)
		}
		_, _ = o.Token()
		return object
	}
	return token
}

func (o *oracleReader) note(text string) {
	o.replaced = o.replaced || strings.ContainsRune(text, utf8.RuneError)
}

// compare holds what was decoded against the oracle's fields.
func compare(t *testing.T, value []byte, fields map[string]any, got *event.Event) {
	t.Helper()
	text := func(name string) string { s, _ := fields[name].(string); return s }
	number := func(name string) int64 {
		n, _ := fields[name].(json.Number)
		i, _ := n.Int64()
		return i
	}
	wantAt, readable := decode.ParseInstant([]byte(text("occurred_at"))) // which has an oracle of its own
	if !readable {
		t.Fatalf("%q: accepted an instant that cannot be read", value)
	}
	for name, same := range map[string]bool{
		"event_type":   text("event_type") == got.Type.String(),
		"event_id":     text("event_id") == string(got.EventID) && got.EventHash == event.HashID(got.EventID),
		"customer_id":  text("customer_id") == string(got.CustomerID),
		"anonymous_id": text("anonymous_id") == string(got.AnonymousID),
		"segment":      text("segment") == string(got.Segment),
		"occurred_at":  wantAt == got.OccurredAt,
		"is_test":      fields["is_test"] != true,
		"kind":         got.Type == erasure || got.Type == feedback || text("kind") == got.Kind.String(),
	} {
		if !same {
			t.Fatalf("%q: %s differs: %+v", value, name, got)
		}
	}
	switch got.Type {
	case purchase:
		if number("amount_net") != got.AmountNet || number("margin") != got.Margin || text("status") != got.Status.String() {
			t.Fatalf("%q: amounts or status differ: %+v", value, got)
		}
		if id := text("order_id"); id != "" && got.OrderHash != hash(id) {
			t.Fatalf("%q: order_id differs", value)
		}
	case visit:
		if number("pages") != int64(got.Pages) {
			t.Fatalf("%q: pages differ: %+v", value, got)
		}
	case complain:
		if number("rating") != int64(got.Rating) || number("severity") != int64(got.Severity) ||
			text("status") != got.Status.String() {
			t.Fatalf("%q: rating, severity or status differ: %+v", value, got)
		}
	default: // it has no field of its own here
	}
}
