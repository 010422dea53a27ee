package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/pipeline/score"
)

// TestExplanationTellsTheFactsOfItsDay: the age of a complaint is that at the
// day explained, and refunds that wait are told.
func TestExplanationTellsTheFactsOfItsDay(t *testing.T) {
	age := uint32(9)
	// 2026-03-01
	row := customerRow{CustomerID: "c-1", Currency: "EUR", ComplaintsOpen: 1, OldestOpenDays: &age, AsOfDay: 20_513}
	for _, c := range []struct {
		at      string
		waiting float64
		want    string
	}{
		{"", 0, "1 complaint open, the oldest for 9 days"},
		{"2026-03-01", 0, "1 complaint open, the oldest for 9 days"},
		{"2026-03-11", 0, "1 complaint open, the oldest for 19 days"},
		{"2026-02-21", 0, "1 complaint open, the oldest for 1 day"},
		{"2026-01-01", 0, "1 complaint open, the oldest for 0 days"},
		{"", 12.5, "refunds of EUR 12.50 name an order that is not known; they are deducted from nothing"},
	} {
		parameters := score.DefaultParameters()
		if err := parameters.Prepare(); err != nil {
			t.Fatal(err)
		}
		row.RefundsWaiting = c.waiting
		said, err := explanationOf(row, &parameters, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(said.Facts, c.want) {
			t.Errorf("at %q: %q, want %q among them", c.at, said.Facts, c.want)
		}
		if tells := strings.Contains(strings.Join(said.Facts, "\n"), "refunds"); tells != (c.waiting != 0) {
			t.Errorf("at %q: refunds are told: %v", c.at, tells)
		}
	}
}
