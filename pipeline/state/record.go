// Package state keeps the customers of one shard: fixed-layout core records in
// pages of 256, each page with the side records of its customers, indexed by a
// hash of the customer's id; an undo journal; deadlines in coarse buckets; and
// the encoding of a page for the checkpoint topic.
//
// A customer is read with Slab.Load into a Customer, changed there, and
// written back with Slab.Store. Nothing else touches a page. The package is
// pure: no goroutine, clock, I/O or map iteration.
package state

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/window"
)

// Limits of what one record remembers.
const (
	// PageSize is the number of customers of a page.
	PageSize = 256
	// MaxEvents is how many of the latest event ids are remembered.
	MaxEvents = 32
	// MaxOrders is how many of the latest orders are remembered.
	MaxOrders = 16
	// MaxComplaints is how many complaints are remembered, open ones first.
	MaxComplaints = 16
	// MaxComplaintDays bounds the counts of complaints no longer remembered.
	MaxComplaintDays = 128
	// MaxDays bounds the retained days of a record; RetainedDays of them are
	// the rule, the rest is room for events ahead of the clock.
	MaxDays = 1024
	// MaxWeeks bounds the marked weeks.
	MaxWeeks = 160
	// MaxOpaque bounds what the alert policy keeps in a record, in bytes.
	MaxOpaque = 1024
	// inlineID is the longest id that stands in the core record itself.
	inlineID = 36
)

// Never is a deadline that does not come.
const Never event.Instant = 1<<63 - 1

// Flag is a bit of a core record.
type Flag uint8

// Flags.
const (
	// Approximate says that something older than what is remembered may be
	// counted wrongly.
	Approximate Flag = 1 << iota
	// RowPending says that the customer changed since its last row.
	RowPending
	// DoNotRetain marks a chargeback or fraud.
	DoNotRetain
	hasRare
	// OrdersForgotten says that an order that counts is no longer remembered:
	// what names an unknown order may be about that one.
	OrdersForgotten
)

// Core is the part of a record that every event touches: 96 bytes, no
// pointers, no padding. Counts say how long the side sections are.
type Core struct {
	IDHash    uint64
	Deadline  event.Instant // the next instant at which something changes in silence; Never if none
	JudgedAt  event.Instant // the latest instant at which the customer was judged
	LastEvent event.Instant // occurred_at of the latest event applied

	FoldedThrough event.Day // days up to this one are folded into Rare; 0 if none
	sideAt        uint32    // offset in the page's side area, in words of 8 bytes
	sideCap       uint16    // words reserved there
	sideLen       uint16    // words used

	nDays          uint16
	nOpaque        uint16 // bytes
	idLen          uint8
	nEvents        uint8
	nWeeks         uint8
	nOrders        uint8
	nComplaints    uint8
	nComplaintDays uint8
	Flags          Flag
	spare          [5]uint8
	id             [inlineID]byte
}

// EventMark remembers one event id.
type EventMark struct {
	At   event.Instant
	Hash uint64
}

// Order is one remembered order, or the refund that waits for it.
type Order struct {
	Hash     uint64
	At       event.Instant // earliest event that counts it; before that, the earliest event about it
	BestAt   event.Instant // the event that gives the amount: highest status, then earliest
	BestHash uint64
	Net      int64 // minor units, of the order itself; before it counts, of its chargeback
	Refunded int64 // by refunds
	Adjusted int64 // by adjustments
	Statuses uint16
	Flags    OrderFlag
	Best     uint8   // rank of the highest status: 0 none, 1 placed … 4 delivered
	Currency [3]byte // of the amounts; before the order counts, of what waits for it
	//lint:ignore U1000 named, so that its bytes are zero in every page
	spare uint8
}

// OrderFlag is a bit of an Order.
type OrderFlag uint8

