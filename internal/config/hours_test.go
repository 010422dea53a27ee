package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHours(t *testing.T) {
	const h = time.Hour
	office := []Span{{9 * h, 17 * h}}
	for text, want := range map[string]Week{
		"mon-fri 09:00-17:00":                  {office, office, office, office, office},
		"mon-fri 09:00-17:00, sat 10:00-13:30": {office, office, office, office, office, {{10 * h, 13*h + h/2}}},
		"sun 13:00-24:00, sun 00:00-12:00":     {6: {{0, 12 * h}, {13 * h, 24 * h}}},
		"tue 08:00-12:00,tue 12:00-17:00":      {1: {{8 * h, 12 * h}, {12 * h, 17 * h}}},
	} {
		got, err := ParseHours(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: -want +got\n%s", text, diff)
		}
	}
	for text, want := range map[string]string{
		"": `"" is not a weekday`, "mon": `"" is not a part of a day`, "monday 09:00-17:00": `"monday" is not a weekday`,
		"fri-mon 09:00-17:00": `"fri-mon" is not a weekday`, "mon 9:00-17:00": `"9:00-17:00" is not a part`,
		"mon 17:00-09:00": "is not a part", "mon 09:00-09:00": "is not a part", "mon 09:00-24:01": "is not a part",
		"mon 24:00-24:00":       "is not a part",
		"mon 09:00-17:00-18:00": "is not a part", "mon 09:00-17:00,": `"" is not a weekday`,
		"mon-fri 09:00-17:00, wed 16:59-18:00": "hours of wed overlap", "mon  09:00-17:00": "is not a part",
	} {
		if _, err := ParseHours(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestComplaintTimes: which path is named, none where all is well.
func TestComplaintTimes(t *testing.T) {
	for _, test := range []struct {
		name, want string
		change     func(*Complaints)
	}{
		{"the default", "", func(*Complaints) {}},
		{"hours", "", func(c *Complaints) { c.Hours, c.Zone = "mon-fri 09:00-17:00", "Europe/Berlin" }},
		{"no hours", "complaints.hours", func(c *Complaints) { c.Hours = "mon-fri" }},
		{"no zone", "complaints.zone", func(c *Complaints) { c.Zone = "Berlin" }},
		{"a time of more than a year", "complaints.resolution", func(c *Complaints) { c.Hours = "mon 09:00-11:00" }},
		{"no kinds", "complaints.kinds", func(c *Complaints) { c.Kinds = nil }},
		{"a kind that is none", "complaints.kinds", func(c *Complaints) { c.Kinds = []string{"rating"} }},
		{"a kind twice", "complaints.kinds", func(c *Complaints) { c.Kinds = []string{"dispute", "dispute"} }},
		{"return requests", "", func(c *Complaints) { c.Kinds = []string{"complaint", "return_request"} }},
	} {
		c := Default()
		test.change(&c.Complaints)
		var check checker
		check.complaints(c.Complaints)
		var got []string
		for _, p := range check.problems {
			got = append(got, p.Path)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: problems at %q, want %q", test.name, got, test.want)
		}
	}
}
