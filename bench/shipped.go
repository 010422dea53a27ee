package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast/holdfast/internal/apachekafka"
	"github.com/holdfast/holdfast/internal/devkafka"
	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/schemas/topics"
)

// `bench shipped` runs `holdfast run` as it ships, with its default
// configuration, against Apache Kafka, and watches it from outside: committed
// offsets, /proc, its probes, the alert topics. What it did is held against what
// was written; a wrong result scores nothing. Besides the options of the other
// bench:
//
//	BENCH_HOLDFAST  the program (bin/holdfast)
//	BENCH_CASES     of backfill, steady, hot, zipf, latency, restart, rows (all)
//	BENCH_CORES     1: the program alone on a core, the others have the rest; 2: all share all (1)
//	BENCH_BROKER    apache; or embedded, which stands in where Apache Kafka cannot be had (apache)
//	BENCH_RATE      events a second while alerts are timed (10000)
//	BENCH_SECONDS   how long alerts are timed (15)

// shippedOptions are what a run was asked for.
type shippedOptions struct {
	options
	holdfast, broker     string
	cases                []string
	cores, rate, seconds int
}

var shippedCases = []string{"backfill", "steady", "hot", "zipf", "latency", "restart", "rows"}

func shippedFromEnvironment() (o shippedOptions, err error) {
	if o.options, err = optionsFromEnvironment(); err != nil {
		return o, err
	}
	o.holdfast, o.broker, o.cases = "bin/holdfast", "apache", shippedCases
	if text := os.Getenv("BENCH_HOLDFAST"); text != "" {
		o.holdfast = text
	}
	if text := os.Getenv("BENCH_BROKER"); text != "" {
		o.broker = text
	}
	if text := os.Getenv("BENCH_CASES"); text != "" {
		o.cases = strings.Split(text, ",")
	}
	for _, c := range o.cases {
		if !slices.Contains(shippedCases, c) {
			return o, fmt.Errorf("read BENCH_CASES: %q, want some of %s", c, strings.Join(shippedCases, ","))
		}
	}
	for _, n := range []struct {
		name                  string
		fallback, least, most int
		into                  *int
	}{{"BENCH_CORES", 1, 1, 2, &o.cores}, {"BENCH_RATE", 10_000, 100, 1_000_000, &o.rate}, {"BENCH_SECONDS", 15, 1, 3600,
		&o.seconds}} {
		*n.into = n.fallback
		if text := os.Getenv(n.name); text != "" {
			if *n.into, err = strconv.Atoi(text); err != nil || *n.into < n.least || *n.into > n.most {
				return o, fmt.Errorf("read %s: %q, want a whole number from %d to %d", n.name, text, n.least, n.most)
			}
		}
	}
	// The events end about now: a clock that is honest must believe them.
	total := max(o.events*o.rounds*len(o.cases), 1)
	o.start = workload.InstantOf(time.Now().Add(-time.Hour))
	o.step = max(50*time.Minute/time.Duration(total), time.Microsecond)
	return o, nil
}

// shipped is one run.
type shipped struct {
	ctx     context.Context
	o       shippedOptions
	cores   cores
	addrs   []string
	loader  *loader
	bare    *process
	program *program
	before  logged // of the batch log, at the last check
	lines   []shippedLine
	notes   []string
	wrong   []string
}

func driveShipped(ctx context.Context) (err error) {
	o, err := shippedFromEnvironment()
	if err != nil {
		return err
	}
	c, pinned, two := shareCores()
	if two && o.cores == 1 {
		if err := c.pinSelf(); err != nil {
			return err
		}
	}
	addrs, broker, stop, err := startBroker(ctx, o.broker)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	s := &shipped{ctx: ctx, o: o, cores: c, addrs: addrs}
	defer s.close()
	s.print(broker, pinned)
	if err := s.prepare(); err != nil {
		return err
	}
	for _, name := range o.cases {
		if err := s.run(name); err != nil {
			return fmt.Errorf("case %s: %w", name, err)
		}
	}
	return s.conclude()
}

