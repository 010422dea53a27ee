package main

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/pipeline/signal"
)

func TestTheBoardListsACustomerOnceWithTheStrongestAlert(t *testing.T) {
	b := newBoard()
	empty := &strings.Builder{}
	if b.printTop(empty, 3); !strings.Contains(empty.String(), "Nobody is on the list.") {
		t.Errorf("the empty board says %s", empty)
	}
	stake := func(text string) *string { return &text }
	for _, alert := range []boardAlert{
		{AlertID: "1", CustomerID: "c-1", Level: "watch", AtStake: stake("900"), Action: "raised"},
		{AlertID: "2", CustomerID: "c-1", Level: "critical", AtStake: stake("90"), Action: "raised"},
		{AlertID: "3", CustomerID: "c-2", Level: "at_risk", AtStake: stake("50"), Action: "raised"},
		{AlertID: "4", CustomerID: "c-3", Level: "lost", AtStake: stake("999"), Action: "raised"},
		{AlertID: "5", CustomerID: "c-4", Level: "critical", AtStake: stake("10"), Action: "raised"},
		{AlertID: "5", CustomerID: "c-4", Level: "none", Action: "resolved"},
		{AlertID: "6", CustomerID: "c-5", Level: "critical", AtStake: stake("99"), Action: "raised", Suppressed: true},
		{AlertID: "7", CustomerID: "c-6", Level: "at_risk", AtStake: stake("99"), Action: "raised", Kind: "second_purchase"},
		{AlertID: "9", CustomerID: "c-8", Level: "none", Action: "raised", Kind: "complaint_repeat"},
		{AlertID: "8", CustomerID: "c-7", Level: "none", Action: "resolved"}, // of what was never told
	} {
		b.take(alert)
	}
	var ids []string
	for _, alert := range b.top(5) {
		ids = append(ids, alert.AlertID)
	}
	if got := strings.Join(ids, " "); got != "2 3 9" {
		t.Errorf("the board lists alerts %s, want 2 3 9", got)
	}
	text := &strings.Builder{}
	if b.printTop(text, 1); !strings.Contains(text.String(), "TOP 1 OF 3 CUSTOMERS") {
		t.Errorf("the board says %s", text)
	}
	if got, want := b.counts(), (boardCounts{open: 5, critical: 1, told: 6, resolved: 1}); got != want {
		t.Errorf("the board counts %+v, want %+v", got, want)
	}
}

func TestNewsAreWhatHappensNow(t *testing.T) {
	b, at := newBoard(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b.take(boardAlert{AlertID: "1", CustomerID: "c-1", Level: "at_risk", Action: "raised", Standing: true, AsOf: at})
	for i, alert := range []boardAlert{
		{AlertID: "2", CustomerID: "c-2", Level: "at_risk", Action: "raised", Kind: "silent_churn"},
		{AlertID: "1", CustomerID: "c-1", Level: "none", Action: "resolved", Kind: "silent_churn", ResolveReason: "purchase"},
		{AlertID: "3", CustomerID: "c-3", Level: "none", Action: "raised", Kind: "second_purchase"},
		{AlertID: "4", CustomerID: "c-4", Level: "watch", Action: "raised"},
		{AlertID: "5", CustomerID: "c-5", Level: "watch", Action: "raised"},
		{AlertID: "6", CustomerID: "c-6", Level: "watch", Action: "raised"},
		{AlertID: "7", CustomerID: "c-7", Level: "watch", Action: "raised"},
	} {
		alert.AsOf = at.Add(time.Duration(i) * time.Hour)
		b.take(alert)
	}
	text := &strings.Builder{}
	b.printNews(text)
	if got := strings.Count(text.String(), "\n"); got != mostNews+1 || !strings.Contains(text.String(), "and 1 more") {
		t.Errorf("%d lines:\n%s", got, text)
	}
	lines := strings.Split(text.String(), "\n")
	for i, want := range []string{"at_risk c-2 silent churn", "resolved c-1 silent churn: purchase",
		"good news c-3 second purchase"} {
		moment := at.Add(time.Duration(i) * time.Hour).Format(newsTime)
		got := strings.Join(strings.Fields(strings.TrimPrefix(lines[i], moment)), " ")
		if got != want {
			t.Errorf("line %d says %q, want %q", i, got, want)
		}
	}
	if len(b.news()) != 0 {
		t.Error("the same news twice")
	}
}

func TestWhatIsHeldBackIsCountedInALine(t *testing.T) {
	for want, held := range map[string][]heldBack{
		"": nil,
		"held out for measurement: 0 · waiting for enough data: 0":                 {},
		"held out for measurement: 12 · waiting for enough data: 0 · opted out: 3": {{"opted_out", 3}, {"holdout", 12}},
	} {
		if got := heldText(held); got != want {
			t.Errorf("%v: %q, want %q", held, got, want)
		}
	}
	known := map[string]bool{}
	for _, words := range heldWords {
		known[words[0]] = true
	}
	for s := signal.SuppressedReplay; s <= signal.SuppressedHoldout; s++ {
		if !known[s.String()] && s != signal.SuppressedStranger { // no kind of churn is of strangers
			t.Errorf("no words for %s", s)
		}
	}
}
