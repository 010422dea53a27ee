//go:build !linux

package main

// cores is empty where processes cannot be pinned.
type cores struct{}

func shareCores() (cores, string, bool) {
	return cores{}, "NOT pinned, CPU not measured: only Linux is supported for figures", false
}

func (c *cores) pinSelf() error                        { return nil }
func (c *cores) onSystemCore(start func() error) error { return start() }

func cpuSeconds() float64 { return 0 }
