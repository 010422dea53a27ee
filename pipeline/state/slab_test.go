package state

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
)

// person is a customer that tests know: its hash is chosen, not computed, so
// that hashes collide.
type person struct {
	id   string
	hash uint64
}

// people have ids of every length, and hashes that share the top byte (one
// table), the low half (one tag), the bits between (one home), or everything.
func people(n int) []person {
	all := make([]person, n)
	for i := range all {
		id := fmt.Sprintf("%d-", i)
		if length := 1 + i*5%128; len(id) < length {
			id += strings.Repeat(string(rune('a'+i%26)), length-len(id))
		}
		hash := event.HashID([]byte(id))
		switch i % 4 {
		case 0:
			hash = 7<<56 | uint64(i%3)
		case 1:
			hash = 7<<56 | uint64(i)<<24
		case 2:
			hash = 7<<56 | hash&0xffffffff
		}
		all[i] = person{id: id, hash: hash}
	}
	return all
}

// machine is a slab beside the plainest model of it.
type machine struct {
	slab      *Slab
	people    []person
	customer  Customer
	codec     PageCodec
	batch     uint64 // of the last Begin
	model     map[string]string
	owed      map[string]bool
	unsaved   map[uint32]uint64 // page: first batch with changes that no written page holds
	pages     map[uint32][]byte // as committed
	committed struct {
		model   map[string]string
		unsaved map[uint32]uint64
		batch   uint64
	}
	written map[uint32][]byte // in the commit at hand
}

func newMachine() *machine {
	m := &machine{slab: NewSlab(), people: people(600), model: map[string]string{}, owed: map[string]bool{},
		unsaved: map[uint32]uint64{}, pages: map[uint32][]byte{}, written: map[uint32][]byte{}}
	m.keep()
	m.begin()
	return m
}

func (m *machine) keep() {
	m.committed.model, m.committed.unsaved = maps.Clone(m.model), maps.Clone(m.unsaved)
	m.committed.batch = m.batch
	clear(m.written)
}

func (m *machine) begin() {
	m.batch++
	m.slab.Begin(m.batch, false)
}

// store makes or changes some records.
func (m *machine) store(t *rapid.T) {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	for range rapid.IntRange(1, 40).Draw(t, "records") {
		p := m.people[r.IntN(len(m.people))]
		_, known := m.model[p.id]
		if !m.slab.Load(&m.customer, p.hash, []byte(p.id), true) {
			t.Fatalf("no record of %q", p.id)
		}
		if m.customer.IsNew() == known {
			t.Fatalf("record of %q: new %v, want %v", p.id, m.customer.IsNew(), !known)
		}
		scribble(&m.customer, r)
		if m.customer.Flags |= RowPending; r.IntN(2) == 0 {
			m.customer.Flags &^= RowPending
		}
		m.slab.Store(&m.customer)
		m.model[p.id], m.owed[p.id] = content(&m.customer), m.customer.Flags&RowPending != 0
		if page := pageOf(m.customer.Slot()); m.unsaved[page] == 0 {
			m.unsaved[page] = m.batch
		}
	}
}

func (m *machine) nextBatch(*rapid.T) { m.begin() }

func (m *machine) setRowPending(t *rapid.T) {
	p := rapid.SampledFrom(m.people).Draw(t, "person")
	if slot, ok := m.slab.index.find(m.slab, p.hash, []byte(p.id)); ok {
		pending := rapid.Bool().Draw(t, "pending")
		m.slab.SetRowPending(slot, pending)
		m.owed[p.id] = pending
	}
}

// takeDirty writes some pages within the commit at hand.
func (m *machine) takeDirty(t *rapid.T) {
	for range rapid.IntRange(1, 3).Draw(t, "pages") {
		if n, ok := m.slab.TakeDirty(); ok {
			m.written[n] = m.slab.AppendPage(&m.codec, nil, 3, n, m.batch)
			delete(m.unsaved, n)
		}
	}
}

func (m *machine) commit(*rapid.T) {
	maps.Copy(m.pages, m.written)
	m.slab.Commit()
	m.keep()
	m.begin()
}

func (m *machine) undo(*rapid.T) {
	m.slab.Undo()
	m.model, m.unsaved = maps.Clone(m.committed.model), maps.Clone(m.committed.unsaved)
	m.batch = m.committed.batch
	clear(m.written)
	m.begin()
}

