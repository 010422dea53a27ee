package json

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// TestMappedTimes reads every field that holds an instant in the forms of the
// mapping, and holds the reject of one that does not fit.
func TestMappedTimes(t *testing.T) {
	rfc3339, err := decode.NewTimes(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	epoch := decode.Mapping{Times: []string{decode.TimesMillis, decode.TimesRFC3339}}
	berlin := decode.Mapping{Times: []string{"02.01.2006 15:04", decode.TimesDate}, TimeZone: zoneOf(t, "Europe/Berlin")}
	for _, c := range []struct {
		mapping decode.Mapping
		value   string
		want    string
		reject  decode.Reject
	}{
		{epoch, `1772360130250`, "2026-03-01T10:15:30.25Z", decode.Reject{}},
		{epoch, `"1772360130250"`, "2026-03-01T10:15:30.25Z", decode.Reject{}},
		{epoch, `1772360130250.5`, "2026-03-01T10:15:30.2505Z", decode.Reject{}},
		{epoch, `1.77236013025e12`, "2026-03-01T10:15:30.25Z", decode.Reject{}},
		{epoch, `"2026-03-01T11:15:30+01:00"`, "2026-03-01T10:15:30Z", decode.Reject{}},
		{epoch, `true`, "", decode.Reject{Reason: decode.BadType}},
		{epoch, `1772360130`, "", decode.Reject{Reason: decode.BadTime}}, // seconds are of 1970
		{epoch, `"soon"`, "", decode.Reject{Reason: decode.BadTime,
			Detail: "must be milliseconds since 1970, such as 1772360130000, or " + rfc3339.Accepted()[len("must be "):]}},
		{epoch, `17723601302500000`, "", decode.Reject{Reason: decode.BadTime}},
		{decode.Mapping{Times: []string{decode.TimesNanos}}, `1772360130250123999`, "2026-03-01T10:15:30.250123Z",
			decode.Reject{}},
		{berlin, `"01.03.2026 11:15"`, "2026-03-01T10:15:00Z", decode.Reject{}},
		{berlin, `"2026-03-01"`, "2026-03-01T11:00:00Z", decode.Reject{}},
		{berlin, `20260301`, "", decode.Reject{Reason: decode.BadType}},
		{decode.Mapping{}, `1772360130250`, "", decode.Reject{Reason: decode.BadType,
			Detail: "must be a text; numbers are read where mapping.<input>.times says in which unit"}},
		{decode.Mapping{}, `1772360130.25`, "", decode.Reject{Reason: decode.BadType,
			Detail: "must be a text; numbers are read where mapping.<input>.times says in which unit"}},
		{decode.Mapping{}, `true`, "", decode.Reject{Reason: decode.BadType,
			Detail: "must have the JSON type of the schema"}},
		{berlin, `"2026-03-01T10:15:30Z"`, "", decode.Reject{Reason: decode.BadTime,
			Detail: "must be written like 01.03.2026 10:15 " +
				"in the zone Europe/Berlin, or written like 2026-03-01 in the zone Europe/Berlin"}},
		{decode.Mapping{Times: []string{"20060102150405"}, TimeZone: time.UTC}, `20260301101530`, "2026-03-01T10:15:30Z",
			decode.Reject{}},
	} {
		for _, kind := range []event.Type{purchase, visit, complain, erasure, feedback} {
			for _, field := range decode.FieldNames(kind) {
				if !strings.HasSuffix(field, "at") {
					continue
				}
				holdMappedTime(t, decode.Config{Type: kind, Mapping: c.mapping}, field, c.value, c.want, c.reject)
			}
		}
	}
}

// holdMappedTime decodes a good record in which the field and every other
// instant have the same text.
func holdMappedTime(t *testing.T, cfg decode.Config, field, text, want string, wantReject decode.Reject) {
	t.Helper()
	value := good[cfg.Type]
	for _, name := range decode.FieldNames(cfg.Type) {
		if strings.HasSuffix(name, "at") && (name == field || strings.Contains(value, `"`+name+`"`)) {
			value = withIn(value, name, text)
		}
	}
	got, reject, ok := decodeOne(t, cfg, record(value))
	if wantReject.Reason == decode.None {
		if !ok || got.OccurredAt != at(want) {
			t.Errorf("%s: got %v, %+v, want %s", value, got.OccurredAt, reject, want)
		}
		return
	}
	if ok || reject.Reason != wantReject.Reason || wantReject.Detail != "" && reject.Detail != wantReject.Detail {
		t.Errorf("%s: got %+v, want %+v", value, reject, wantReject)
	}
}

// withIn puts a field's JSON text into a record, in its place or at the end.
func withIn(value, field, text string) string {
	name := `"` + field + `":`
	start := strings.Index(value, name)
	if start < 0 {
		return strings.TrimSuffix(value, "}") + "," + name + text + "}"
	}
	rest := value[start+len(name):]
	end := strings.IndexAny(rest, ",}")
	return value[:start+len(name)] + text + rest[end:]
}

func TestMappedTimesDoNotAllocate(t *testing.T) {
	for text, mapping := range map[string]decode.Mapping{
		`1772360130250`:                         {Times: []string{decode.TimesMillis}},
		`"1772360130250.5"`:                     {Times: []string{decode.TimesMillis}},
		`"2026-03-01 11:15:30"`:                 {Times: []string{decode.TimesLocal}, TimeZone: zoneOf(t, "Europe/Berlin")},
		`"2026-03-01T11:15:30.123456789+01:00"`: {},
		`"2026-03-01 11:15:30 +0100"`:           {},
	} {
		d, err := New(decode.Config{Type: visit, Mapping: mapping})
		if err != nil {
			t.Fatal(err)
		}
		var dst event.Event
		var arena decode.Arena
		rec := record(with(visit, "occurred_at", text))
		perRun := testing.AllocsPerRun(100, func() {
			if reject, ok := d.Decode(&dst, &rec, &arena); !ok {
				t.Fatal(reject)
			}
		})
		if perRun != 0 {
			t.Errorf("%s: %v allocations", text, perRun)
		}
	}
}

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}
