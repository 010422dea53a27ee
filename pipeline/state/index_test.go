package state

import (
	"testing"

	"pgregory.net/rapid"
)

// TestIndexFindsWhatIsLeft: records leave the index and come back in any order,
// and the others are found all the while, though their hashes collide.
func TestIndexFindsWhatIsLeft(t *testing.T) {
	s, c := NewSlab(), &Customer{}
	s.Begin(1, false)
	all := people(200)
	for _, p := range all {
		s.Load(c, p.hash, []byte(p.id), true)
		s.Store(c)
	}
	rapid.Check(t, func(t *rapid.T) {
		gone := map[int]bool{}
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 1, 300).Draw(t, "records") {
			if gone[n] {
				s.index.insert(s, all[n].hash, Slot(n))
			} else {
				s.index.remove(s, all[n].hash, Slot(n))
			}
			gone[n] = !gone[n]
		}
		for n, p := range all {
			slot, ok := s.index.find(s, p.hash, []byte(p.id))
			if ok == gone[n] || ok && slot != Slot(n) {
				t.Fatalf("record %d is found: %v at %d, want %v", n, ok, slot, !gone[n])
			}
		}
		for n := range all {
			if gone[n] {
				s.index.insert(s, all[n].hash, Slot(n))
			}
		}
	})
}
