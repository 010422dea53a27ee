package state

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/window"
)

// content writes out what a record says, but for whether a row is owed.
func content(c *Customer) string {
	return fmt.Sprintf("%s %x %d %d %d %d %b %x\n%v\n%v\n%v\n%+v %+v\n%+v\n%v %d\n%+v %+v %+v %+v %+v\n%x",
		c.ID, c.IDHash, c.Deadline, c.JudgedAt, c.Silence, c.FoldedThrough, c.Flags&^RowPending, c.Parameters,
		c.Events, c.Days, c.Weeks, c.Orders, [...]any{c.Categories, c.OrderDays}, c.Complaints,
		c.ComplaintDays, c.LastComplaint, c.Life, c.Profile, c.Ratings, c.Closing, c.Interest, c.Opaque)
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
	if r.IntN(2) == 0 {
		visitable(c, r)
		return
	}
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
				c.Days = append(c.Days, window.Day{Day: int32(i), Orders: uint16(r.UintN(3)),
					Visits: uint16(r.Uint32() >> r.UintN(32)), Net: r.Int64() * r.Int64N(2)})
			}
		case 2:
			c.Weeks = c.Weeks[:0]
			for i := range length(MaxWeeks) {
				c.Weeks = append(c.Weeks, window.Week{Monday: int32(4 + 7*i*(1+r.IntN(2))), Mask: r.Uint32N(1 << 7)})
			}
		case 3:
			c.Orders, c.Categories = c.Orders[:0], c.Categories[:0]
			for range length(MaxOrders) {
				c.Orders = append(c.Orders, anyOrder(r))
			}
			if r.IntN(2) == 0 {
				anyCategories(c, r, length(MaxCategories))
			}
			c.OrderDays = c.OrderDays[:0]
			for i := range length(MaxOrderDays) {
				c.OrderDays = append(c.OrderDays, OrderDay{Day: int32(3 * i), Margin: r.Int64() * r.Int64N(2),
					MarginNet: 1 - r.Int64N(9), Foreign: uint16(r.Uint32()) * uint16(r.UintN(2))})
			}
		case 4:
			c.Complaints = c.Complaints[:0]
			for range length(MaxComplaints) {
				c.Complaints = append(c.Complaints, anyComplaint(r))
			}
		case 5:
			c.ComplaintDays, c.LastComplaint = c.ComplaintDays[:0], anyInstant(r)*event.Instant(r.Int64N(2))
			for i := range length(MaxComplaintDays) {
				c.ComplaintDays = append(c.ComplaintDays, ComplaintDay{Day: int32(i), Count: uint16(r.Uint32()),
					Aside: r.IntN(2) == 0})
			}
		case 6:
			c.Life, c.Closing = Life{}, Closing{}
			if long || r.IntN(3) == 0 {
				c.Life = Life{Days: r.Uint32(), Orders: r.Uint32(), First: event.Day(r.IntN(20000)),
					Last: event.Day(-r.IntN(9)), Net: r.Int64(), RepeatNet: -r.Int64(), RepeatDays: r.Uint32(), ActivityDays: 1,
					FirstAct: 2, LastAct: 3, LostNet: -4}
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

// visitable makes a record one that a visit alone may change.
func visitable(c *Customer, r *rand.Rand) {
	c.ComplaintDays, c.LastComplaint, c.Events, c.Days, c.Weeks = c.ComplaintDays[:0], 0, c.Events[:0], c.Days[:0],
		c.Weeks[:0]
	at := anyInstant(r)
	for range []int{1, 5, MaxEvents - 1, MaxEvents}[r.IntN(4)] {
		c.Events = append(c.Events, EventMark{At: at, Hash: FingerprintOf(r.Uint64())})
		at += anyInstant(r) >> r.UintN(40)
	}
	for i := range 1 + r.IntN(20) {
		c.Days = append(c.Days, window.Day{Day: int32(10 * i), Orders: uint16(r.UintN(3)),
			Visits: uint16(r.Uint32() >> (16 + r.UintN(16))), Net: r.Int64N(1e6)})
	}
	c.Weeks = append(c.Weeks, window.Week{Monday: 11, Mask: 3})
}

// anyInstant is one as producers write it: in seconds, milliseconds or finer.
func anyInstant(r *rand.Rand) event.Instant {
	unit := []event.Instant{1, event.Millisecond, event.Second, event.Hour}[r.IntN(4)]
	return event.Instant(r.Int64N(1e15)) / unit * unit
}

func anyOrder(r *rand.Rand) Order {
	o := Order{Hash: KeyOf(r.Uint64()), At: anyInstant(r), Net: r.Int64(), Statuses: uint16(r.Uint32()),
		Best: uint8(r.UintN(5)), Flags: OrderFlag(r.UintN(16)), Currency: [3]byte{'E', 'U', 'R'},
		Refunded: r.Int64() * r.Int64N(2), Adjusted: -r.Int64() * r.Int64N(2)}
	switch r.IntN(3) {
	case 0:
		o.BestAt, o.BestHash = o.At, r.Uint32()
	case 1:
		o.BestAt, o.BestHash, o.Currency = anyInstant(r)+1, r.Uint32(), [3]byte{'U', 'S', 'D'}
	}
	o.PaidAt = o.bestPaid()
	for i := range r.IntN(2) * r.IntN(MaxTakenBack+1) {
		o.TakenBack[i] = KeyOf(r.Uint64()) | 1
	}
	if r.IntN(3) == 0 {
		o.Margin, o.HasMargin = r.Int64()*r.Int64N(2), true
	}
	switch r.IntN(4) {
	case 0:
		o.FailedAt = anyInstant(r)
	case 1:
		o.FailedAt, o.PaidAt = anyInstant(r), anyInstant(r)
	}
	return o
}

// anyCategories lets a record's orders name n categories.
func anyCategories(c *Customer, r *rand.Rand, n int) {
	forgotten := r.IntN(2)
	for range min(n, MaxCategories*len(c.Orders)) {
		c.Categories = append(c.Categories, Category{Hash: r.Uint32(), Day: event.Day(forgotten * r.IntN(2) * r.IntN(20000))})
	}
	for i := range c.Orders {
		c.Orders[i].Categories = r.Uint64() & (1<<len(c.Categories) - 1)
	}
}

func anyComplaint(r *rand.Rand) Complaint {
	k := Complaint{Hash: KeyOf(r.Uint64()), OpenedAt: anyInstant(r), Severity: uint8(r.Uint32()),
		Status: event.Status(r.UintN(8))}
	maybe := func() event.Instant { return []event.Instant{0, k.OpenedAt, anyInstant(r) + 1}[r.IntN(3)] }
	k.StatusAt, k.RespondedAt, k.ResolvedAt, k.DueAt = maybe(), maybe(), maybe(), maybe()
	if k.CategoryAt = maybe(); k.CategoryAt != 0 {
		k.Category, k.CategoryHash = event.Category(r.UintN(6)), r.Uint32()
	}
	if r.IntN(2) == 0 {
		return k
	}
	k.Kinds, k.ReopenedAt = ComplaintKinds(r.UintN(8)), maybe()
	if k.DueSetAt = maybe(); k.DueSetAt != 0 {
		k.DueHash = r.Uint32()
	}
	k.ID, k.OrderID = bytes.Repeat([]byte{'k'}, r.IntN(MaxID+1)), bytes.Repeat([]byte{'o'}, r.IntN(MaxID+1))
	return k
}

// fillUp makes every section as long as it may be, with values that take the
// most bytes.
func fillUp(c *Customer, r *rand.Rand) {
	const far = event.Instant(-1 << 63)
	for i := range MaxEvents {
		c.Events = append(c.Events, EventMark{At: event.Instant(i%2) * far, Hash: FingerprintOf(r.Uint64())})
	}
	for i := range MaxDays {
		c.Days = append(c.Days, window.Day{Day: int32(i%2) * (-1 << 31), Orders: 1<<16 - 1,
			Visits: 1<<16 - 1, Net: -1 << 63})
	}
	c.Weeks = slices.Repeat([]window.Week{{Monday: 4, Mask: 0x7f}}, MaxWeeks)
	for i := range MaxOrders {
		at := event.Instant(i%2) * far
		c.Orders = append(c.Orders, Order{Hash: KeyOf(r.Uint64()), At: at, BestAt: at - far + 1, BestHash: r.Uint32(),
			Net: -1 << 63, Refunded: -1 << 63, Adjusted: -1 << 63, Statuses: 1<<16 - 1, Flags: 0xf, Best: 0xf,
			Currency: [3]byte{byte(i)}, Categories: 1<<64 - 1, FailedAt: at - far + 1, PaidAt: at - far + 2,
			TakenBack: [MaxTakenBack]uint64{1, 1, 1, 1, 1, 1, 1, 1}, Margin: -1 << 63, HasMargin: true})
	}
	for i := range MaxOrderDays {
		c.OrderDays = append(c.OrderDays, OrderDay{Day: int32(i%2) * (-1 << 31), Margin: -1 << 63, MarginNet: -1 << 63,
			Foreign: 1<<16 - 1})
	}
	for range MaxCategories {
		c.Categories = append(c.Categories, Category{Hash: r.Uint32(), Day: -1 << 31})
	}
	for i := range MaxComplaints {
		at := event.Instant(i%2) * far
		c.Complaints = append(c.Complaints, Complaint{Hash: KeyOf(r.Uint64()), OpenedAt: at, CategoryAt: at - far + 1,
			StatusAt: at - far + 1, RespondedAt: at - far + 1, ResolvedAt: at - far + 1, DueAt: at - far + 1, CategoryHash: 1,
			Status: 1, Category: 1, Severity: 1, Kinds: 7, ReopenedAt: at - far + 1, DueSetAt: at - far + 1,
			DueHash: 1,
			ID:      bytes.Repeat([]byte{'k'}, MaxID), OrderID: bytes.Repeat([]byte{'o'}, MaxID)})
	}
	c.ComplaintDays = slices.Repeat([]ComplaintDay{
		{Day: -1 << 31, Count: 1<<16 - 1, Category: 5, Aside: true}}, MaxComplaintDays)
	c.LastComplaint = far
	c.Life = Life{Days: 1<<32 - 1, Orders: 1<<32 - 1, First: -1 << 31, Last: -1 << 31, Net: -1 << 63,
		RepeatNet: -1 << 63, RepeatDays: 1<<32 - 1, ActivityDays: 1<<32 - 1, FirstAct: -1 << 31, LastAct: -1 << 31,
		LostNet: -1 << 63}
	c.Profile = Profile{SegmentAt: far, ConsentAt: far, SegmentHash: 1, ConsentHash: 1, Segment: 1, OptedOut: 1}
	c.Ratings = Ratings{Last: Rating{At: far, Hash: 1, Value: 5},
		Previous: Rating{At: far, Hash: 1, Value: 5}}
	c.Closing = Closing{At: far, Hash: 1, Reason: 1}
	c.Interest = Interest{ReferralAt: far, ProspectAt: far, ReviewAt: far}
	c.Opaque = append(c.Opaque, bytes.Repeat([]byte{byte(r.Uint32())}, MaxOpaque)...)
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
