package decode

import (
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
)

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestTimeForms reads texts in forms of a source; an empty want is a refusal.
func TestTimeForms(t *testing.T) {
	for _, c := range []struct {
		forms, zone, text, want string
	}{
		{"epoch_s", "UTC", "1772360130", "2026-03-01T10:15:30Z"},
		{"epoch_s", "UTC", "1772360130.25", "2026-03-01T10:15:30.25Z"},
		{"epoch_s", "UTC", "1772360130.1234569", "2026-03-01T10:15:30.123456Z"},
		{"epoch_s", "UTC", "1.77236013025E9", "2026-03-01T10:15:30.25Z"},
		{"epoch_s", "UTC", "177236013025e-2", "2026-03-01T10:15:30.25Z"},
		{"epoch_s", "UTC", "-0.0000001", "1969-12-31T23:59:59.999999Z"},
		{"epoch_s", "UTC", "-1.5", "1969-12-31T23:59:58.5Z"},
		{"epoch_s", "UTC", "0", "1970-01-01T00:00:00Z"},
		{"epoch_s", "UTC", "0e99", "1970-01-01T00:00:00Z"},
		{"epoch_s", "UTC", "-62167219200", "0000-01-01T00:00:00Z"},
		{"epoch_s", "UTC", "-62167219200.0000001", ""},
		{"epoch_s", "UTC", "253402300799.9999999", "9999-12-31T23:59:59.999999Z"},
		{"epoch_s", "UTC", "253402300800", ""},
		{"epoch_s", "UTC", "1772360130000", ""}, // milliseconds
		{"epoch_s", "UTC", "99999999999999999999999999999999999999999999999999999999999999999", ""},
		{"epoch_s", "UTC", "1e99", ""},
		{"epoch_ms", "UTC", "1772360130250", "2026-03-01T10:15:30.25Z"},
		{"epoch_ms", "UTC", "1772360130250.1239", "2026-03-01T10:15:30.250123Z"},
		{"epoch_us", "UTC", "1772360130250123", "2026-03-01T10:15:30.250123Z"},
		{"epoch_us", "UTC", "1772360130250123.9", "2026-03-01T10:15:30.250123Z"},
		{"epoch_ns", "UTC", "1772360130250123999", "2026-03-01T10:15:30.250123Z"},
		{"epoch_ns", "UTC", "-1", "1969-12-31T23:59:59.999999Z"},
		{"epoch_ns", "UTC", "-1000", "1969-12-31T23:59:59.999999Z"},
		{"epoch_ns", "UTC", "1", "1970-01-01T00:00:00Z"},
		{"epoch_s", "UTC", "", ""}, {"epoch_s", "UTC", "-", ""}, {"epoch_s", "UTC", "+1", ""}, {"epoch_s", "UTC", "1.", ""},
		{"epoch_s", "UTC", ".5", ""}, {"epoch_s", "UTC", "1e", ""}, {"epoch_s", "UTC", "1e+", ""},
		{"epoch_s", "UTC", "1e100", ""},
		{"epoch_s", "UTC", "0x10", ""}, {"epoch_s", "UTC", " 1", ""}, {"epoch_s", "UTC", "1 ", ""},
		{"epoch_s", "UTC", "NaN", ""},
		{"epoch_s", "UTC", "1.2.3", ""}, {"epoch_s", "UTC", "1,5", ""}, {"epoch_s", "UTC", "--1", ""},
		{"epoch_s", "UTC", "2026-03-01T10:15:30Z", ""},

		{"epoch_ms|rfc3339", "UTC", "2026-03-01T11:15:30+01:00", "2026-03-01T10:15:30Z"},
		{"epoch_ms|rfc3339", "UTC", "1772360130250", "2026-03-01T10:15:30.25Z"},
		{"epoch_s|epoch_ms|epoch_us|epoch_ns", "UTC", "1772360130250", "2026-03-01T10:15:30.25Z"},
		{"epoch_s|epoch_ms|epoch_us|epoch_ns", "UTC", "1772360130250000000", "2026-03-01T10:15:30.25Z"},

		{"local", "Europe/Berlin", "2026-03-01 11:15:30", "2026-03-01T10:15:30Z"},
		{"local", "Europe/Berlin", "2026-07-01T11:15:30,1234567", "2026-07-01T09:15:30.123456Z"},
		{"local", "Europe/Berlin", "2026-07-01T11:15", "2026-07-01T09:15:00Z"},
		{"local", "Europe/Berlin", "2026-03-29 02:30:00", "2026-03-29T01:30:00Z"}, // does not exist: 03:30
		{"local", "Europe/Berlin", "2026-10-25 02:30:00", "2026-10-25T00:30:00Z"}, // twice: the first
		{"local", "Europe/Berlin", "2026-10-25 03:00:00", "2026-10-25T02:00:00Z"},
		{"local", "America/Santiago", "2025-09-07 00:30:00", "2025-09-07T04:30:00Z"}, // 01:30 of the same day
		{"local", "Europe/Berlin", "2026-03-01 11:15:30Z", ""},
		{"local", "Europe/Berlin", "2026-03-01 24:00:00", ""},
		{"local", "Europe/Berlin", "2026-02-30 11:15:30", ""},
		{"local", "Europe/Berlin", "2026-03-01 11:15:60", ""},
		{"local", "Europe/Berlin", "2026-03-01", ""},

		{"date", "Europe/Berlin", "2026-07-01", "2026-07-01T10:00:00Z"},
		{"date", "America/Santiago", "2025-09-07", "2025-09-07T15:00:00Z"},
		{"date", "Europe/Berlin", "2026-02-29", ""},
		{"local|date", "UTC", "2026-07-01", "2026-07-01T12:00:00Z"},

		{"02.01.2006 15:04", "Europe/Berlin", "01.07.2026 09:05", "2026-07-01T07:05:00Z"},
		{"02.01.2006 15:04", "Europe/Berlin", "31.06.2026 09:05", ""},
		{"02.01.2006 15:04", "Europe/Berlin", "01.07.2026 24:00", ""},
		{"02.01.2006 15:04", "Europe/Berlin", "01.07.2026 09:05 ", ""},
		{"02.01.2006", "Europe/Berlin", "01.07.2026", "2026-07-01T10:00:00Z"},
		{"1/2/2006 3:04:05 PM", "America/New_York", "7/1/2026 3:04:05 PM", "2026-07-01T19:04:05Z"},
		{"2006-01-02 15:04:05 UTC", "UTC", "2026-07-01 09:05:00 UTC", "2026-07-01T09:05:00Z"},
		// What a layout says of UTC stands above the zone.
		{"2006-01-02 15:04:05 UTC", "Europe/Berlin", "2026-07-01 09:05:00.25 UTC", "2026-07-01T09:05:00.25Z"},
		{"2006-01-02T15:04:05Z", "Europe/Berlin", "2026-07-01T09:05:00Z", "2026-07-01T09:05:00Z"},
		{"20060102T150405Z", "America/Sao_Paulo", "20260701T233000Z", "2026-07-01T23:30:00Z"},
		{"Mon Jan _2 15:04:05 GMT 2006", "Europe/Berlin", "Wed Jul  1 09:05:00 GMT 2026", "2026-07-01T09:05:00Z"},
		{"Mon Jan 02 15:04:05 +0000 2006", "Europe/Berlin", "Wed Jul 01 09:05:00 +0000 2026", "2026-07-01T09:05:00Z"},
		{"2006-01-02 UTC", "Europe/Berlin", "2026-07-01 UTC", "2026-07-01T10:00:00Z"}, // a day is the zone's
		{"Mon, 02 Jan 2006 15:04:05 -0700", "Europe/Berlin", "Wed, 01 Jul 2026 09:05:00 -0330", "2026-07-01T12:35:00Z"},
		{"20060102150405", "UTC", "20260701090500", "2026-07-01T09:05:00Z"},
		{"2006-01-02Z07:00", "UTC", "2026-07-01+02:00", "2026-07-01T10:00:00Z"},
		{"02.01.2006 15:04:05.000000000", "UTC", "31.12.1969 23:59:59.999999999", "1969-12-31T23:59:59.999999Z"},
		{"02.01.2006 15:04", "UTC", strings.Repeat("0", 1<<20), ""},
	} {
		times, err := NewTimes(strings.Split(c.forms, "|"), zoneOf(t, c.zone))
		if err != nil {
			t.Fatal(err)
		}
		got, ok := times.Parse([]byte(c.text))
		written := ""
		if ok {
			written = time.UnixMicro(int64(got)).UTC().Format(time.RFC3339Nano)
		}
		if written != c.want {
			t.Errorf("%s, %s: %.60q is %q, want %q", c.forms, c.zone, c.text, written, c.want)
		}
	}
}

