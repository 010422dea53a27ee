package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// childVariable carries an order to a child and makes it a system under test.
const childVariable = "HOLDFAST_BENCH_SYSTEM"

// system is what is measured. take takes the events of a command and says when
// it began and ended by calling the meter.
type system interface {
	take(ctx context.Context, c command, m *meter) error
	close(ctx context.Context, m *meter) error
}

// runChild is a system under test until its driver is gone or says so.
func runChild(ctx context.Context) error {
	var o order
	if err := json.Unmarshal([]byte(os.Getenv(childVariable)), &o); err != nil {
		return fmt.Errorf("read an order: %w", err)
	}
	s, err := newSystem(o)
	if err != nil {
		return fmt.Errorf("make %s: %w", o.Name, err)
	}
	in, out := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(os.Stdout)
	for n := 0; ; n++ {
		var c command
		if err := in.Decode(&c); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("read a command: %w", err)
		}
		m := &meter{}
		if c.Events == 0 {
			if err := s.close(ctx, m); err != nil {
				m.Error = err.Error()
			}
			return out.Encode(m.result)
		}
		if err := o.profiled(n, c.Warm, func() error { return s.take(ctx, c, m) }); err != nil {
			m.Error = err.Error()
		}
		if err := out.Encode(m.result); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
}

func newSystem(o order) (system, error) {
	switch o.Mode {
	case bareFetch, fetchDecode:
		return newReader(o)
	case noCommit:
		return newApplier(o)
	case committing:
		return newCommitter(o)
	}
	return nil, fmt.Errorf("unknown mode %q", o.Mode)
}

// profiled runs f under the CPU profiler where profiles are wanted.
func (o *order) profiled(n int, warm bool, f func() error) (err error) {
	if o.Profile == "" || warm {
		return f()
	}
	file, err := os.Create(filepath.Join(o.Profile, fmt.Sprintf("%s-%d.pprof", o.Name, n)))
	if err != nil {
		return fmt.Errorf("write a profile: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := pprof.StartCPUProfile(file); err != nil {
		return fmt.Errorf("start a profile: %w", err)
	}
	defer pprof.StopCPUProfile()
	return f()
}