// restore writes what is dirty, commits, and begins anew from the pages.
func (m *machine) restore(t *rapid.T) {
	for m.slab.DirtyPages() > 0 {
		m.takeDirty(t)
	}
	m.commit(t)
	before := m.encode()
	m.slab = load(t, &m.codec, m.pages)
	m.slab.Begin(m.batch, false)
	for n, value := range m.encode() {
		if !bytes.Equal(value, before[n]) {
			t.Fatalf("page %d is not the same after loading it", n)
		}
	}
	// A mark that was changed since the page was written is gone.
	m.slab.Each(func(slot Slot) { m.owed[string(m.slab.idOf(slot))] = m.slab.IsRowPending(slot) })
	clear(m.unsaved)
	m.keep()
}

// encode gives every page, without owed rows.
func (m *machine) encode() (pages [][]byte) {
	owed := []Slot{}
	m.slab.Each(func(slot Slot) {
		if m.slab.IsRowPending(slot) {
			owed = append(owed, slot)
			m.slab.SetRowPending(slot, false)
		}
	})
	for n := range m.slab.Pages() {
		pages = append(pages, m.slab.AppendPage(&m.codec, nil, 3, uint32(n), 0))
	}
	for _, slot := range owed {
		m.slab.SetRowPending(slot, true)
	}
	return pages
}

func load(t rapid.TB, codec *PageCodec, pages map[uint32][]byte) *Slab {
	s := NewSlab()
	for n, value := range pages {
		if err := s.LoadPage(codec, value, 3, n); err != nil {
			t.Fatal(err)
		}
	}
	s.FinishLoading()
	return s
}

// check holds the slab against the model after every step.
func (m *machine) check(t *rapid.T) {
	if m.slab.Len() != len(m.model) {
		t.Fatalf("%d customers, want %d", m.slab.Len(), len(m.model))
	}
	seen := 0
	for _, p := range m.people {
		want, known := m.model[p.id]
		if m.slab.Load(&m.customer, p.hash, []byte(p.id), false) != known {
			t.Fatalf("%q is there: %v, want %v", p.id, !known, known)
		}
		if !known {
			continue
		}
		seen++
		if diff := cmp.Diff(want, content(&m.customer)); diff != "" {
			t.Fatalf("record of %q (-model +slab):\n%s", p.id, diff)
		}
		if slot := m.customer.Slot(); !m.slab.Exists(slot) || m.slab.IsRowPending(slot) != m.owed[p.id] {
			t.Fatalf("%q: a row is owed %v, want %v", p.id, m.slab.IsRowPending(slot), m.owed[p.id])
		}
	}
	places, indexed := 0, 0
	m.slab.Each(func(Slot) { places++ })
	for i := range m.slab.index.tables {
		for _, v := range m.slab.index.tables[i].slots {
			if v != 0 {
				indexed++
			}
		}
	}
	if places != seen || indexed != seen {
		t.Fatalf("%d places and %d in the index, want %d", places, indexed, seen)
	}
	m.checkDirty(t)
}

// checkDirty: a replay begins exactly where the first unsaved change is.
func (m *machine) checkDirty(t *rapid.T) {
	want := ^uint64(0)
	for _, batch := range m.unsaved {
		want = min(want, batch)
	}
	oldest, ok := m.slab.OldestDirty()
	if ok != (len(m.unsaved) > 0) || ok && oldest != want {
		t.Fatalf("oldest dirty batch %d (%v), want %d of %v", oldest, ok, want, m.unsaved)
	}
	if m.slab.DirtyPages() != len(m.unsaved) {
		t.Fatalf("%d dirty pages, want %d", m.slab.DirtyPages(), len(m.unsaved))
	}
}

// TestSlabIsAMap: whatever is loaded, stored, written, undone and restored, the
// slab holds what a map would.
func TestSlabIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine()
		t.Repeat(map[string]func(*rapid.T){
			"store": m.store, "store more": m.store, "visit": m.visit, "visit more": m.visit, "next batch": m.nextBatch,
			"commit": m.commit, "undo": m.undo,
			"take dirty": m.takeDirty, "row pending": m.setRowPending, "restore": m.restore, "": m.check,
		})
	})
}

// TestPlacesAreDense: new customers take the lowest free place, undone ones
// give theirs back.
func TestPlacesAreDense(t *testing.T) {
	s, c := NewSlab(), &Customer{}
	add := func(from, to int) {
		for i := from; i < to; i++ {
			id := fmt.Appendf(nil, "c-%d", i)
			s.Load(c, event.HashID(id), id, true)
			s.Store(c)
			if c.Slot() != Slot(i) {
				t.Fatalf("customer %d is at %d", i, c.Slot())
			}
		}
	}
	s.Begin(1, false)
	add(0, 300)
	s.Commit()
	s.Begin(2, false)
	add(300, 700)
	s.Undo()
	if s.Len() != 300 || s.Exists(300) || !s.Exists(299) {
		t.Fatalf("%d customers after undo, want 300", s.Len())
	}
	s.Begin(2, false)
	add(300, 700)
}
