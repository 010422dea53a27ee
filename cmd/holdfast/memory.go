package main

import (
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// memoryShare is the part of a container's limit that Go may take, in percent.
// The collector runs beside the program: what is allocated while it runs goes
// beyond, and the kernel counts what the program's connections and files take.
const memoryShare = 80

// limitMemory tells Go about a container's limit, so that it collects garbage
// before the kernel kills. GOMEMLIMIT stands above it.
func (c *cli) limitMemory() {
	limit, err := memlimit.FromCgroup()
	if err != nil || c.environ["GOMEMLIMIT"] != "" {
		return // no limit that could be read is no limit
	}
	debug.SetMemoryLimit(int64(limit / 100 * memoryShare))
}

// memoryBounds are of what is on its way, in bytes. What is left is for the
// state, which grows with the customers, and for garbage.
type memoryBounds struct {
	fetch   int64 // fetched and not applied
	merge   int64 // waiting, decoded, for inputs that are behind
	effects int64 // of a commit
	pending int64 // rows on their way to ClickHouse
}

// boundMemory divides a memory limit: together about a quarter, each no more
// than makes it faster, and no less than it takes to get on.
func boundMemory(limit int64) memoryBounds {
	within := func(part, least, most int64) int64 { return min(max(limit/part, least), most) }
	return memoryBounds{
		fetch:   within(16, 16<<20, 64<<20),
		merge:   within(24, 8<<20, 48<<20),
		effects: within(16, 8<<20, 48<<20),
		pending: within(12, 16<<20, 64<<20),
	}
}

// memoryInForce bounds by the limit that Go keeps to, whoever has set it.
func memoryInForce() memoryBounds { return boundMemory(debug.SetMemoryLimit(-1)) }
