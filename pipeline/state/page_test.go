package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/s2"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/window"
)

// samplePage is the first page of a slab of a few records of every sort.
func samplePage(customers int) []byte {
	s, c := NewSlab(), &Customer{}
	s.Begin(9, false)
	r := rand.New(rand.NewPCG(4, 5))
	for _, p := range people(customers) {
		s.Load(c, p.hash, []byte(p.id), true)
		for range 3 {
			scribble(c, r)
		}
		s.Store(c)
	}
	return s.AppendPage(&PageCodec{}, nil, 3, 0, 9)
}

// TestDamagedPagesAreRefused: every flipped byte and every cut is noticed, with
// an error that says what kind of damage it is.
func TestDamagedPagesAreRefused(t *testing.T) {
	good := samplePage(6)
	var codec PageCodec
	check := func(what string, value []byte, want ...error) {
		t.Helper()
		s := NewSlab()
		err := s.LoadPage(&codec, value, 3, 0)
		if err == nil && bytes.Equal(s.AppendPage(&codec, nil, 3, 0, 9), good) {
			return // another way to compress the same: no damage
		}
		for _, w := range want {
			if errors.Is(err, w) {
				if s.Pages() != 0 {
					t.Errorf("%s: refused, but the page is there", what)
				}
				return
			}
		}
		t.Errorf("%s: %v, want one of %v", what, err, want)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x41
		want := ErrPageCorrupt
		switch {
		case i < 4:
			want = ErrPageMagic
		case i < 6:
			want = ErrPageVersion
		case i >= 8 && i < 16:
			want = ErrPageMisplace
		}
		check(fmt.Sprintf("byte %d flipped", i), bad, want)
	}
	for n := range good {
		want := ErrPageCorrupt
		if n < pageHeaderLen {
			want = ErrPageMagic
		}
		check(fmt.Sprintf("cut to %d bytes", n), good[:n], want)
	}
	check("a byte too many", append(bytes.Clone(good), 0), ErrPageCorrupt)
	if err := NewSlab().LoadPage(&codec, good, 4, 0); !errors.Is(err, ErrPageMisplace) {
		t.Errorf("another shard's page: %v", err)
	}
	if err := NewSlab().LoadPage(&codec, good, 3, 1); !errors.Is(err, ErrPageMisplace) {
		t.Errorf("another page: %v", err)
	}
	if err := NewSlab().LoadPage(&codec, wrap(nil, 0, maxPages), 3, maxPages); !errors.Is(err, ErrPageMisplace) {
		t.Errorf("a page beyond all: %v", err)
	}
}

// wrap makes a page with a right header of any raw part, so that what is behind
// the checksum is tried too.
func wrap(raw []byte, count, number uint32) []byte { return wrapAs(pageVersion, raw, count, number) }

func wrapAs(version uint8, raw []byte, count, number uint32) []byte {
	le := binary.LittleEndian
	value := append([]byte(pageMagic), version, pageCodecS2, 0, 0)
	value = le.AppendUint32(le.AppendUint32(value, 3), number)
	value = le.AppendUint32(le.AppendUint64(value, 9), count)
	value = le.AppendUint32(value, uint32(len(raw)))
	value = le.AppendUint64(value, xxhash.Sum64(append(bytes.Clone(value), raw...)))
	return append(value, s2.Encode(nil, raw)...)
}

func unwrap(t testing.TB, value []byte) (raw []byte, count uint32) {
	raw, err := s2.Decode(nil, value[pageHeaderLen:])
	if err != nil {
		t.Fatal(err)
	}
	return raw, binary.LittleEndian.Uint32(value[24:])
}

