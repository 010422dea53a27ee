package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// heldBack is how many customers are silent for too long and not told of, for a
// reason.
type heldBack struct {
	Reason string `ch:"suppressed_reason"`
	Count  uint64 `ch:"alerts"`
}

// heldWords word why an alert is not told. The first two are named also where
// nobody is held back for them.
var heldWords = [][2]string{
	{"holdout", "held out for measurement"}, {"insufficient_data", "waiting for enough data"},
	{"opted_out", "opted out"}, {"do_not_retain", "not to be kept"}, {"natural", "gone for good reasons"},
	{"one_time_buyer", "one purchase only"}, {"replay", "at risk in the past, not confirmed since"},
}

const heldQuery = `SELECT suppressed_reason, count() AS alerts FROM v_alerts_open
WHERE suppressed_reason != '' AND kind IN ('churn_risk', 'silent_churn') AND level IN ('at_risk', 'critical')
GROUP BY suppressed_reason`

// heldBack counts what the board hides: the tables have it, the topics do not. nil
// where there is no ClickHouse, or none that answers.
func (d *demonstration) heldBack(ctx context.Context) (held []heldBack) {
	if d.loaded == nil || !d.loaded.Sinks.ClickHouse.On() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	conn, err := d.tables(ctx, d.loaded)
	if err != nil {
		d.logger().Warn("what is held back is not counted", "error", err)
		return nil
	}
	defer conn.Close()
	held = []heldBack{}
	if err := conn.Select(ctx, &held, heldQuery); err != nil {
		d.logger().Warn("what is held back is not counted", "error", err)
		return nil
	}
	return held
}

func (d *demonstration) printHeldBack(held []heldBack) {
	if text := heldText(held); text != "" {
		fmt.Fprintf(d.stdout, "not shown: %s\n", text)
	}
	if d.instance == nil || d.instance.pipeline == nil {
		return
	}
	if n := d.instance.pipeline.Waiting(); n > 0 {
		fmt.Fprintf(d.stdout, "still to be told, one a second of each partition: %d customers\n", n)
	}
}

// heldText is a line about what is held back; empty where that is not known.
func heldText(held []heldBack) string {
	if held == nil {
		return ""
	}
	var words []string
	for i, known := range heldWords {
		at := slices.IndexFunc(held, func(h heldBack) bool { return h.Reason == known[0] })
		switch {
		case at >= 0:
			words = append(words, fmt.Sprintf("%s: %d", known[1], held[at].Count))
		case i < 2:
			words = append(words, known[1]+": 0")
		}
	}
	return strings.Join(words, " · ")
}
