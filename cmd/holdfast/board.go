package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// board follows the alert topic and keeps what is open, as a retention team's
// screen would.
type board struct {
	mu       sync.Mutex
	open     map[string]boardAlert
	raised   int
	resolved int
	heard    time.Time // when the latest message came
}

// boardAlert is what the board shows of an alert message.
type boardAlert struct {
	AlertID    string   `json:"alert_id"`
	Kind       string   `json:"kind"`
	Action     string   `json:"action"`
	CustomerID string   `json:"customer_id"`
	Level      string   `json:"level"`
	Score      *float64 `json:"score"`
	AtStake    *string  `json:"at_stake"`
	Currency   string   `json:"currency"`
	Reasons    []struct {
		Text string `json:"text"`
	} `json:"reasons"`
}

var levelRank = map[string]int{"watch": 1, "at_risk": 2, "critical": 3, "lost": 4}

// follow reads alerts until ctx ends. client reads committed records of the
// alert topic from its beginning.
func (b *board) follow(ctx context.Context, client *kgo.Client) {
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		fetches.EachRecord(func(record *kgo.Record) {
			var alert boardAlert
			if json.Unmarshal(record.Value, &alert) == nil {
				b.take(alert)
			}
		})
	}
}

func (b *board) take(alert boardAlert) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard = time.Now()
	switch alert.Action {
	case "resolved", "expired":
		delete(b.open, alert.AlertID)
		b.resolved++
		return
	case "raised":
		b.raised++
	}
	b.open[alert.AlertID] = alert
}

// settle waits until nothing new has come for a moment.
func (b *board) settle(ctx context.Context) {
	const quiet = 400 * time.Millisecond
	begun := time.Now()
	for ctx.Err() == nil {
		b.mu.Lock()
		last := max(b.heard.UnixNano(), begun.UnixNano())
		b.mu.Unlock()
		if time.Since(time.Unix(0, last)) > quiet {
			return
		}
		select {
		case <-time.After(quiet / 4):
		case <-ctx.Done():
		}
	}
}

// counts returns open alerts, those critical among them, and how many were
// raised and resolved so far.
func (b *board) counts() (open, critical, raised, resolved int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, alert := range b.open {
		if alert.Level == "critical" {
			critical++
		}
	}
	return len(b.open), critical, b.raised, b.resolved
}

// top returns the n customers who matter most, each with the strongest of the
// alerts that are open: the highest level, then the most at stake.
func (b *board) top(n int) []boardAlert {
	b.mu.Lock()
	defer b.mu.Unlock()
	alerts := make([]boardAlert, 0, len(b.open))
	for _, alert := range b.open {
		if alert.Level != "lost" { // too late to act on
			alerts = append(alerts, alert)
		}
	}
	slices.SortFunc(alerts, func(x, y boardAlert) int {
		return cmp.Or(cmp.Compare(levelRank[y.Level], levelRank[x.Level]), cmp.Compare(y.stake(), x.stake()),
			cmp.Compare(x.AlertID, y.AlertID))
	})
	listed := map[string]bool{}
	alerts = slices.DeleteFunc(alerts, func(alert boardAlert) bool {
		again := listed[alert.CustomerID]
		listed[alert.CustomerID] = true
		return again
	})
	return alerts[:min(n, len(alerts))]
}

func (a boardAlert) stake() float64 {
	if a.AtStake == nil {
		return 0
	}
	value, err := strconv.ParseFloat(*a.AtStake, 64)
	if err != nil {
		return 0
	}
	return value
}

// printTop writes the list: score, at stake, why.
func (b *board) printTop(w io.Writer, n int) {
	alerts := b.top(math.MaxInt)
	customers := len(alerts)
	alerts = alerts[:min(n, customers)]
	_, critical, _, _ := b.counts()
	fmt.Fprintf(w, "\n%-26s %-9s %6s %14s   %s\n", fmt.Sprintf("TOP %d OF %d CUSTOMERS", len(alerts), customers), "level",
		"risk", "at stake", "why")
	for _, alert := range alerts {
		risk, stake := "", ""
		if alert.Score != nil {
			risk = fmt.Sprintf("%.0f %%", *alert.Score*100)
		}
		if alert.AtStake != nil {
			stake = alert.Currency + " " + *alert.AtStake
		}
		var why []string
		for _, reason := range alert.Reasons {
			why = append(why, reason.Text)
		}
		fmt.Fprintf(w, "%-26s %-9s %6s %14s   %s\n", alert.CustomerID, alert.Level, risk, stake, strings.Join(why, " · "))
	}
	if critical == 0 && len(alerts) > 0 {
		fmt.Fprintln(w, "(none is critical)")
	}
}
