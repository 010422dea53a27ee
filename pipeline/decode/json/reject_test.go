package json

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

const (
	customer = "c-01873"
	// recordTime is 2026-06-01T00:00:00Z.
	recordTime = 1_780_272_000 * event.Second
)

// good holds one smallest event of each type, as in docs/formats.md.
var good = map[event.Type]string{
	event.Purchase: `{"event_id":"5d0c6f0e-51b5-4b0c-9a53-6a2f5d6c1a01","event_type":"purchase","occurred_at":"2026-03-01T10:15:30Z",` +
		`"customer_id":"c-01873","kind":"order","order_id":"o-771","currency":"EUR","amount_net":4990}`,
	event.Visit: `{"event_id":"5d0c6f0e-51b5-4b0c-9a53-6a2f5d6c1a02","event_type":"visit","occurred_at":"2026-03-01T09:58:02Z",` +
		`"customer_id":"c-01873","kind":"session"}`,
	event.Complaint: `{"event_id":"5d0c6f0e-51b5-4b0c-9a53-6a2f5d6c1a03","event_type":"complaint","occurred_at":"2026-03-04T08:00:00Z",` +
		`"customer_id":"c-01873","kind":"complaint","complaint_id":"k-12","status":"opened"}`,
	event.Erasure: `{"event_id":"5d0c6f0e-51b5-4b0c-9a53-6a2f5d6c1a04","event_type":"erasure","occurred_at":"2026-05-01T00:00:00Z",` +
		`"customer_id":"c-01873","request_id":"e-9","requested_at":"2026-04-30T16:20:00Z"}`,
	event.AlertFeedback: `{"event_id":"5d0c6f0e-51b5-4b0c-9a53-6a2f5d6c1a05","event_type":"alert_feedback","occurred_at":"2026-04-20T07:30:00Z",` +
		`"customer_id":"c-01873","alert_id":"9f2c51d07a3be84410c6d2f5a7e3b190","outcome":"contacted","actor":"gold-desk","at":"2026-04-20T07:30:00Z"}`,
}

// with gives the good event of a type with one field set to a JSON text, added
// or replaced; an empty text takes the field out.
func with(t event.Type, field, text string) string {
	value := good[t]
	i := strings.Index(value, `"`+field+`":`)
	if i < 0 {
		if text == "" {
			return value
		}
		return value[:len(value)-1] + `,"` + field + `":` + text + `}`
	}
	start := i + len(field) + 3
	end := start + strings.IndexAny(value[start:], ",}")
	if text != "" {
		return value[:start] + text + value[end:]
	}
	if value[end] == '}' {
		return value[:i-1] + value[end:]
	}
	return value[:i] + value[end+1:]
}

// kind gives the good event of a type as another kind, with further fields.
func kind(t event.Type, kind, further string) string {
	value := with(t, "kind", `"`+kind+`"`)
	return value[:len(value)-1] + "," + further + "}"
}

func decodeOne(t testing.TB, cfg decode.Config, rec decode.Record) (event.Event, decode.Reject, bool) {
	t.Helper()
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var dst event.Event
	var arena decode.Arena
	reject, ok := d.Decode(&dst, &rec, &arena)
	if ok != (reject.Reason == decode.None) {
		t.Fatalf("accepted is %v beside the reason %q", ok, reject.Reason)
	}
	return dst, reject, ok
}

func record(value string) decode.Record {
	return decode.Record{Key: []byte(customer), Value: []byte(value), HasKey: true, HasValue: true, Timestamp: recordTime}
}

func quoted(c string, n int) string { return `"` + strings.Repeat(c, n) + `"` }

const (
	purchase = event.Purchase
	visit    = event.Visit
	complain = event.Complaint
	erasure  = event.Erasure
	feedback = event.AlertFeedback
)

func TestRejectReasons(t *testing.T) {
	for i, c := range rejectCases {
		_, reject, _ := decodeOne(t, decode.Config{Type: c.t}, record(c.value))
		if reject.Reason != c.reason || reject.Field != c.field {
			t.Errorf("case %d: %s\n got %q in %q, want %q in %q", i, shorten(c.value), reject.Reason, reject.Field, c.reason,
				c.field)
		}
		if reject.Reason != decode.None && reject.Detail == "" {
			t.Errorf("case %d: %q without a word of explanation", i, reject.Reason)
		}
	}
}

