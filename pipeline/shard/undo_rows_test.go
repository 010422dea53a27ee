package shard

import (
	"slices"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/state"
)

// TestUndoOwesWhatWasOwed: rows are owed after Undo as they were before the batch, however
// often it is tried again, whether it wrote rows or not.
func TestUndoOwesWhatWasOwed(t *testing.T) {
	s := newRun(t, testConfig(t, "Europe/Berlin"), testStream(7, 60, 600, 200*event.Day24h))
	s.apply(300)
	s.shard.WriteRows(s.wall, 10, s.fx)
	s.commit(nil)
	owed := func() (all []state.Slot) {
		for _, slot := range s.shard.changed {
			if s.shard.slab.IsRowPending(slot) {
				all = append(all, slot)
			}
		}
		return all
	}
	before, queued := owed(), s.shard.RowsOwed()
	if queued == 0 {
		t.Fatal("no row is owed")
	}
	for _, rows := range []int{0, 5, 5, 1000} {
		s.apply(600)
		s.shard.WriteRows(s.wall, rows, s.fx)
		s.undo(1)
		if n := s.shard.RowsOwed(); n != queued || !slices.Equal(owed(), before) {
			t.Fatalf("%d rows written and undone: %d are owed, want %d", rows, n, queued)
		}
	}
	s.apply(600)
	s.shard.WriteRows(s.wall, 1000, s.fx)
	s.commit(nil)
	s.shard.slab.Each(func(slot state.Slot) {
		if s.shard.slab.IsRowPending(slot) {
			t.Errorf("a row of record %d is owed for ever", slot)
		}
	})
}
