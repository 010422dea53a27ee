package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
)

// options are what a run was asked for.
type options struct {
	customers, events, rounds, grow int
	step                            time.Duration
	profile                         string
	start                           event.Instant // of the first event that is measured
}

// What is the same in every run.
const (
	partitions  = 6
	commitEvery = 200 * time.Millisecond // the product's default
	maxReplay   = time.Minute            // the product's default
	commitBytes = 64 << 20               // the product's default

	// One row per ten events: a commit is cut at commitEvents events and takes
	// a tenth of that in rows, whatever the rate.
	commitEvents   = 120_000
	recordBytes    = 269 + 13
	rowsPerCommit  = commitEvents / 10 / partitions
	pollRecords    = 20_000 // of the path without commit; the product's default
	flushEvery     = 2 * time.Second
	producerBatch  = 1_000_000
	sessionTimeout = 5 * time.Minute
)

func optionsFromEnvironment() (options, error) {
	start := event.Instant(time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC).UnixMicro())
	o := options{profile: os.Getenv("BENCH_PROFILE"), start: start}
	for _, n := range []struct {
		name     string
		fallback int
		least    int
		into     *int
	}{
		{"BENCH_CUSTOMERS", 1_000_000, 1000, &o.customers},
		{"BENCH_EVENTS", 3_000_000, 10_000, &o.events},
		{"BENCH_ROUNDS", 5, 0, &o.rounds},
		{"BENCH_GROW", 5_000_000, 0, &o.grow},
	} {
		*n.into = n.fallback
		if text := os.Getenv(n.name); text != "" {
			v, err := strconv.Atoi(text)
			if err != nil || v < n.least {
				return o, fmt.Errorf("read %s: %q, want a whole number from %d", n.name, text, n.least)
			}
			*n.into = v
		}
	}
	o.step = 2 * time.Millisecond
	if text := os.Getenv("BENCH_STEP"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d < time.Microsecond {
			return o, fmt.Errorf("read BENCH_STEP: %q, want a duration like 2ms", text)
		}
		o.step = d
	}
	return o, nil
}

// print says everything that a figure depends on.
func (o *options) print(w io.Writer, pinned string) {
	fmt.Fprintf(w, "customers %d, uniform, all known before the first round · %d rounds of %d events · %s of event "+
		"time each\n",
		o.customers, o.rounds, o.events, (time.Duration(o.events) * o.step).Round(time.Second))
	fmt.Fprintf(w, "269-byte JSON values, 13-byte keys, 85/10/5 %% visits, purchases, complaints · 3 topics of %d "+
		"partitions · LZ4, batches up to %d bytes\n",
		partitions, producerBatch)
	fmt.Fprintf(w, "%s · GOMAXPROCS=1 for the system under test · %s %s/%s · embedded Kafka, one broker\n", pinned,
		runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(w, "clock events · commit every %s or %d MiB · page replay bound %s · 1 row per 10 events: commits of "+
		"%d events with %d rows\n\n",
		commitEvery, commitBytes>>20, maxReplay, commitEvents, rowsPerCommit*partitions)
}
