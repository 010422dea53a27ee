package decode

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
)

// TestInstantSpellings holds what the defaults of common languages and shops
// write, and that nothing is rounded up.
func TestInstantSpellings(t *testing.T) {
	for text, want := range map[string]string{
		"2026-10-01T07:10:00Z":                "2026-10-01T07:10:00Z",
		"2026-10-01T07:10:00.123456Z":         "2026-10-01T07:10:00.123456Z",
		"2026-10-01T07:10:00.123Z":            "2026-10-01T07:10:00.123Z",     // JavaScript
		"2026-10-01T09:10:00.123456789+02:00": "2026-10-01T07:10:00.123456Z",  // Go, Java's OffsetDateTime
		"2026-10-01T07:10:00.123456789Z":      "2026-10-01T07:10:00.123456Z",  // Java's Instant
		"2026-10-01T09:10+02:00":              "2026-10-01T07:10:00Z",         // Java, where the second is 0
		"2026-10-01T07:10Z":                   "2026-10-01T07:10:00Z",         // the same
		"2026-10-01T07:10:00.1234567Z":        "2026-10-01T07:10:00.123456Z",  // .NET
		"2026-10-01T07:10:00.1234567+00:00":   "2026-10-01T07:10:00.123456Z",  // .NET's DateTimeOffset
		"2026-10-01T07:10:00+00:00":           "2026-10-01T07:10:00Z",         // Python
		"2026-10-01 07:10:00.000001+00:00":    "2026-10-01T07:10:00.000001Z",  // Python's str
		"2026-10-01 09:10:00 +0200":           "2026-10-01T07:10:00Z",         // Shopify
		"2026-10-01 09:10:00.5+02":            "2026-10-01T07:10:00.5Z",       // PostgreSQL
		"2026-10-01t07:10:00z":                "2026-10-01T07:10:00Z",         // RFC 3339, 5.6
		"2026-10-01 07:10:00Z":                "2026-10-01T07:10:00Z",         //
		"2026-10-01 07:10:00 Z":               "2026-10-01T07:10:00Z",         //
		"2026-10-01T07:10:00 Z":               "2026-10-01T07:10:00Z",         //
		"2026-10-01T07:10:00,25Z":             "2026-10-01T07:10:00.25Z",      // ISO 8601's comma
		"2026-10-01T07:10:00,25-00:00":        "2026-10-01T07:10:00.25Z",      // RFC 3339, 4.3
		"2026-10-01T07:10:00.9999999Z":        "2026-10-01T07:10:00.999999Z",  // not 07:10:01
		"2026-12-31T23:59:59.999999999Z":      "2026-12-31T23:59:59.999999Z",  // not 2027
		"1969-12-31T23:59:59.9999999Z":        "1969-12-31T23:59:59.999999Z",  // before 1970 too
		"1969-12-31T23:59:59.0000009Z":        "1969-12-31T23:59:59Z",         //
		"1969-12-31T18:59:59.1234567-05:00":   "1969-12-31T23:59:59.123456Z",  //
		"2026-01-01T00:30:00+05:30":           "2025-12-31T19:00:00Z",         // another year
		"2024-02-29T23:00:00-02:00":           "2024-03-01T01:00:00Z",         //
		"2026-10-01T00:00:00+18:00":           "2026-09-30T06:00:00Z",         // the largest offsets
		"2026-10-01T00:00:00-1800":            "2026-10-01T18:00:00Z",         //
		"2026-10-01T00:00:00+0545":            "2026-09-30T18:15:00Z",         //
		"0000-01-01T00:00:00.000000000+18:00": "-0001-12-31T06:00:00Z",        //
		"9999-12-31T23:59:59.999999999-18:00": "10000-01-01T17:59:59.999999Z", //
	} {
		got, ok := ParseInstant([]byte(text))
		if written := time.UnixMicro(int64(got)).UTC().Format(time.RFC3339Nano); !ok || written != want {
			t.Errorf("%s: got %s (%v), want %s", text, written, ok, want)
		}
	}
}