// Order flags.
const (
	OrderCounts     OrderFlag = 1 << iota // an event with a counting status came
	OrderCancelled                        // cancelled or charged back
	OrderRefundSeen                       // at least one refund came
	OrderForeign                          // in another currency: counts its day, not its money
)

// Complaint is one remembered complaint.
type Complaint struct {
	Hash          uint64
	OpenedAt      event.Instant // earliest event about it
	CategoryAt    event.Instant // earliest event that names a category; 0 if none did
	StatusAt      event.Instant // of the latest status
	RespondedAt   event.Instant // earliest sign of a response; 0 if none
	ResolvedAt    event.Instant // latest resolution; 0 if none
	DueAt         event.Instant // sla_due_at of the latest event that gives one; 0 if none
	CategoryHash  uint64
	Status        event.Status
	Category      event.Category
	Severity      uint8
	ResolvedKnown uint8
	//lint:ignore U1000 named, so that its bytes are zero in every page
	spare uint32
}

// ComplaintDay counts complaints that are no longer remembered one by one.
type ComplaintDay struct {
	Day      int32
	Count    uint16
	Category event.Category
	//lint:ignore U1000 named, so that its bytes are zero in every page
	spare uint8
}

// Rating is one rating with its order.
type Rating struct {
	At    event.Instant
	Hash  uint64
	Value uint64 // 1 to 5; 0 if none
}

// Rare holds what few records have. It is present once one of its fields is set.
type Rare struct {
	// Life sums of the days that left the retained range.
	FoldedDays         uint32 // purchase days
	FoldedOrders       uint32
	FoldedFirst        event.Day // first purchase day of all, if FoldedDays > 0
	FoldedLast         event.Day
	FoldedNet          int64 // net of all folded days
	FoldedRepeatNet    int64 // net of folded repeat days with a positive one
	FoldedRepeatDays   uint32
	FoldedActivityDays uint32
	FoldedFirstAct     event.Day
	FoldedLastAct      event.Day

	LostNet int64 // refunds that found no order, deducted from life money

	LastComplaint event.Instant // latest of the complaints no longer remembered
	ReviewAt      event.Instant // latest public review with five stars

	RatingLast, RatingPrevious Rating

	SegmentAt   event.Instant
	SegmentHash uint64
	ConsentAt   event.Instant
	ConsentHash uint64
	ClosedAt    event.Instant
	ClosedHash  uint64
	ReferralAt  event.Instant
	ProspectAt  event.Instant // latest cart or inquiry

	Segment  uint8
	OptedOut uint8
	Closure  event.ClosureReason
	//lint:ignore U1000 named, so that its bytes are zero in every page
	spare [5]uint8
}

// Customer is a loaded record: a working copy that the shard changes and
// stores back. It is reused from customer to customer; its slices are valid
// until the next Load.
type Customer struct {
	Core
	ID             []byte
	Days           window.Days
	Weeks          window.Weeks
	Events         []EventMark // ascending by (At, Hash)
	Orders         []Order     // ascending by (At, Hash)
	Complaints     []Complaint // ascending by (OpenedAt, Hash)
	ComplaintDays  []ComplaintDay
	Rare           Rare
	Opaque         []byte // the alert policy's part, its encoding is the shard's affair
	slot           Slot
	fresh          bool
	idBuffer       [128]byte
	eventBuffer    [MaxEvents + 1]EventMark
	orderBuffer    [MaxOrders + 1]Order
	complaintRoom  [MaxComplaints + 1]Complaint
	complaintDayRm [MaxComplaintDays + 1]ComplaintDay
	dayBuffer      [MaxDays + 1]window.Day
	weekBuffer     [MaxWeeks + 1]window.Week
	opaqueBuffer   [MaxOpaque]byte
}

// Slot is the place of a record in its slab: page · 256 + position.
type Slot uint32

// Slot gives the place of the loaded record.
func (c *Customer) Slot() Slot { return c.slot }

// IsNew says whether the record was created by the Load that gave it.
func (c *Customer) IsNew() bool { return c.fresh }
