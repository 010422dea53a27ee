package shard

import (
	"flag"
	"os"
	"testing"
)

// seeds is how many streams a test goes through: of n, one under the race
// detector.
func seeds(n uint64) uint64 {
	if underRace {
		return 1
	}
	return n
}

// TestMain lets rapid try less under the race detector.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if underRace && !given {
		if err := flag.Set("rapid.checks", "50"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
