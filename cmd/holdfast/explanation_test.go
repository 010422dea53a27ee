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

// TestExplanationOfALateComplaint: the row does not hold when a complaint had to be
// answered, so nothing is told of a time that was allowed.
func TestExplanationOfALateComplaint(t *testing.T) {
	first, last, age := int32(20_300), int32(20_480), uint32(9)
	row := customerRow{CustomerID: "c-1", Currency: "EUR", FirstDay: &first, LastDay: &last, Repeat: 6, OrdersLife: 7,
		PurchaseDays: 7, ComplaintsOpen: 1, OldestOpenDays: &age, SLABreached: 1, AsOfDay: 20_513}
	parameters := score.DefaultParameters()
	if err := parameters.Prepare(); err != nil {
		t.Fatal(err)
	}
	said, err := explanationOf(row, &parameters, "2026-03-11")
	if err != nil {
		t.Fatal(err)
	}
	const want = "a complaint is open past the time allowed; the oldest for 19 days"
	for _, r := range said.Reasons {
		if r.Code == "OPEN_COMPLAINT" && r.Text == want {
			return
		}
	}
	t.Errorf("%+v, want %q among them", said.Reasons, want)
}
