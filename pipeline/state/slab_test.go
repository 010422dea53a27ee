package state

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/window"
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

// content writes out what a record says, but for whether a row is owed.
func content(c *Customer) string {
	return fmt.Sprintf("%s %x %d %d %d %d %b %x\n%v\n%v\n%v\n%+v\n%+v\n%v %d\n%+v %+v %+v %+v %+v\n%x", c.ID, c.IDHash, c.Deadline, c.JudgedAt,
		c.Silence, c.FoldedThrough, c.Flags&^RowPending, c.Parameters, c.Events, c.Days, c.Weeks, c.Orders, c.Complaints, c.ComplaintDays,
		c.LastComplaint, c.Life, c.Profile, c.Ratings, c.Closing, c.Interest, c.Opaque)
}

// scribble changes a record at random; most of the time a little.
func scribble(c *Customer, r *rand.Rand) {
	long := r.IntN(20) == 0
	length := func(most int) int {
		if long {
			return most - r.IntN(2)
		}
		return r.IntN(4)
	}
	c.JudgedAt, c.Silence, c.FoldedThrough = anyInstant(r), anyInstant(r), event.Day(r.IntN(20000))
	c.Parameters = r.Uint32()
	c.Deadline = []event.Instant{Never, event.Instant(r.Int64N(1e15))}[r.IntN(2)]
	c.Flags ^= Approximate * Flag(r.IntN(2))
	for range 1 + r.IntN(3) {
		switch r.IntN(9) {
		case 0:
			c.Events = c.Events[:0]
			for range length(MaxEvents) {
				c.Events = append(c.Events, EventMark{At: anyInstant(r), Hash: FingerprintOf(r.Uint64())})
			}
			slices.SortFunc(c.Events, func(a, b EventMark) int { return cmp.Compare(a.At, b.At) })
		case 1:
			c.Days = c.Days[:0]
			for i := range length(MaxDays) {
				c.Days = append(c.Days, window.Day{Day: int32(i), Orders: uint16(r.UintN(3)), Visits: uint16(r.Uint32() >> r.UintN(32)), Net: r.Int64() * r.Int64N(2)})
			}
		case 2:
			c.Weeks = c.Weeks[:0]
			for i := range length(MaxWeeks) {
				c.Weeks = append(c.Weeks, window.Week{Monday: int32(4 + 7*i*(1+r.IntN(2))), Mask: r.Uint32N(1 << 7)})
			}
		case 3:
			c.Orders = c.Orders[:0]
			for range length(MaxOrders) {
				c.Orders = append(c.Orders, anyOrder(r))
			}
		case 4:
			c.Complaints = c.Complaints[:0]
			for range length(MaxComplaints) {
				c.Complaints = append(c.Complaints, anyComplaint(r))
			}
		case 5:
			c.ComplaintDays, c.LastComplaint = c.ComplaintDays[:0], anyInstant(r)*event.Instant(r.Int64N(2))
			for i := range length(MaxComplaintDays) {
				c.ComplaintDays = append(c.ComplaintDays, ComplaintDay{Day: int32(i), Count: uint16(r.Uint32())})
			}
		case 6:
			c.Life, c.Closing = Life{}, Closing{}
			if long || r.IntN(3) == 0 {
				c.Life = Life{Days: r.Uint32(), Orders: r.Uint32(), First: event.Day(r.IntN(20000)), Last: event.Day(-r.IntN(9)), Net: r.Int64(),
					RepeatNet: -r.Int64(), RepeatDays: r.Uint32(), ActivityDays: 1, FirstAct: 2, LastAct: 3, LostNet: -4}
				c.Closing = Closing{At: anyInstant(r), Hash: r.Uint32(), Reason: event.Fraud}
			}
		case 7:
			c.Profile, c.Ratings, c.Interest = Profile{}, Ratings{}, Interest{}
			if long || r.IntN(3) == 0 {
				c.Profile = Profile{SegmentAt: anyInstant(r), SegmentHash: r.Uint32(), Segment: uint8(r.Uint32())}
				c.Ratings.Last = Rating{At: anyInstant(r), Hash: r.Uint32(), Value: 5}
				c.Interest = Interest{ReferralAt: anyInstant(r), ReviewAt: -anyInstant(r)}
			}
		default:
			c.Opaque = c.Opaque[:0]
			for range length(MaxOpaque) {
				c.Opaque = append(c.Opaque, byte(r.Uint32()))
			}
		}
	}
}

