package restore_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain: no restore leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
