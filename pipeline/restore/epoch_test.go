package restore

import (
	"testing"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
)

// TestEpochsGrow: a later beginning has a greater epoch, also after years.
func TestEpochsGrow(t *testing.T) {
	last := uint32(0)
	for _, date := range []string{"2026-11-27T00:00:00Z", "2026-11-27T00:00:04Z", "2031-01-01T00:00:00Z",
		"2053-12-31T00:00:00Z"} {
		at, err := time.Parse(time.RFC3339, date)
		if err != nil {
			t.Fatal(err)
		}
		if e := newEpoch(event.Instant(at.UnixMicro())); e <= last || e >= 1<<28 {
			t.Errorf("%s: epoch %d after %d, want more and at most 28 bits", date, e, last)
		} else {
			last = e
		}
	}
}
