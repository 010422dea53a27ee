package deploy

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/backfill"
	"github.com/holdfast/holdfast/internal/rowmap"
)

// TestExampleFileIsAccepted holds the example of the README to the code that
// reads it: every row an event.
func TestExampleFileIsAccepted(t *testing.T) {
	mapping, err := rowmap.ReadMap("orders.map.yml", []byte(read(t, "../docs/examples/orders.map.yml")))
	if err != nil {
		t.Fatal(err)
	}
	rows := read(t, "../docs/examples/orders.csv")
	plan, err := backfill.Prepare(backfill.Options{
		Name: "orders.csv", Format: backfill.CSV, Map: mapping, Zone: time.UTC, MemoryBytes: 8 << 20,
		Now:  time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader([]byte(rows))), nil },
		Rejected: func(r *backfill.Reject) error {
			t.Errorf("row %d: %s %s", r.Row, r.Reason, r.Field)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Count(rows, "\n") - 1; int(plan.Events) != want {
		t.Errorf("%d events of %d rows", plan.Events, want)
	}
}
