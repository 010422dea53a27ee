package main

import (
	"strings"
	"testing"
)

func TestTheBoardListsACustomerOnceWithTheStrongestAlert(t *testing.T) {
	b := &board{open: map[string]boardAlert{}}
	stake := func(text string) *string { return &text }
	for _, alert := range []boardAlert{
		{AlertID: "1", CustomerID: "c-1", Level: "watch", AtStake: stake("900"), Action: "raised"},
		{AlertID: "2", CustomerID: "c-1", Level: "critical", AtStake: stake("90"), Action: "raised"},
		{AlertID: "3", CustomerID: "c-2", Level: "at_risk", AtStake: stake("50"), Action: "raised"},
		{AlertID: "4", CustomerID: "c-3", Level: "lost", AtStake: stake("999"), Action: "raised"},
		{AlertID: "5", CustomerID: "c-4", Level: "critical", AtStake: stake("10"), Action: "raised"},
		{AlertID: "5", CustomerID: "c-4", Level: "none", Action: "resolved"},
	} {
		b.take(alert)
	}
	var ids []string
	for _, alert := range b.top(5) {
		ids = append(ids, alert.AlertID)
	}
	if got := strings.Join(ids, " "); got != "2 3" {
		t.Errorf("the board lists alerts %s, want 2 3", got)
	}
	text := &strings.Builder{}
	if b.printTop(text, 1); !strings.Contains(text.String(), "TOP 1 OF 2 CUSTOMERS") {
		t.Errorf("the board says %s", text)
	}
}