// TestRejectOrder takes one fault after the other out of a record that has one
// of each: the reasons must come in the documented order.
func TestRejectOrder(t *testing.T) {
	type fault struct{ bad, mended string }
	value := `{"a":X0,"b":X1,"schema_version":X2,"event_type":X3,"pages":X4,"event_id":X5,"customer_id":X6,` +
		`"occurred_at":X7,"ingested_at":X8,"kind":X9,"session_id":XA,"is_test":XB}`
	faults := []fault{
		{`"\ud800"`, `1`}, {`01`, `1`}, {`2`, `1`}, {`"purchase"`, `"visit"`}, {`"3"`, `3`}, {`""`, `"e-1"`},
		{`"\u0001"`, `"c-01874"`}, {`"x"`, `"2026-03-01T09:58:02Z"`}, {`"y"`, `null`}, {`"z"`, `"session"`},
		{`""`, `null`}, {`true`, `false`},
	}
	want := []decode.Reason{decode.BadEncoding, decode.BadSyntax, decode.UnknownSchema, decode.UnknownType, decode.BadType,
		decode.BadID, decode.BadID, decode.BadTime, decode.BadTime,
		decode.BadValue, decode.BadID, decode.KeyMismatch, decode.TestEvent}
	mended := 0
	for _, reason := range want {
		text := value
		for i, f := range faults {
			mark := "X" + string("0123456789AB"[i])
			if i < mended {
				text = strings.Replace(text, mark, f.mended, 1)
			} else {
				text = strings.Replace(text, mark, f.bad, 1)
			}
		}
		rec := record(text)
		if reason == decode.TestEvent {
			rec.Key = []byte("c-01874")
		}
		if _, reject, _ := decodeOne(t, decode.Config{Type: visit}, rec); reject.Reason != reason {
			t.Errorf("with the first %d faults mended: got %q in %q, want %q", mended, reject.Reason, reject.Field, reason)
		}
		if reason != decode.KeyMismatch {
			mended++
		}
		mended = min(mended, len(faults)-1)
	}
}

func TestRecordRules(t *testing.T) {
	anonymous := strings.Replace(good[visit], "customer_id", "anonymous_id", 1)
	for name, c := range map[string]struct {
		change func(*decode.Record)
		reason decode.Reason
		field  string
	}{
		"as it should be": {func(*decode.Record) {}, decode.None, ""},
		"null value":      {func(r *decode.Record) { r.Value, r.HasValue = nil, false }, decode.Empty, ""},
		"empty value":     {func(r *decode.Record) { r.Value = []byte{} }, decode.Empty, ""},
		"null key":        {func(r *decode.Record) { r.Key, r.HasKey = nil, false }, decode.KeyMismatch, "customer_id"},
		"empty key":       {func(r *decode.Record) { r.Key = nil }, decode.KeyMismatch, "customer_id"},
		"other key":       {func(r *decode.Record) { r.Key = []byte("c-01874") }, decode.KeyMismatch, "customer_id"},
		"key of 1 KiB": {func(r *decode.Record) { r.Key = make([]byte, 1024) }, decode.KeyMismatch,
			"customer_id"},
		"key above 1 KiB": {func(r *decode.Record) { r.Key = make([]byte, 1025) }, decode.BadID, "customer_id"},
		"anonymous":       {func(r *decode.Record) { r.Value = []byte(anonymous) }, decode.None, ""},
		"anonymous, other key": {func(r *decode.Record) { r.Value, r.Key = []byte(anonymous), []byte("x") },
			decode.KeyMismatch, "customer_id"},
		"anonymous, long key": {func(r *decode.Record) { r.Value, r.Key = []byte(anonymous), make([]byte, 1025) },
			decode.BadID, "anonymous_id"},
		"event id in the header": {func(r *decode.Record) {
			r.Value, r.EventIDHeader = []byte(with(visit, "event_id", "")),
				[]byte("h")
		}, decode.None, ""},
		"header above the value": {func(r *decode.Record) {
			r.Value, r.EventIDHeader = []byte(with(visit, "event_id", `""`)), []byte("h")
		}, decode.None, ""},
		"empty header": {func(r *decode.Record) {
			r.Value, r.EventIDHeader = []byte(with(visit, "event_id", "")),
				[]byte{}
		}, decode.MissingField, "event_id"},
		"long header": {func(r *decode.Record) { r.EventIDHeader = []byte(strings.Repeat("h", 65)) },
			decode.BadID, "event_id"},
		"header that is no text": {func(r *decode.Record) { r.EventIDHeader = []byte("\xff") }, decode.BadID, "event_id"},
		"header with a control":  {func(r *decode.Record) { r.EventIDHeader = []byte("a\nb") }, decode.BadID, "event_id"},
		"header of 64 bytes": {func(r *decode.Record) { r.EventIDHeader = []byte(strings.Repeat("h", 64)) },
			decode.None, ""},
		"long header, a control": {func(r *decode.Record) { r.EventIDHeader = []byte("0123456789\n") }, decode.BadID,
			"event_id"},
		"key before test event": {func(r *decode.Record) {
			r.Value, r.HasKey = []byte(with(visit, "is_test", "true")),
				false
		}, decode.KeyMismatch, "customer_id"},
		"time against the record": {func(r *decode.Record) { r.Timestamp = 0 }, decode.FutureTime, "occurred_at"},
		"anonymous beside a known": {func(r *decode.Record) { r.Value = []byte(with(visit, "anonymous_id", `"a"`)) },
			decode.None, ""},
	} {
		rec := record(good[visit])
		c.change(&rec)
		if _, reject, _ := decodeOne(t, decode.Config{Type: visit}, rec); reject.Reason != c.reason ||
			reject.Field != c.field {
			t.Errorf("%s: got %q in %q, want %q in %q", name, reject.Reason, reject.Field, c.reason, c.field)
		}
	}
}

func TestGoodEvents(t *testing.T) {
	for kind, value := range good {
		if _, reject, ok := decodeOne(t, decode.Config{Type: kind}, record(value)); !ok {
			t.Errorf("%s: %+v", kind, reject)
		}
	}
}

func shorten(s string) string {
	if len(s) > 400 {
		return fmt.Sprintf("%s… (%d bytes)", s[:400], len(s))
	}
	return s
}
