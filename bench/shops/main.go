// Command shops points the program that ships at simulated shops whose customers'
// departures are known, with nothing configured but that event time is the clock,
// and prints how soon its alerts came, and how often they were wrong, beside the
// rule that everybody has: no purchase for so many days. Options are environment
// variables:
//
//	SHOPS_HOLDFAST   the program (bin/holdfast)
//	SHOPS_CUSTOMERS  customers of each shop (2000)
//	SHOPS_ONLY       names of the shops to run, with commas between them (all)
//	SHOPS_SEED       (1)
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/holdfast/holdfast/internal/simulation"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "shops:", err)
		os.Exit(1)
	}
}

// shop is one that is tried.
type shop struct {
	name string
	simulation.Shop
	// outage is for how long purchases are not sent, once; they come afterwards.
	outage time.Duration
}

// shops are those of the table: what customers do repeats in a week, a month, a
// quarter, a year; each without memory, with regular gaps, and with visits and
// complaints. Each is seen for
// so long that half of its days hold some purchases of every customer.
func shops(customers int, seed uint64) (all []shop) {
	for _, rhythm := range []struct {
		name      string
		gap, days int
	}{{"weekly", 7, 730}, {"monthly", 30, 1095}, {"quarterly", 91, 2190}, {"yearly", 365, 5475}} {
		s := simulation.Shop{Seed: seed, Customers: customers, Days: rhythm.days, MeanGapDays: float64(rhythm.gap),
			Start:     time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -rhythm.days),
			RateShape: 1.2, Regularity: 1, LeaveA: .9, LeaveB: 6}
		all = append(all, shop{name: rhythm.name, Shop: s})
		even := s
		even.Regularity = 3
		all = append(all, shop{name: rhythm.name + "-regular", Shop: even})
		s.VisitsPerPurchase, s.Complaints = 4, .05
		all = append(all, shop{name: rhythm.name + "-visits", Shop: s})
		if rhythm.name == "weekly" {
			all = append(all, shop{name: rhythm.name + "-outage", Shop: s, outage: 48 * time.Hour})
		}
	}
	return all
}

func run(ctx context.Context) error {
	customers, seed, only, program := 2000, uint64(1), "", "bin/holdfast"
	var err error
	if text := os.Getenv("SHOPS_CUSTOMERS"); text != "" {
		if customers, err = strconv.Atoi(text); err != nil || customers < 600 {
			return fmt.Errorf("read SHOPS_CUSTOMERS: %q, want 600 or more: fewer are not enough for a fit", text)
		}
	}
	if text := os.Getenv("SHOPS_SEED"); text != "" {
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			return fmt.Errorf("read SHOPS_SEED: %w", err)
		}
	}
	if text := os.Getenv("SHOPS_HOLDFAST"); text != "" {
		program = text
	}
	only = os.Getenv("SHOPS_ONLY")
	var table []line
	for _, s := range shops(customers, seed) {
		if only != "" && !slices.Contains(strings.Split(only, ","), s.name) {
			continue
		}
		l, err := try(ctx, program, &s)
		if err != nil {
			return fmt.Errorf("shop %s: %w", s.name, err)
		}
		fmt.Fprintln(os.Stderr, l)
		table = append(table, l)
	}
	print(table)
	return nil
}
