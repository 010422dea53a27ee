package state

// TouchMost is how many records one Touch takes: enough that their memory
// arrives together, few enough that it is still in the cache when it is read.
const TouchMost = 32

// cacheLine is how far apart the bytes of a run are that are touched, and
// touchBytes how far from its beginning: days and event marks come first.
const (
	cacheLine  = 64
	touchBytes = 512
)

// Touch reads a little of every record that the hashes may belong to, at most
// TouchMost of them, so that the Loads that follow find the memory in the
// cache. With many customers every step from index to core to run
// waits for memory: taken for many records at once, each step's waits overlap.
// It changes nothing; what it returns means nothing and only keeps the reads
// from being left out. Hashes without a record cost next to nothing.
func (s *Slab) Touch(hashes []uint64) uint64 {
	var found [TouchMost]uint64
	hashes = hashes[:min(len(hashes), TouchMost)]
	for i, hash := range hashes {
		t := &s.index.tables[hash>>56]
		if t.count != 0 {
			found[i] = t.slots[t.home(hash)]
		}
	}
	for i, hash := range hashes {
		found[i] = s.index.tables[hash>>56].near(hash, found[i])
	}
	return s.touch(found[:len(hashes)])
}

// TouchSlots is Touch for records whose places are known, at most TouchMost of
// them.
func (s *Slab) TouchSlots(slots []Slot) uint64 {
	var found [TouchMost]uint64
	n := 0
	for _, slot := range slots[:min(len(slots), TouchMost)] {
		if s.Exists(slot) {
			found[n] = uint64(slot) + 1
			n++
		}
	}
	return s.touch(found[:n])
}

// touch reads of records by their places + 1; 0 stands for none.
func (s *Slab) touch(found []uint64) (sum uint64) {
	for _, f := range found {
		if f != 0 {
			p, at := s.at(Slot(f - 1))
			core := &p.cores[at]
			sum += core.IDHash + uint64(p.links[at].bucket) + uint64(len(p.areas[at/groupSize])) + p.dirtySince
		}
	}
	for _, f := range found {
		if f != 0 {
			p, at := s.at(Slot(f - 1))
			run := p.run(at)
			for b := 0; b < min(len(run), touchBytes); b += cacheLine {
				sum += uint64(run[b])
			}
		}
	}
	return sum
}

// near is the place + 1 of the first record with the hash's tag, 0 if there is
// none before the first gap; first is what lies at the hash's home.
func (t *table) near(hash, first uint64) uint64 {
	if first == 0 {
		return 0
	}
	mask, want := uint64(len(t.slots)-1), tag(hash)
	for i, v := t.home(hash), first; v != 0; {
		if v&^0xffffffff == want {
			return v & 0xffffffff
		}
		i = (i + 1) & mask
		v = t.slots[i]
	}
	return 0
}
