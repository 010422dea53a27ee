package rowmap

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/shard"
)

func TestMomentsAsFilesWriteThem(t *testing.T) {
	for _, test := range []struct{ zone, cell, want string }{
		{"Europe/Berlin", "2026-10-01", "2026-10-01T10:00:00Z"},
		{"Europe/Berlin", "20261001", "2026-10-01T10:00:00Z"},
		{"Europe/Berlin", "2026-10-01 09:10", "2026-10-01T07:10:00Z"},
		{"Europe/Berlin", "2026-10-01T09:10", "2026-10-01T07:10:00Z"},
		{"Europe/Berlin", "2026-10-01 09:10:11.123456789", "2026-10-01T07:10:11.123456Z"},
		{"Europe/Berlin", "2026-10-01T09:10:11.5", "2026-10-01T07:10:11.5Z"},
		{"Europe/Berlin", "2026-10-01 09:10:00 +0200", "2026-10-01T07:10:00Z"}, // Shopify
		{"UTC", "2026-10-01 09:10:00 -0530", "2026-10-01T14:40:00Z"},
		{"UTC", "2026-10-01 09:10:00 Z", "2026-10-01T09:10:00Z"},
		{"UTC", "2026-10-01 09:10:00+00:00", "2026-10-01T09:10:00Z"}, // Python's str
		{"UTC", "2026-10-01 09:10:00.123456+00:00", "2026-10-01T09:10:00.123456Z"},
		{"UTC", "2026-10-01T09:10:00.1234567+00:00", "2026-10-01T09:10:00.123456Z"}, // .NET
		{"UTC", "2026-10-01T09:10:00.123456789Z", "2026-10-01T09:10:00.123456Z"},    // Java
		{"UTC", "2026-10-01T09:10:00.999999999-07:00", "2026-10-01T16:10:00.999999Z"},
		{"UTC", "2026-10-01 09:10:00.25 +0200 CEST", "2026-10-01T07:10:00.25Z"}, // Go's String
		{"UTC", "2026-10-01 09:10:00 UTC", "2026-10-01T09:10:00Z"},
		{"UTC", "2026-10-01 09:10:00 +0000 UTC", "2026-10-01T09:10:00Z"},
		{"UTC", "2026-10-01T09:10:00.5+02:00[Europe/Berlin]", "2026-10-01T07:10:00.5Z"}, // Java's ZonedDateTime
		{"UTC", "2026-10-01 09:10:00+02", "2026-10-01T07:10:00Z"},                       // PostgreSQL
		{"UTC", "2026-10-01T09:10:00+0200", "2026-10-01T07:10:00Z"},
		{"UTC", "2026-10-01T09:10Z", "2026-10-01T09:10:00Z"},
		{"America/Santiago", "2025-09-07", "2025-09-07T15:00:00Z"},
		{"America/Santiago", "20250907", "2025-09-07T15:00:00Z"},
		{"America/Santiago", "2025-09-07 00:30", "2025-09-07T04:30:00Z"}, // 01:30 there
		{"Atlantic/Azores", "2026-03-29 00:00:00", "2026-03-29T01:00:00Z"},
	} {
		zone, err := time.LoadLocation(test.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := instantOf(test.cell, zone)
		if got := at.UTC().Format("2006-01-02T15:04:05.999999Z"); got != test.want || err != nil {
			t.Errorf("%s in %s: %s, %v; want %s", test.cell, test.zone, got, err, test.want)
		}
	}
	for _, cell := range []string{"", "1 March", "2026-13-01", "2026-02-30", "2026-10-01 25:00", "01/02/2026",
		"1759302600", "2026-10-01T09:10:00+25:00",
		"2026-10-01 09:10 CEST", "2026-10-01 09:10:00 EST", "20261301", "2026-10-01Z"} {
		if at, err := instantOf(cell, time.UTC); !errors.Is(err, ErrInstant) {
			t.Errorf("%q: %v, %v", cell, at, err)
		}
	}
}

// TestADayIsCountedAsThatDay holds days to the processor's own calendar.
func TestADayIsCountedAsThatDay(t *testing.T) {
	for _, name := range []string{"America/Santiago", "Atlantic/Azores", "America/Havana", "America/Asuncion",
		"America/Sao_Paulo",
		"America/Scoresbysund", "Asia/Beirut", "Asia/Tehran", "Africa/Cairo", "Africa/Khartoum", "Europe/Berlin",
		"Pacific/Kiritimati", "Pacific/Pago_Pago"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		calendar := shard.NewZone(zone)
		for day := time.Date(1996, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2031; day = day.AddDate(0, 0, 1) {
			at, err := instantOf(day.Format(time.DateOnly), zone)
			want := event.Day(day.Unix() / 86400)
			if got := calendar.DayOf(event.Instant(at.UnixMicro())); got != want || err != nil {
				t.Errorf("%s: %s is counted on day %d, want %d: %v", name, day.Format(time.DateOnly), got, want, err)
			}
			at, err = instantOf(day.Format(time.DateOnly)+" 00:30", zone)
			if got := calendar.DayOf(event.Instant(at.UnixMicro())); got != want || err != nil {
				t.Errorf("%s: %s 00:30 is counted on day %d, want %d: %v", name, day.Format(time.DateOnly), got, want, err)
			}
		}
	}
}

// Amounts in major units become minor units exactly, or are refused: never rounded,
// never anything else than what is written.
func TestDecimalAmounts(t *testing.T) {
	for _, test := range []struct {
		cell, currency, want string
		err                  error
	}{
		{"12.34", "EUR", "1234", nil}, {"12", "EUR", "1200", nil}, {"0.10", "EUR", "10", nil}, {".5", "EUR", "50", nil},
		{"5.", "EUR", "500", nil}, {"+1.00", "EUR", "100", nil}, {"-1.5", "EUR", "-150", nil}, {"12.340", "EUR", "1234", nil},
		{"007", "EUR", "700", nil}, {"12", "JPY", "12", nil}, {"1.234", "KWD", "1234", nil}, {"12.00", "JPY", "12", nil},
		{"12.345", "EUR", "", errInexact}, {"0.5", "JPY", "", errInexact}, {"1.2345", "KWD", "", errInexact},
		{"", "EUR", "", errDecimal}, {".", "EUR", "", errDecimal}, {"-", "EUR", "", errDecimal},
		{".-5", "EUR", "", errDecimal}, {".+5", "EUR", "", errDecimal}, {"--5", "EUR", "", errDecimal},
		{"1.2.3", "EUR", "", errDecimal}, {"1,5", "EUR", "", errDecimal}, {"1.000,00", "EUR", "", errDecimal},
		{"1e3", "EUR", "", errDecimal}, {"0x10", "EUR", "", errDecimal}, {"1_000", "EUR", "", errDecimal},
		{"NaN", "EUR", "", errDecimal}, {"Inf", "EUR", "", errDecimal}, {"12 ", "EUR", "", errDecimal},
		{"€12", "EUR", "", errDecimal}, {"١٢", "EUR", "", errDecimal}, {strings.Repeat("1", 41), "EUR", "", errDecimal},
	} {
		if got, err := minorText(test.cell, test.currency); got != test.want || !errors.Is(err, test.err) {
			t.Errorf("%q %s: %q, %v; want %q, %v", test.cell, test.currency, got, err, test.want, test.err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Range(-1e15, 1e15).Draw(t, "minor")
		sign := strings.Repeat("-", min(1, int(max(0, -minor))))
		abs := max(minor, -minor)
		text := fmt.Sprintf("%s%d.%02d%s", sign, abs/100, abs%100, strings.Repeat("0", rapid.IntRange(0, 3).Draw(t, "zeros")))
		if got, err := minorText(text, "EUR"); got != fmt.Sprint(minor) || err != nil {
			t.Fatalf("%s: %s, %v", text, got, err)
		}
	})
}
