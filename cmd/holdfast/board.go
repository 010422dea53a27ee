package main

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/population/parameters"
)

// board follows the topics of alerts and keeps what is open, as a retention team's
// screen would: what is suppressed is no work, and is not on it.
type board struct {
	mu    sync.Mutex
	open  map[string]boardAlert
	soFar boardCounts
	fresh []boardAlert // told since news was asked for, but for who was at risk before
	heard time.Time    // when the latest message came
	model *parameters.Record
}

// boardCounts are what has been on the board.
type boardCounts struct {
	open, critical int // now
	told, resolved int // so far
	standing       int // of those told, who was at risk before the present was reached
}

// boardAlert is what the board shows of an alert message.
type boardAlert struct {
	AlertID       string    `json:"alert_id"`
	Kind          string    `json:"kind"`
	Action        string    `json:"action"`
	CustomerID    string    `json:"customer_id"`
	Level         string    `json:"level"`
	Score         *float64  `json:"score"`
	PAlive        *float64  `json:"p_alive"`
	AtStake       *string   `json:"at_stake"`
	Currency      string    `json:"currency"`
	AsOf          time.Time `json:"as_of"`
	Suppressed    bool      `json:"suppressed"`
	Standing      bool      `json:"standing"`
	ResolveReason string    `json:"resolve_reason"`
	Reasons       []struct {
		Text string `json:"text"`
	} `json:"reasons"`
}

var levelRank = map[string]int{"watch": 1, "at_risk": 2, "critical": 3, "lost": 4}

// noticeKinds only tell something: there is nothing to be done.
var noticeKinds = map[string]bool{"second_purchase": true, "ladder_up": true, "reactivated": true}

func (a *boardAlert) isNotice() bool { return noticeKinds[a.Kind] }

func newBoard() *board { return &board{open: map[string]boardAlert{}} }

// follow reads alerts, and the models that are fitted, until ctx ends. client
// reads committed records of their topics from the beginning.
func (b *board) follow(ctx context.Context, client *kgo.Client, modelTopic string) {
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		fetches.EachRecord(func(record *kgo.Record) {
			if record.Topic == modelTopic {
				b.takeModel(record.Value)
				return
			}
			var alert boardAlert
			if json.Unmarshal(record.Value, &alert) == nil {
				b.take(alert)
			}
		})
	}
}

func (b *board) takeModel(value []byte) {
	model, err := parameters.Parse(value)
	if err != nil || model.Source != parameters.Fitted {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.model = &model
}

// modelFitted is the latest model that was fitted, nil where there is none.
func (b *board) modelFitted() *parameters.Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.model
}

func (b *board) take(alert boardAlert) {
	if alert.Suppressed {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard = time.Now()
	if !alert.Standing || alert.Action != "raised" {
		b.fresh = append(b.fresh, alert)
	}
	if alert.isNotice() {
		return
	}
	switch alert.Action {
	case "resolved", "expired":
		if _, was := b.open[alert.AlertID]; was {
			delete(b.open, alert.AlertID)
			b.soFar.resolved++
		}
		return
	case "raised":
		b.soFar.told++
		if alert.Standing {
			b.soFar.standing++
		}
	}
	b.open[alert.AlertID] = alert
}

// settle waits until nothing new has come for a moment. Who was at risk before is
// told at one a second of each partition, the most valuable first; what matters
// most is on the board before the last of them.
func (b *board) settle(ctx context.Context) {
	const quiet, most = 2500 * time.Millisecond, 8 * time.Second
	begun := time.Now()
	for ctx.Err() == nil && time.Since(begun) < most {
		b.mu.Lock()
		last := max(b.heard.UnixNano(), begun.UnixNano())
		b.mu.Unlock()
		if time.Since(time.Unix(0, last)) > quiet {
			return
		}
		select {
		case <-time.After(quiet / 10):
		case <-ctx.Done():
		}
	}
}

// counts returns what is and what has been on the board.
func (b *board) counts() boardCounts {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.soFar
	n.open = len(b.open)
	for _, alert := range b.open {
		if alert.Level == "critical" {
			n.critical++
		}
	}
	return n
}

// news returns what was told since it was last asked for, in the order of time.
func (b *board) news() []boardAlert {
	b.mu.Lock()
	defer b.mu.Unlock()
	fresh := b.fresh
	b.fresh = nil
	slices.SortStableFunc(fresh, func(x, y boardAlert) int { return x.AsOf.Compare(y.AsOf) })
	return fresh
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
