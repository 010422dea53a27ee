package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// cores are where the processes run: the system under test alone on one core,
// broker and driver on the others.
type cores struct{ system, others unix.CPUSet }

// shareCores divides the cores that this process may use; ok is false where
// there is only one.
func shareCores() (c cores, said string, ok bool) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil || all.Count() < 2 {
		return c, "NOT pinned: one core for all, ratios say little", false
	}
	first := -1
	for n := 0; n < 1024; n++ {
		switch {
		case !all.IsSet(n):
		case first < 0:
			first = n
			c.system.Set(n)
		default:
			c.others.Set(n)
		}
	}
	return c, fmt.Sprintf("system under test alone on core %d, broker and driver on %d other(s)", first,
		c.others.Count()), true
}

// pinSelf keeps the driver off the measured core.
func (c *cores) pinSelf() error {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return fmt.Errorf("list threads: %w", err)
	}
	for _, t := range tasks {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if err := unix.SchedSetaffinity(id, &c.others); err != nil {
			return fmt.Errorf("pin a thread: %w", err)
		}
	}
	return nil
}

// onSystemCore starts a process on the measured core: a child has the affinity
// of the thread that made it.
func (c *cores) onSystemCore(start func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.SchedSetaffinity(0, &c.system); err != nil {
		return fmt.Errorf("pin the system under test: %w", err)
	}
	defer unix.SchedSetaffinity(0, &c.others)
	return start()
}

// cpuSeconds is what this process has used, user and system.
func cpuSeconds() float64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
