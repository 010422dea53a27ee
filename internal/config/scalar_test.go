package config

import (
	"encoding"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDurationsWithDays(t *testing.T) {
	for text, want := range map[string]struct {
		value time.Duration
		back  string
	}{
		"90d": {90 * 24 * time.Hour, "90d"}, "1d12h": {36 * time.Hour, "1d12h"}, "250ms": {250 * time.Millisecond, "250ms"},
		"0.5d": {12 * time.Hour, "12h"}, "90m": {90 * time.Minute, "1h30m"}, "0s": {0, "0s"},
		"-1d12h": {-36 * time.Hour, "-1d12h"},
		"48h":    {48 * time.Hour, "2d"}, "1m": {time.Minute, "1m"}, "1h0m5s": {time.Hour + 5*time.Second, "1h0m5s"},
	} {
		got, err := ParseDuration(text)
		if err != nil || got != want.value || Duration(got).String() != want.back {
			t.Errorf("%s: %v, %v, written %s; want %v, %s", text, got, err, Duration(got), want.value, want.back)
		}
	}
	for _, text := range []string{"", "d", "1", "1x", "NaNd", "1e9d", "Infd", "12hd", "1d 2h",
		"36500d2562047h", "-36500d2562047h", "36501d", "1d1d", "d1h", "٣d"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{"0": 0, "512": 512, "512B": 512, "64KiB": 64 << 10, "1 MiB": 1 << 20,
		"2GiB": 2 << 30} {
		var got Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "1MB", "-1", "1.5MiB", "9999999999GiB"} {
		var got Size
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read as %d", text, got)
		}
	}
}

func TestNearestKey(t *testing.T) {
	for text, want := range map[string]string{"groop": "group", "clok": "clock", "xyz": "", "": ""} {
		if got := Nearest(text, []string{"group", "clock"}); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestScalarsAreReadAsTheyAreWritten: what a value is printed as is that value.
func TestScalarsAreReadAsTheyAreWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := Duration(rapid.Int64Range(-36500*int64(24*time.Hour), 36500*int64(24*time.Hour)).Draw(t, "duration"))
		size := Size(rapid.Int64Range(0, math.MaxInt64).Draw(t, "size") &^ (1<<rapid.IntRange(0, 40).Draw(t, "zeros") - 1))
		band := Band{rapid.Float64Range(-2, 2).Draw(t, "enter"), rapid.Float64Range(0, 1e-9).Draw(t, "leave")}
		day := Date{time.Unix(86400*rapid.Int64Range(-700_000, 2_900_000).Draw(t, "day"), 0).UTC()}
		again := func(written encoding.TextMarshaler, into encoding.TextUnmarshaler) {
			text, err := written.MarshalText()
			if err != nil {
				t.Fatal(err)
			}
			if err := into.UnmarshalText(text); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
		var lengthAgain Duration
		var sizeAgain Size
		var bandAgain Band
		var dayAgain Date
		again(length, &lengthAgain)
		again(size, &sizeAgain)
		again(band, &bandAgain)
		again(day, &dayAgain)
		if lengthAgain != length || sizeAgain != size || bandAgain != band || !dayAgain.Equal(day.Time) {
			t.Fatalf("%s, %s, %s, %s are read as %s, %s, %s, %s", length, size, band, day, lengthAgain, sizeAgain, bandAgain,
				dayAgain)
		}
	})
}

// Any text is refused in words that name it, or is a value whose form is read again.
func TestAnyTextAsAScalar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[-+0-9.,dhmsnµ KMGiBeExN\[\]]{0,9}`).Draw(t, "text")
		if length, err := ParseDuration(text); err == nil {
			if again, err := ParseDuration(Duration(length).String()); again != length || err != nil {
				t.Fatalf("%q is %v, written %s, read %v, %v", text, length, Duration(length), again, err)
			}
		} else if !strings.Contains(err.Error(), "write a number and a unit") {
			t.Fatalf("%q: %v", text, err)
		}
		var size, again Size
		if err := size.UnmarshalText([]byte(text)); err == nil {
			if err := again.UnmarshalText([]byte(size.String())); again != size || size < 0 || err != nil {
				t.Fatalf("%q is %d, read again %d, %v", text, size, again, err)
			}
		}
	})
}

func TestNearestIsTheLeastChange(t *testing.T) {
	for text, want := range map[string]string{"hold": "hold", "holt": "hold", "bold": "hold", "cold": "cold",
		"dloc": "", strings.Repeat("h", 70): ""} {
		if got := Nearest(text, []string{"hold", "cold", "household"}); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", text, got, want)
		}
	}
}
