package config

import (
	"testing"
	"time"
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
	for _, text := range []string{"", "d", "1", "1x", "NaNd", "1e9d", "Infd", "12hd", "1d 2h"} {
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