func TestTimeFormErrors(t *testing.T) {
	for forms, want := range map[string]string{
		"epoch":                                 `"epoch" is no form of times, nor a layout`,
		"":                                      `"" is no form of times`,
		"%Y-%m-%d":                              `"%Y-%m-%d" is no form of times`,
		"yyyy-MM-dd":                            `is no form of times`,
		"02 Jan":                                `is no form of times`,
		"2006-01":                               `is no form of times`,
		"15:04:05":                              `is no form of times`,
		"2006-01-02 03:04":                      `hours of a half day`,
		"2006-01-02 04:05":                      `leaves out hours`,
		"2006-01-02 15:05":                      `leaves out hours or minutes`,
		"2006-01-02 15:04 MST":                  `abbreviation of a zone`,
		"2006-01-02 15:04:05 +0200":             `has the offset +0200 as a literal text`,
		strings.Repeat(" ", 119) + "2006-01-02": `is longer than 128`,
		"epoch_s|epoch_s":                       `"epoch_s" stands twice`,
		"epoch_ms|epoch_s":                      `"epoch_ms" before "epoch_s" would read 1772360130 in its own way`,
		"epoch_s|20060102":                      `would read 20260301 in its own way`,
		"02/01/2006|01/02/2006":                 `would read 03/01/2026 in its own way`,
		"2006-02-01 15:04:05|local":             `would read 2026-03-01 10:15:30 in its own way`,
	} {
		if _, err := NewTimes(strings.Split(forms, "|"), time.UTC); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", forms, err, want)
		}
	}
	many := strings.Split("2006-01-02|2006/01/02|2006.01.02|2006_01_02|2006:01:02|2006-01.02|2006-01/02|2006-01:02|2006-01_02", "|")
	if _, err := NewTimes(many[:8], time.UTC); err != nil {
		t.Error(err)
	}
	if _, err := NewTimes(many, time.UTC); err == nil || !strings.Contains(err.Error(), "9 forms of times") {
		t.Errorf("nine forms: %v", err)
	}
	for _, form := range []string{TimesLocal, TimesDate, "02.01.2006 15:04"} {
		if _, err := NewTimes([]string{form}, nil); err == nil || !strings.Contains(err.Error(), "needs a time zone") {
			t.Errorf("%s without a zone: %v", form, err)
		}
	}
	for _, form := range []string{TimesRFC3339, TimesSeconds, "02.01.2006 15:04 -0700"} {
		if _, err := NewTimes([]string{form}, nil); err != nil {
			t.Errorf("%s without a zone: %v", form, err)
		}
	}
}