// startBroker starts Apache Kafka in a folder of its own, else the embedded one.
func startBroker(ctx context.Context, kind string) (addrs []string, said string, stop func() error, err error) {
	if kind == "apache" {
		dir, err := os.MkdirTemp("", "holdfast-bench-")
		if err != nil {
			return nil, "", nil, fmt.Errorf("make a folder for the broker: %w", err)
		}
		cluster, err := apachekafka.Start(ctx, apachekafka.Options{Dir: dir})
		switch {
		case err == nil:
			return cluster.Addrs(), "Apache Kafka " + apachekafka.Version, func() error {
				return errors.Join(cluster.Close(), os.RemoveAll(dir))
			}, nil
		case !errors.Is(err, apachekafka.ErrUnavailable):
			return nil, "", nil, errors.Join(err, os.RemoveAll(dir))
		}
		fmt.Fprintf(os.Stderr, "bench: the embedded broker stands in: %v\n", err)
		if err := os.RemoveAll(dir); err != nil {
			return nil, "", nil, fmt.Errorf("remove the broker's folder: %w", err)
		}
	}
	child, err := devkafka.StartChild(ctx, devkafka.Options{})
	if err != nil {
		return nil, "", nil, err
	}
	return child.Addrs(), "embedded Kafka, not Apache's", func() error {
		stopping, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return child.Stop(stopping)
	}, nil
}

// prepare makes topics, loader and the bare fetch.
func (s *shipped) prepare() (err error) {
	names := topics.DefaultNames()
	if s.loader, err = newLoader(s.addrs, names, s.o.options); err != nil {
		return err
	}
	if err := makeTopics(s.ctx, s.loader.client, names); err != nil {
		return err
	}
	s.bare, err = start(&s.cores, order{Mode: bareFetch, Name: "fetch", Addrs: s.addrs, Names: names})
	s.program = &program{path: s.o.holdfast, addrs: s.addrs, cores: &s.cores, pinned: s.o.cores == 1}
	return err
}

func (s *shipped) close() {
	if s.bare != nil {
		s.bare.kill()
	}
	if s.program != nil {
		s.program.kill()
	}
}

// run takes one case.
func (s *shipped) run(name string) error {
	switch name {
	case "backfill":
		return s.take("first 3 events of new customers", s.loader.warm)
	case "latency":
		return s.timeAlerts()
	case "restart":
		return s.timeRestarts()
	case "rows":
		return s.loadRows()
	}
	for range s.o.rounds {
		if err := s.take(name, func(ctx context.Context) (stretch, error) {
			return s.loader.write(ctx, s.o.events,
				s.next(name))
		}); err != nil {
			return err
		}
	}
	return nil
}

// next draws the events of a case: uniform, half of them of one customer, or by
// Zipf's law with exponent 0.99.
func (s *shipped) next(name string) func(int) workload.Item {
	l := s.loader
	switch name {
	case "hot":
		at := l.start + event.Instant(l.load.Number())*event.Instant(s.o.step.Microseconds())
		return func(i int) workload.Item {
			if i%2 == 0 {
				return l.load.Make(event.Visit, 7, at+event.Instant(i)*event.Instant(s.o.step.Microseconds()))
			}
			item, _ := l.load.Next()
			return item
		}
	case "zipf":
		skewed := workload.NewLoad(workload.LoadConfig{Seed: 2, Customers: s.o.customers, Zipf: .99,
			Number: l.load.Number() + 1<<32,
			Start:  l.start + event.Instant(l.load.Number())*event.Instant(s.o.step.Microseconds()),
			Step:   event.Instant(max(s.o.step.Microseconds(), 1))})
		l.load = skewed
	}
	return func(int) workload.Item {
		item, _ := l.load.Next()
		return item
	}
}
