package lane_test

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// tell notes the totals that a block of the commit at hand tells. None may fall,
// and all are of the commit's batch.
func (d *driven) tell(told map[string]uint64, b *signal.Block) {
	for i := range b.Rows {
		row, at := rowtest.ByName(b, i), d.lane.Shard().Position()
		events, err := strconv.ParseUint(row["events"], 10, 64)
		if err != nil || events < told[row["finding"]] || row["seq"] != fmt.Sprint(signal.Seq(at.Epoch, at.Batch)) {
			d.t.Fatalf("%v is told after %d, in batch %d: %v", row, told[row["finding"]], at.Batch, err)
		}
		told[row["finding"]] = events
	}
}

// checkTold holds the totals that are told against the dead letters that are
// committed; of a flush they are all.
func (d *driven) checkTold(told map[string]uint64, flushed bool) {
	bad, rejected := uint64(0), uint64(0)
	for i, at := range d.positions() {
		for _, item := range d.logs[i][:at] {
			if item.bad {
				bad++
			}
		}
	}
	for finding, n := range told {
		if strings.HasPrefix(finding, "rejected_") {
			rejected += n
		}
	}
	if rejected > bad || flushed && rejected != bad {
		d.t.Fatalf("%d dead letters are told of, want %d: %v", rejected, bad, told)
	}
}