// FuzzParseEpoch holds epochs against exact fractions.
func FuzzParseEpoch(f *testing.F) {
	for _, text := range []string{"1772360130.25", "-0.0000001", "1e9", "177236013025e-2", "-62167219200", "0.1e1", "9e99",
		"00012.340"} {
		f.Add(text, uint8(0))
	}
	f.Fuzz(func(t *testing.T, text string, unit uint8) {
		shift := []int{6, 3, 0, -3}[unit%4]
		got, ok := parseEpoch([]byte(text), shift)
		if len(text) > maxEpochText || strings.Trim(text, "0123456789.eE+-") != "" || strings.HasPrefix(text, "+") {
			if ok {
				t.Fatalf("%q was read", text)
			}
			return
		}
		if _, exponent, found := strings.Cut(strings.ToLower(text), "e"); found && len(strings.TrimLeft(exponent, "+-")) > 2 {
			return
		}
		exact, readable := new(big.Rat).SetString(text)
		if !readable {
			if ok {
				t.Fatalf("%q was read as %d", text, got)
			}
			return
		}
		exact.Mul(exact, new(big.Rat).SetFrac(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(shift+3)), nil),
			big.NewInt(1000)))
		micros := new(big.Int).Div(exact.Num(), exact.Denom()) // towards the past
		if !ok {
			inside := micros.Cmp(big.NewInt(int64(firstYear))) >= 0 && micros.Cmp(big.NewInt(int64(endOfYears))) < 0
			if inside && !strings.HasPrefix(strings.TrimPrefix(text, "-"), ".") && !strings.Contains(text+"e", ".e") &&
				!strings.Contains(text, ".E") {
				t.Fatalf("%q was refused", text)
			}
			return
		}
		if big.NewInt(int64(got)).Cmp(micros) != 0 {
			t.Fatalf("%q, shift %d: got %d, want %s", text, shift, got, micros)
		}
	})
}

