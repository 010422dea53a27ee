package state

import "bytes"

// index finds a record by the hash of its id: 256 tables by the hash's top
// byte, each with open addressing and linear probing, so that growing one
// stalls the shard for a 256th of the whole. A slot is 8 bytes: 32 bits of the
// hash, and the record's place plus one. Ids are compared in full.
type index struct {
	tables [256]table
}

type table struct {
	slots []uint64 // tag << 32 | place + 1; 0 = free
	count int
}

const smallestTable = 8

func tag(hash uint64) uint64 { return hash & 0xffffffff << 32 }

// home spreads by bits that neither the choice of table nor the tag's top use.
func (t *table) home(hash uint64) uint64 { return hash >> 24 & uint64(len(t.slots)-1) }

func (x *index) find(s *Slab, hash uint64, id []byte) (Slot, bool) {
	t := &x.tables[hash>>56]
	if t.count == 0 {
		return 0, false
	}
	mask, want := uint64(len(t.slots)-1), tag(hash)
	for i := t.home(hash); t.slots[i] != 0; i = (i + 1) & mask {
		v := t.slots[i]
		if v&^0xffffffff != want {
			continue
		}
		slot := Slot(v&0xffffffff - 1)
		if p, at := s.at(slot); p.cores[at].IDHash == hash && bytes.Equal(idOfRun(p.run(at)), id) {
			return slot, true
		}
	}
	return 0, false
}

// insert adds a record that find did not find. Amortised O(1).
func (x *index) insert(s *Slab, hash uint64, slot Slot) {
	t := &x.tables[hash>>56]
	if (t.count+1)*5 > len(t.slots)*4 {
		t.grow(s)
	}
	t.put(hash, slot)
	t.count++
}

func (t *table) put(hash uint64, slot Slot) {
	mask := uint64(len(t.slots) - 1)
	i := t.home(hash)
	for t.slots[i] != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = tag(hash) | uint64(slot+1)
}

func (t *table) grow(s *Slab) {
	old := t.slots
	t.slots = make([]uint64, max(smallestTable, 2*len(old)))
	for _, v := range old {
		if v != 0 {
			slot := Slot(v&0xffffffff - 1)
			p, at := s.at(slot)
			t.put(p.cores[at].IDHash, slot)
		}
	}
}

// remove takes a record out and closes the gap behind it.
func (x *index) remove(s *Slab, hash uint64, slot Slot) {
	t := &x.tables[hash>>56]
	mask, want := uint64(len(t.slots)-1), tag(hash)|uint64(slot+1)
	i := t.home(hash)
	for t.slots[i] != want {
		if t.slots[i] == 0 {
			panic("state: removed record is not in the index")
		}
		i = (i + 1) & mask
	}
	t.count--
	for j := i; ; {
		j = (j + 1) & mask
		v := t.slots[j]
		if v == 0 {
			break
		}
		p, at := s.at(Slot(v&0xffffffff - 1))
		h := t.home(p.cores[at].IDHash)
		if (j-h)&mask >= (j-i)&mask {
			t.slots[i] = v
			i = j
		}
	}
	t.slots[i] = 0
}

func (x *index) bytes() int64 {
	var n int64
	for i := range x.tables {
		n += int64(cap(x.tables[i].slots)) * 8
	}
	return n
}
