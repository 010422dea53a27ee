package policy

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets rapid try more lives than its own default: most draws are dull.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "1000"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