// TestNoInstant holds what is refused.
func TestNoInstant(t *testing.T) {
	for _, text := range []string{
		"", "soon", "2026", "2026-10-01", "20261001T071000Z", "1772359082",
		"2026-10-01T07:10:00", "2026-10-01 07:10:00.123", "2026-10-01T07:10", // no offset
		"2026-10-01T07Z", "2026-10-01T07:1Z", "2026-10-01T7:10:00Z", "2026-10-01T07:10:0Z", "2026-10-01T07:10.5Z",
		"2026-10-01T07:10:60Z", "2026-12-31T23:59:60Z", "2026-06-30T23:59:60.5+00:00", // leap seconds
		"2026-10-01T24:00:00Z", "2026-10-01T24:00+01:00", "2026-10-01T07:60:00Z", "2026-10-01T07:60+01:00",
		"2026-02-29T07:10:00Z", "2026-02-30T07:10:00+01:00", "1900-02-29T07:10:00Z", "2026-04-31T07:10:00Z",
		"2026-00-01T07:10:00Z",
		"2026-13-01T07:10:00Z", "2026-10-00T07:10:00Z", "2026-10-32T07:10:00Z", "2026/10/01T07:10:00Z",
		"02026-10-01T07:10:00Z",
		"2026-10-01T07:10:00.Z", "2026-10-01T07:10:00.+01:00", "2026-10-01T07:10:00,", "2026-10-01T07:10:00.1234567890Z",
		"2026-10-01T07:10:00.12345678x+00:00", "2026-10-01T07:10:00.1234567x Z", "2026-10-01T07:10:00. 5Z",
		"2026-10-01T07:10:00+18:01", "2026-10-01T07:10:00-18:01", "2026-10-01T07:10:00+1801", "2026-10-01T07:10:00+19",
		"2026-10-01T07:10:00+24:00", "2026-10-01T07:10:00+99:99", "2026-10-01T07:10:00+01:60", "2026-10-01T07:10:00+0160",
		"2026-10-01T07:10:00+1", "2026-10-01T07:10:00+1:00", "2026-10-01T07:10:00+01:0", "2026-10-01T07:10:00+010",
		"2026-10-01T07:10:00+01:00:00", "2026-10-01T07:10:00+01-00", "2026-10-01T07:10:00+", "2026-10-01T07:10:00 ",
		"2026-10-01T07:10:00  Z", "2026-10-01T07:10:00\tZ", "2026-10-01  07:10:00Z", "2026-10-01_07:10:00Z",
		" 2026-10-01T07:10:00Z", "2026-10-01T07:10:00Z ", "2026-10-01T07:10:00ZZ", "2026-10-01T07:10:00 UTC",
		"2026-10-01T07:10:00CET",
		"2026-10-01T07:10:00Z[UTC]", "2026-10-01T07:10:00\u221201:00", "٢٠٢٦-10-01T07:10:00Z", "+2026-10-01T07:10:00Z",
		"-026-10-01T07:10:00Z",
		strings.Repeat("2", 1<<16),
	} {
		if got, ok := ParseInstant([]byte(text)); ok {
			t.Errorf("%.60q: read as %s", text, time.UnixMicro(int64(got)).UTC())
		}
	}
}