// TestImplausiblePagesAreRefused: a right checksum over nonsense is no pass.
func TestImplausiblePagesAreRefused(t *testing.T) {
	raw, count := unwrap(t, samplePage(6))
	const run = recordHeadLen
	first := 1 + int(raw[run]) // where the sections of the first record begin in its run
	for what, change := range map[string]func([]byte) ([]byte, uint32){
		"more records than there are":  func(r []byte) ([]byte, uint32) { return r, count + 1 },
		"fewer records than there are": func(r []byte) ([]byte, uint32) { return r, count - 1 },
		"too many records":             func(r []byte) ([]byte, uint32) { return r, PageSize + 1 },
		"a position twice":             func(r []byte) ([]byte, uint32) { return append(r, r...), 2 * count },
		"a run of other length":        func(r []byte) ([]byte, uint32) { r[2]++; return r, count },
		"a run beyond the end":         func(r []byte) ([]byte, uint32) { r[3] = 0xff; return r, count },
		"no id":                        func(r []byte) ([]byte, uint32) { r[run] = 0; return r, count },
		"a long id":                    func(r []byte) ([]byte, uint32) { r[run] = MaxID + 1; return r, count },
		"a section that is not known":  func(r []byte) ([]byte, uint32) { r[run+first] = sectionCount + 1; return r, count },
		"sections out of order":        func(r []byte) ([]byte, uint32) { r[run+first] = 0; return r, count },
		"a section of other length":    func(r []byte) ([]byte, uint32) { r[run+first+1]++; return r, count },
		"an empty section": func(r []byte) ([]byte, uint32) {
			r[run+first+1], r[run+first+2] = 0, 0
			return r, count
		},
		"cut": func(r []byte) ([]byte, uint32) { return r[:len(r)-8], count },
	} {
		bad, n := change(bytes.Clone(raw))
		if err := NewSlab().LoadPage(&PageCodec{}, wrap(bad, n, 0), 3, 0); !errors.Is(err, ErrPageCorrupt) {
			t.Errorf("%s: %v, want %v", what, err, ErrPageCorrupt)
		}
	}
	if err := NewSlab().LoadPage(&PageCodec{}, wrap(raw, count, 0), 3, 0); err != nil {
		t.Errorf("unchanged: %v", err)
	}
}

// FuzzLoadPage: no input makes LoadPage or what follows it fail in another way
// than by its errors; what it takes can be read, stored and written again.
func FuzzLoadPage(f *testing.F) {
	page := samplePage(6)
	raw, _ := unwrap(f, page)
	f.Add(page, false)
	f.Add(page[:100], false)
	f.Add(samplePage(1), false)
	f.Add(raw, true)
	f.Add([]byte{}, true)
	f.Fuzz(func(t *testing.T, data []byte, inside bool) {
		value := data
		if inside {
			n := uint32(0)
			if len(data) > 0 {
				n, data = uint32(data[0]%8), data[1:]
			}
			value = wrap(data, n, 0)
		}
		var codec PageCodec
		s := NewSlab()
		if err := s.LoadPage(&codec, value, 3, 0); err != nil {
			for _, known := range []error{ErrPageMagic, ErrPageVersion, ErrPageCorrupt, ErrPageMisplace} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("an error of no kind: %v", err)
		}
		s.FinishLoading()
		first := s.AppendPage(&codec, nil, 3, 0, 9)
		again := load(t, &codec, map[uint32][]byte{0: first}).AppendPage(&codec, nil, 3, 0, 9)
		if !bytes.Equal(first, again) {
			t.Fatal("the page is another after writing and loading it")
		}
		s.Begin(10, false)
		var c Customer
		s.Each(func(slot Slot) {
			s.LoadSlot(&c, slot)
			c.Opaque = append(c.Opaque[:0], 1)
			s.Store(&c)
		})
		s.Undo()
	})
}

// TestKnownCustomersAllocateNothing: loading and storing records that are there
// allocates nothing.
func TestKnownCustomersAllocateNothing(t *testing.T) {
	s, c := NewSlab(), &Customer{}
	s.Begin(1, false)
	all := people(600)
	r := rand.New(rand.NewPCG(6, 7))
	for range 3 { // until side records and journal have their room
		for _, p := range all {
			s.Load(c, p.hash, []byte(p.id), true)
			scribble(c, r)
			s.Store(c)
		}
		s.Commit()
	}
	ids := make([][]byte, len(all))
	for i, p := range all {
		ids[i] = []byte(p.id)
	}
	touch := func() {
		for i, p := range all {
			if !s.Load(c, p.hash, ids[i], true) || c.IsNew() {
				t.Fatal("a known customer is not there")
			}
			c.JudgedAt++
			c.Deadline = min(c.Deadline, Never-1) + 1
			s.Store(c)
		}
		for page, ok := s.TakeDirty(); ok; page, ok = s.TakeDirty() {
			_ = page
		}
		s.Commit()
	}
	touch()
	if n := testing.AllocsPerRun(20, touch); n != 0 {
		t.Errorf("%v allocations for %d customers, want 0", n, len(all))
	}
}

