package state

import (
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
)

// TestEpochsBeginAgain: when the numbers of epochs have run out, a record of
// long ago is not taken for one that has been saved.
func TestEpochsBeginAgain(t *testing.T) {
	s, c := NewSlab(), &Customer{}
	id := []byte("c")
	s.Begin(1, false)
	s.Load(c, event.HashID(id), id, true)
	s.Store(c) // in epoch 1
	s.Commit()
	s.journal.epoch = 1<<16 - 1
	s.Begin(2, false)
	s.Commit()
	if s.journal.epoch != 1 {
		t.Fatalf("epoch %d, want 1 again", s.journal.epoch)
	}
	s.Begin(3, false)
	s.Load(c, event.HashID(id), id, false)
	c.JudgedAt = 9
	s.Store(c)
	s.Undo()
	if s.Peek(c, event.HashID(id), id); c.JudgedAt != 0 {
		t.Error("the record was not saved before it was changed")
	}
}