// spellings is the grammar of an instant, written down once more.
var spellings = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?:(:\d\d)(?:[.,](\d{1,9}))?)? ?` +
	`(?:([Zz])|([+-]\d\d)(?::?(\d\d))?)$`)

// timeOracle reads text by the standard library, once its spelling is turned
// into the library's.
func timeOracle(text string) (event.Instant, bool) {
	parts := spellings.FindStringSubmatch(text)
	if parts == nil {
		return 0, false
	}
	second, zone := parts[3], "Z"
	if second == "" {
		second = ":00"
	}
	if parts[4] != "" {
		second += "." + parts[4]
	}
	if parts[5] == "" {
		minutes := parts[7]
		if minutes == "" {
			minutes = "00"
		}
		if zone = parts[6] + ":" + minutes; zone[1:] > "18:00" || minutes > "59" {
			return 0, false // the library takes up to 24:60
		}
	}
	at, err := time.Parse(time.RFC3339Nano, parts[1]+"T"+parts[2]+second+zone)
	return event.Instant(at.UnixMicro()), err == nil
}

func FuzzParseInstant(f *testing.F) {
	for _, text := range []string{"2026-10-01T09:10:00.123456789+02:00", "2026-10-01 09:10:00 +0200", "2026-10-01t07:10z",
		"1969-12-31T23:59:59.9999999Z", "2026-10-01T07:10:00,5-00", "2000-02-29 23:59:59 Z", "0000-01-01T00:00:00+18:00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := ParseInstant([]byte(text))
		want, wantOK := timeOracle(text)
		if ok != wantOK || ok && got != want {
			t.Errorf("%q: got %d (%v), want %d (%v)", text, got, ok, want, wantOK)
		}
	})
}

// TestInstantsAgreeWithTheStandardLibrary puts every date, time of day,
// fraction and offset of a list together, bad ones too.
func TestInstantsAgreeWithTheStandardLibrary(t *testing.T) {
	var dates dateCache
	for _, date := range []string{"2026-10-01", "1969-12-31", "2024-02-29", "2023-02-29", "2026-02-30", "0000-01-01",
		"9999-12-31"} {
		for _, separator := range []string{"T", "t", " ", "", "_"} {
			for _, clock := range []string{"07:10:05", "00:00", "23:59:59", "23:59:60", "24:00:00", "7:10:05"} {
				for _, fraction := range []string{"", ".", ".1", ",123456", ".1234567", ".999999999", ".1234567891"} {
					for _, offset := range []string{"", "Z", "z", " Z", "+00:00", "-0330", " +05:45", "+18", "+18:00", "-18:01",
						"+1:00", "Z "} {
						text := date + separator + clock + fraction + offset
						got, ok := dates.instant([]byte(text))
						want, wantOK := timeOracle(text)
						if ok != wantOK || ok && got != want {
							t.Errorf("%q: got %d (%v), want %d (%v)", text, got, ok, want, wantOK)
						}
					}
				}
			}
		}
	}
}

func BenchmarkInstant(b *testing.B) {
	for _, text := range []string{"2026-10-01T09:10:00Z", "2026-10-01T09:10:00.123456Z", "2026-10-01T09:10:00.123456789Z",
		"2026-10-01T09:10:00.123456789+02:00", "2026-10-01 09:10:00 +0200"} {
		b.Run(fmt.Sprintf("%d bytes", len(text)), func(b *testing.B) {
			var dates dateCache
			raw := []byte(text)
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := dates.instant(raw); !ok {
					b.Fatal(text)
				}
			}
		})
	}
}

// BenchmarkTimeParse is the yardstick: the usual spelling by the standard
// library.
func BenchmarkTimeParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := time.Parse(time.RFC3339Nano, "2026-10-01T09:10:00.123456Z"); err != nil {
			b.Fatal(err)
		}
	}
}

func TestInstantsAgreeWithTime(t *testing.T) {
	var cache dateCache
	for s := int64(-62135596800); s < 253402300800; s += 7_654_321 {
		want := time.Unix(s, s%1_000_000*1000).UTC()
		got, ok := cache.instant([]byte(want.Format("2006-01-02T15:04:05.000000Z")))
		if !ok || got != event.Instant(want.UnixMicro()) {
			t.Fatalf("%s: got %d (%v), want %d", want, got, ok, want.UnixMicro())
		}
	}
	for _, text := range []string{"2026-03-01T00:00:00Z", "1926-03-01T00:00:00Z", "1926-03-02T00:00:00Z"} {
		if got, ok := cache.instant([]byte(text)); !ok || got != instantOf(t, text) {
			t.Errorf("%s: got %d (%v)", text, got, ok)
		}
	}
}

func instantOf(t *testing.T, text string) event.Instant {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return event.Instant(at.UnixMicro())
}