// TestCustomersFitTheirMemory: what every customer costs, without its side
// record, stays within 96 bytes; with it, the figures are printed.
func TestCustomersFitTheirMemory(t *testing.T) {
	const customers, limit = 100_000, 96
	for _, kind := range []struct {
		name string
		fill func(c *Customer)
	}{
		{"bare", func(*Customer) {}},
		{"typical: 6 events, 4 orders on 4 days, 2 weeks of visits", func(c *Customer) { furnish(c, 6, 4, 4, 2, 0) }},
		{"busy: 32 events, 16 orders on 60 days, 40 weeks, 2 complaints",
			func(c *Customer) { furnish(c, 32, 16, 60, 40, 2) }},
	} {
		s, c := NewSlab(), &Customer{}
		for i := range customers {
			if i%1000 == 0 { // so that the journal does not count
				s.Commit()
				s.Begin(uint64(i/1000+1), false)
			}
			id := fmt.Appendf(nil, "c-%011d", i)
			s.Load(c, event.HashID(id), id, true)
			kind.fill(c)
			c.Deadline = event.Instant(i) * event.Second
			s.Store(c)
		}
		fixed := float64(s.Bytes()-s.SideBytes()) / customers
		t.Logf("%s: %.0f bytes a customer, %.0f with the side record", kind.name, fixed, float64(s.Bytes())/customers)
		if fixed > limit {
			t.Errorf("%s: %.0f bytes a customer besides the side record, want at most %d", kind.name, fixed, limit)
		}
	}
}

// furnish gives a record what a customer leaves that does something every 10 days.
func furnish(c *Customer, events, orders, days, weeks, complaints int) {
	r := rand.New(rand.NewPCG(uint64(c.Slot()), 0))
	at := func(i int) event.Instant {
		return event.Instant(20_000+10*i)*event.Day24h + event.Instant(r.IntN(86_400_000))*event.Millisecond
	}
	for i := range events {
		c.Events = append(c.Events, EventMark{At: at(i), Hash: FingerprintOf(r.Uint64())})
	}
	for i := range orders {
		c.Orders = append(c.Orders, Order{Hash: KeyOf(r.Uint64()), At: at(i), BestAt: at(i),
			BestHash: r.Uint32(), Net: r.Int64N(20_000)})
	}
	for i := range days {
		c.Days = append(c.Days, window.Day{Day: int32(20_000 + 10*i), Orders: 1, Net: r.Int64N(20_000)})
	}
	for i := range weeks {
		c.Weeks = append(c.Weeks, window.Week{Monday: window.Monday(20_000) + int32(7*i), Mask: 1})
	}
	for i := range complaints {
		c.Complaints = append(c.Complaints, anyComplaint(r))
		c.Complaints[i].OpenedAt = at(i)
	}
	c.Opaque = append(c.Opaque, make([]byte, 40)...)
}

// TestReplayLeavesNewerPagesAlone: in a replay a page that reflects the batch
// gives no record and takes no new customer, though it has room.
func TestReplayLeavesNewerPagesAlone(t *testing.T) {
	var codec PageCodec
	s := NewSlab()
	if err := s.LoadPage(&codec, samplePage(6), 3, 0); err != nil { // as of batch 9
		t.Fatal(err)
	}
	s.FinishLoading()
	known, c := people(6)[2], &Customer{}
	s.Begin(9, true)
	if s.Load(c, known.hash, []byte(known.id), true) {
		t.Error("a page gives its record to a batch that it reflects already")
	}
	if !s.Load(c, 1, []byte("new"), true) || pageOf(c.Slot()) == 0 {
		t.Errorf("a new customer of batch 9 is put at %d, in a page that reflects batch 9", c.Slot())
	}
	s.Store(c)
	s.Begin(10, true)
	if !s.Load(c, known.hash, []byte(known.id), true) {
		t.Error("a page of batch 9 withholds its record from batch 10")
	}
	if !s.Load(c, 2, []byte("newer"), true) || c.Slot() != 6 {
		t.Errorf("a new customer of batch 10 is put at %d, want 6", c.Slot())
	}
	s.Store(c)
	s.EndReplay()
	if !s.Load(c, known.hash, []byte(known.id), true) {
		t.Error("a record is withheld after the replay")
	}
}
