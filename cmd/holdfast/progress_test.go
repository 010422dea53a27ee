package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// progressing is a command line with a clock of its own, by which work is told.
func progressing(stderr *bytes.Buffer, at *time.Time) *cli {
	return &cli{surroundings: surroundings{stderr: stderr, now: func() time.Time { return *at }}, logLevel: "info",
		logFormat: "json"}
}

// To a program progress is a line each tenth, at most one a second and at least one
// each five, with what is left; never a division by nothing.
func TestProgressForPrograms(t *testing.T) {
	begun := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		total int64
		steps []string // "seconds done"
		want  []string // "done per_second eta"
	}{
		"nothing to do":    {0, []string{"0 0", "6 0"}, []string{"0 0 <nil>"}},
		"of unknown size":  {-1, []string{"1 10", "5 50", "6 60", "11 1000"}, []string{"50 10 <nil>", "1000 90 <nil>"}},
		"within a second":  {100, []string{"0 50", "0.9 100"}, nil},
		"each tenth":       {100, []string{"1 10", "2 19", "3 20", "4 40"}, []string{"10 10 9s", "20 6 12s", "40 10 6s"}},
		"slower":           {1000, []string{"4 1", "5 2", "9 3", "10 4"}, []string{"2 0 41m35s", "4 0 41m30s"}},
		"nothing happens":  {100, []string{"5 0"}, []string{"0 0 <nil>"}},
		"more than it was": {10, []string{"2 20"}, []string{"20 10 0s"}},
	} {
		stderr, at := &bytes.Buffer{}, begun
		p := progressing(stderr, &at).progress("backfill", test.total)
		for _, step := range test.steps {
			var seconds float64
			var done int64
			if _, err := fmt.Sscan(step, &seconds, &done); err != nil {
				t.Fatal(err)
			}
			at = begun.Add(time.Duration(seconds * float64(time.Second)))
			p.to(done)
		}
		p.end()
		var got []string
		for line := range strings.Lines(stderr.String()) {
			var said struct {
				What string
				Done int64
				Per  int64 `json:"per_second"`
				Eta  any
			}
			if err := json.Unmarshal([]byte(line), &said); err != nil || said.What != "backfill" {
				t.Fatalf("%s: %s: %v", name, line, err)
			}
			got = append(got, fmt.Sprint(said.Done, " ", said.Per, " ", said.Eta))
		}
		if strings.Join(got, "|") != strings.Join(test.want, "|") {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// A person sees a bar, and who wants quiet nothing.
func TestProgressForPeople(t *testing.T) {
	for name, test := range map[string]struct {
		terminal, quiet bool
		says            bool
	}{"a person": {true, false, true}, "quiet": {true, true, false}, "a quiet program": {false, true, false}} {
		stderr, at := &bytes.Buffer{}, time.Now()
		c := progressing(stderr, &at)
		c.terminal, c.quiet = test.terminal, test.quiet
		p := c.progress("backfill", 100)
		for done := range int64(101) {
			at = at.Add(time.Second)
			p.to(done)
		}
		p.end()
		if says := strings.Contains(stderr.String(), "backfill"); says != test.says || strings.Contains(stderr.String(),
			"{") {
			t.Errorf("%s: %q", name, stderr)
		}
	}
	for _, test := range []struct {
		count int64
		took  time.Duration
		want  string
	}{{0, 0, "0/s"}, {10, 0, "10000/s"}, {10, 4 * time.Second, "2/s"}, {3, -time.Second, "3000/s"}} {
		if got := rateOf(test.count, test.took); got != test.want {
			t.Errorf("%d in %s: %s, want %s", test.count, test.took, got, test.want)
		}
	}
}