// anyInstant is one as producers write it: in seconds, milliseconds or finer.
func anyInstant(r *rand.Rand) event.Instant {
	unit := []event.Instant{1, event.Millisecond, event.Second, event.Hour}[r.IntN(4)]
	return event.Instant(r.Int64N(1e15)) / unit * unit
}

func anyOrder(r *rand.Rand) Order {
	o := Order{Hash: KeyOf(r.Uint64()), At: anyInstant(r), Net: r.Int64(), Statuses: uint16(r.Uint32()), Best: uint8(r.UintN(5)),
		Flags: OrderFlag(r.UintN(16)), Currency: [3]byte{'E', 'U', 'R'}, Refunded: r.Int64() * r.Int64N(2), Adjusted: -r.Int64() * r.Int64N(2)}
	switch r.IntN(3) {
	case 0:
		o.BestAt, o.BestHash = o.At, r.Uint32()
	case 1:
		o.BestAt, o.BestHash, o.Currency = anyInstant(r)+1, r.Uint32(), [3]byte{'U', 'S', 'D'}
	}
	return o
}

func anyComplaint(r *rand.Rand) Complaint {
	k := Complaint{Hash: KeyOf(r.Uint64()), OpenedAt: anyInstant(r), Severity: uint8(r.Uint32()), Status: event.Status(r.UintN(8))}
	maybe := func() event.Instant { return []event.Instant{0, k.OpenedAt, anyInstant(r) + 1}[r.IntN(3)] }
	k.StatusAt, k.RespondedAt, k.ResolvedAt, k.DueAt = maybe(), maybe(), maybe(), maybe()
	if k.CategoryAt = maybe(); k.CategoryAt != 0 {
		k.Category, k.CategoryHash = event.Category(r.UintN(6)), r.Uint32()
	}
	return k
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

// visit lets known records have visits that change nothing else.
func (m *machine) visit(t *rapid.T) {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	c := &m.customer
	for range rapid.IntRange(1, 40).Draw(t, "visits") {
		p := m.people[r.IntN(len(m.people))]
		if _, known := m.model[p.id]; !known || !m.slab.Load(c, p.hash, []byte(p.id), false) {
			continue
		}
		day, mark := event.Day(r.IntN(2*MaxDays)), EventMark{At: anyInstant(r), Hash: FingerprintOf(r.Uint64())}
		if n := len(c.Days); n > 0 && r.IntN(2) == 0 {
			day = event.Day(c.Days[n-1].Day) + event.Day(r.IntN(2))
		}
		if n := len(c.Events); n > 0 && r.IntN(3) > 0 {
			mark.At = c.Events[n-1].At + anyInstant(r)>>r.UintN(40)
			if mark.Hash &^= 1; r.IntN(4) == 0 {
				mark.Hash = c.Events[r.IntN(n)].Hash
			}
		}
		slot := c.Slot()
		var v Visit
		if !m.slab.OpenVisit(&v, slot) {
			t.Fatal("a record cannot be visited")
		}
		bounds := VisitBounds{Folded: event.Day(r.IntN(3)), Aged: event.Day(r.IntN(3))}
		if fits := m.slab.VisitFits(&v, mark, day, bounds); fits != visitFits(c, mark, day, bounds) {
			t.Fatalf("a visit of day %d at %d fits: %v\n%s", day, mark.At, fits, content(c))
		} else if !fits {
			continue
		}
		if c.Events = append(c.Events, mark); len(c.Events) > MaxEvents {
			c.Events = c.Events[1:]
		}
		c.Days.At(int32(day)).Visits++
		c.JudgedAt, c.Deadline = anyInstant(r), anyInstant(r)
		v.JudgedAt, v.Deadline = c.JudgedAt, c.Deadline
		m.slab.StoreVisit(&v)
		m.model[p.id] = content(c)
		if page := pageOf(slot); m.unsaved[page] == 0 {
			m.unsaved[page] = m.batch
		}
	}
}

// visitFits is VisitFits by the decoded record.
func visitFits(c *Customer, mark EventMark, day event.Day, bounds VisitBounds) bool {
	if len(c.Events) == 0 || len(c.Days) == 0 || len(c.Days) >= MaxDays-2 || len(c.ComplaintDays) > 0 || c.LastComplaint != 0 ||
		len(c.Weeks) > 0 && c.Weeks[0].Monday <= int32(bounds.Folded) || c.Events[len(c.Events)-1].At >= mark.At {
		return false
	}
	for _, m := range c.Events {
		if m.Hash == mark.Hash {
			return false
		}
	}
	for _, d := range c.Days {
		if d.Day <= int32(bounds.Folded) || d.Visits > 0 && d.Day <= int32(bounds.Aged) {
			return false
		}
	}
	last := c.Days[len(c.Days)-1]
	return last.Day <= int32(day) && last.Visits < 1<<16-1
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
		if diff := gocmp.Diff(want, content(&m.customer)); diff != "" {
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
			"store": m.store, "store more": m.store, "visit": m.visit, "visit more": m.visit, "next batch": m.nextBatch, "commit": m.commit, "undo": m.undo,
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

// TestRecordAtItsMaxima: the longest id and every section full come back.
func TestRecordAtItsMaxima(t *testing.T) {
	s, c := NewSlab(), &Customer{}
	s.Begin(1, false)
	r := rand.New(rand.NewPCG(1, 2))
	want := map[string]string{}
	for i := range PageSize {
		id := []byte(fmt.Sprintf("%0128d", i))
		s.Load(c, event.HashID(id), id, true)
		fillUp(c, r)
		if n := len(c.appendRun(nil)); n > longestRun || n < longestRun*3/4 {
			t.Fatalf("%d bytes with every section full, want at most and about %d", n, longestRun)
		}
		want[string(id)] = content(c)
		s.Store(c)
	}
	var codec PageCodec
	value := s.AppendPage(&codec, nil, 3, 0, 1)
	loaded := load(t, &codec, map[uint32][]byte{0: value})
	if again := loaded.AppendPage(&codec, nil, 3, 0, 1); !bytes.Equal(value, again) {
		t.Error("the page is another after loading it")
	}
	loaded.Each(func(slot Slot) {
		loaded.LoadSlot(c, slot)
		if content(c) != want[string(c.ID)] {
			t.Fatalf("record %d differs", slot)
		}
	})
}

// fillUp makes every section as long as it may be, with values that take the
// most bytes.
func fillUp(c *Customer, r *rand.Rand) {
	const far = event.Instant(-1 << 63)
	for i := range MaxEvents {
		c.Events = append(c.Events, EventMark{At: event.Instant(i%2) * far, Hash: FingerprintOf(r.Uint64())})
	}
	for i := range MaxDays {
		c.Days = append(c.Days, window.Day{Day: int32(i%2) * (-1 << 31), Orders: 1<<16 - 1, Visits: 1<<16 - 1, Net: -1 << 63})
	}
	c.Weeks = slices.Repeat([]window.Week{{Monday: 4, Mask: 0x7f}}, MaxWeeks)
	for i := range MaxOrders {
		at := event.Instant(i%2) * far
		c.Orders = append(c.Orders, Order{Hash: KeyOf(r.Uint64()), At: at, BestAt: at - far + 1, BestHash: r.Uint32(), Net: -1 << 63,
			Refunded: -1 << 63, Adjusted: -1 << 63, Statuses: 1<<16 - 1, Flags: 0xf, Best: 0xf, Currency: [3]byte{byte(i)}})
	}
	for i := range MaxComplaints {
		at := event.Instant(i%2) * far
		c.Complaints = append(c.Complaints, Complaint{Hash: KeyOf(r.Uint64()), OpenedAt: at, CategoryAt: at - far + 1, StatusAt: at - far + 1,
			RespondedAt: at - far + 1, ResolvedAt: at - far + 1, DueAt: at - far + 1, CategoryHash: 1, Status: 1, Category: 1, Severity: 1})
	}
	c.ComplaintDays = slices.Repeat([]ComplaintDay{{Day: -1 << 31, Count: 1<<16 - 1, Category: 5}}, MaxComplaintDays)
	c.LastComplaint = far
	c.Life = Life{Days: 1<<32 - 1, Orders: 1<<32 - 1, First: -1 << 31, Last: -1 << 31, Net: -1 << 63, RepeatNet: -1 << 63, RepeatDays: 1<<32 - 1,
		ActivityDays: 1<<32 - 1, FirstAct: -1 << 31, LastAct: -1 << 31, LostNet: -1 << 63}
	c.Profile = Profile{SegmentAt: far, ConsentAt: far, SegmentHash: 1, ConsentHash: 1, Segment: 1, OptedOut: 1}
	c.Ratings = Ratings{Last: Rating{At: far, Hash: 1, Value: 5}, Previous: Rating{At: far, Hash: 1, Value: 5}}
	c.Closing = Closing{At: far, Hash: 1, Reason: 1}
	c.Interest = Interest{ReferralAt: far, ProspectAt: far, ReviewAt: far}
	c.Opaque = append(c.Opaque, bytes.Repeat([]byte{byte(r.Uint32())}, MaxOpaque)...)
}
