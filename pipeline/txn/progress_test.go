package txn

import (
	"strings"
	"testing"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/lane"
)

// TestReached: a waiter is held as long as anything of its inputs is not
// applied, time has more to say of it, or rows of it have not left.
func TestReached(t *testing.T) {
	ends := map[string]map[int32]checkpoint.Range{"t": {0: {Start: 2, End: 9}}}
	at := func(offset int64, m lane.Mark) map[int32]lane.Standing {
		return map[int32]lane.Standing{0: {Known: true, Mark: m, Offsets: []int64{offset}}}
	}
	batches := map[int32]uint64{}
	for _, c := range []struct {
		name string
		all  map[int32]lane.Standing
		want string
	}{
		{"nothing committed", map[int32]lane.Standing{}, "t/0 is applied up to 0 of 9"},
		{"behind", at(8, lane.Mark{Batch: 3, RowsComplete: 3}), "t/0 is applied up to 8 of 9"},
		{"a backfill is open", at(9, lane.Mark{Batch: 4, RowsComplete: 4, Sessions: 1, ClockLags: true}),
			"a backfill into shard 0 is open"},
		{"the clock lags", at(9, lane.Mark{Batch: 5, RowsComplete: 5, ClockLags: true}),
			"the clock of shard 0 has not come as far"},
		{"rows are owed", at(9, lane.Mark{Batch: 7, RowsComplete: 6}),
			"rows of shard 0 are in the outbox up to batch 6 of 7"},
		{"the clock lags again, by later events", at(12, lane.Mark{Batch: 8, RowsComplete: 6, ClockLags: true}),
			"up to batch 6 of 7"},
		{"done, with batches that came later", at(14, lane.Mark{Batch: 9, RowsComplete: 7}), ""},
	} {
		if got := reached(c.all, []string{"t"}, ends, batches); !strings.Contains(got, c.want) ||
			(got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