// TestLocalTimesOfEveryZone reads back the times of day that clocks show, in
// every zone there is: the same, or after a jump forward. Of two instants with
// the same time of day it is the first.
func TestLocalTimesOfEveryZone(t *testing.T) {
	zones := zoneNames(t)
	for _, name := range zones {
		zone := zoneOf(t, name)
		for day := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2030; day = day.AddDate(0, 0, 1) {
			start, end := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, zone).ZoneBounds()
			if jump := end; !start.IsZero() && (jump.IsZero() || jump.Sub(day) > 3*24*time.Hour) {
				if jump.IsZero() {
					break
				}
				day = jump.UTC().Truncate(24*time.Hour).AddDate(0, 0, -2)
				continue
			}
			for minutes := 5; minutes < 24*60; minutes += 30 {
				holdLocalTime(t, zone, day.Add(time.Duration(minutes)*time.Minute))
			}
		}
	}
	if len(zones) < 300 {
		t.Errorf("only %d zones", len(zones))
	}
}

func holdLocalTime(t *testing.T, zone *time.Location, wall time.Time) {
	t.Helper()
	got := time.UnixMicro(int64(inZone(event.Instant(wall.UnixMicro()), zone))).In(zone)
	shown := time.Date(got.Year(), got.Month(), got.Day(), got.Hour(), got.Minute(), got.Second(), 0, time.UTC)
	_, offset := got.Zone()
	start, _ := got.ZoneBounds()
	_, offsetBefore := start.Add(-time.Second).Zone()
	switch gap := time.Duration(offset-offsetBefore) * time.Second; {
	case shown.Equal(wall):
		earlier := wall.Add(-time.Duration(offsetBefore) * time.Second) // where the clock was put back
		if gap < 0 && earlier.Before(start) {
			t.Errorf("%s %s: got the second of two instants", zone, wall)
		}
	case gap > 0 && shown.Equal(wall.Add(gap)) && got.Sub(start) < gap:
	default:
		t.Errorf("%s %s: got %s", zone, wall, got)
	}
}

// zoneNames lists the zones of the system.
func zoneNames(t *testing.T) []string {
	t.Helper()
	const root = "/usr/share/zoneinfo"
	var names []string
	for _, area := range []string{"Africa", "America", "America/*", "Antarctica", "Asia", "Atlantic", "Australia",
		"Europe", "Indian", "Pacific"} {
		files, err := filepath.Glob(filepath.Join(root, area, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
				names = append(names, strings.TrimPrefix(file, root+"/"))
			}
		}
	}
	if len(names) == 0 {
		t.Skipf("no zones below %s: install tzdata", root)
	}
	return names
}

func ExampleNewTimes() {
	times, err := NewTimes([]string{"02.01.2006 15:04", TimesMillis}, time.UTC)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(times.Accepted())
	at, _ := times.Parse([]byte("01.03.2026 10:15"))
	fmt.Println(time.UnixMicro(int64(at)).UTC())
	// Output:
	// must be written like 01.03.2026 10:15 in the zone UTC, or milliseconds since 1970, such as 1772360130000
	// 2026-03-01 10:15:00 +0000 UTC
}
