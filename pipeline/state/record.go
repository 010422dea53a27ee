// Package state keeps the customers of one shard: fixed core records in pages
// of 256, each with what else is known of the customer in tagged sections of a
// compact form, indexed by a hash of the customer's id; an undo journal;
// deadlines in coarse buckets; and the encoding of a page for the checkpoint
// topic.
//
// A customer is read with Slab.Load into a Customer, changed there, and
// written back with Slab.Store. A visit that changes nothing else goes through
// Slab.OpenVisit, which decodes nothing. Nothing else touches a page. The
// package is pure: no goroutine, clock, I/O or map iteration.
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
	MaxOpaque = 2048
	// MaxID is the longest id, in bytes.
	MaxID = 128
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
	// Settled says that nothing of what is judged depends on the day: a visit
	// changes only what Slab.OpenVisit can change.
	Settled
	// OrdersForgotten says that an order that counts is no longer remembered:
	// what names an unknown order may be about that one.
	OrdersForgotten
)

// Core is the part of a record that every event touches: 48 bytes, no
// pointers. What else is known lies in the record's run, see
// sections.go.
type Core struct {
	IDHash   uint64
	Deadline event.Instant // the next instant at which something changes in silence; Never if none
	JudgedAt event.Instant // the latest instant at which the customer was judged
	Silence  event.Instant // how far the customer is known to have been silent; 0 where it is not known

	FoldedThrough event.Day // days up to this one are folded into Life; 0 if none
	Parameters    uint32    // hash of the parameters that Opaque was computed by
	runAt         uint32    // offset of the run in the area of its group, in bytes
	runLen        uint16    // bytes
	Flags         Flag
}

// EventMark remembers one event id.
type EventMark struct {
	At   event.Instant
	Hash uint64 // FingerprintOf the event id's hash
}

// Order is one remembered order, or the refund that waits for it.
type Order struct {
	Hash     uint64        // KeyOf the order id's hash
	At       event.Instant // earliest event that counts it; before that, the earliest event about it
	BestAt   event.Instant // the event that gives the amount: highest status, then earliest
	BestHash uint32
	Net      int64 // minor units, of the order itself; before it counts, of its chargeback
	Refunded int64 // by refunds
	Adjusted int64 // by adjustments
	Statuses uint16
	Flags    OrderFlag
	Best     uint8   // rank of the highest status: 0 none, 1 placed … 4 delivered
	Currency [3]byte // of the amounts; before the order counts, of what waits for it
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
	Hash         uint64        // KeyOf the complaint id's hash
	OpenedAt     event.Instant // earliest event about it
	CategoryAt   event.Instant // earliest event that names a category; 0 if none did
	StatusAt     event.Instant // of the latest status
	RespondedAt  event.Instant // earliest sign of a response; 0 if none
	ResolvedAt   event.Instant // latest resolution; 0 if none
	DueAt        event.Instant // sla_due_at of the latest event that gives one; 0 if none
	CategoryHash uint32
	Status       event.Status
	Category     event.Category
	Severity     uint8
}

// ComplaintDay counts complaints that are no longer remembered one by one.
type ComplaintDay struct {
	Day      int32
	Count    uint16
	Category event.Category
}

// Life holds the sums of what left the retained range.
type Life struct {
	Days         uint32 // purchase days
	Orders       uint32
	First        event.Day // first purchase day of all, if Days > 0
	Last         event.Day
	Net          int64 // net of all folded days
	RepeatNet    int64 // net of folded repeat days with a positive one
	RepeatDays   uint32
	ActivityDays uint32
	FirstAct     event.Day
	LastAct      event.Day

	LostNet int64 // refunds that found no order, deducted from life money
}

// Profile holds what the customer's events say of segment and consent.
type Profile struct {
	SegmentAt   event.Instant
	ConsentAt   event.Instant
	SegmentHash uint32
	ConsentHash uint32
	Segment     uint8
	OptedOut    uint8
}

// Rating is one rating with its order.
type Rating struct {
	At    event.Instant
	Hash  uint32
	Value uint8 // 1 to 5; 0 if none
}

// Ratings holds the two latest.
type Ratings struct{ Last, Previous Rating }

// Closing is the latest closure of the account.
type Closing struct {
	At     event.Instant
	Hash   uint32
	Reason event.ClosureReason
}

// Interest holds the latest instants of what the customer did besides; 0 never.
type Interest struct {
	ReferralAt event.Instant
	ProspectAt event.Instant // cart or inquiry
	ReviewAt   event.Instant // public review with five stars
}

// Customer is a loaded record: a working copy that the shard changes and
// stores back. It is reused from customer to customer; its slices are valid
// until the next Load.
type Customer struct {
	Core
	ID            []byte
	Days          window.Days
	Weeks         window.Weeks
	Events        []EventMark // ascending by (At, Hash)
	Orders        []Order     // ascending by (At, Hash)
	Complaints    []Complaint // ascending by (OpenedAt, Hash)
	ComplaintDays []ComplaintDay
	// LastComplaint is the latest of the complaints no longer remembered; 0 none.
	LastComplaint event.Instant

	Life     Life
	Profile  Profile
	Ratings  Ratings
	Closing  Closing
	Interest Interest

	Opaque         []byte // the alert policy's part, its encoding is the shard's affair
	slot           Slot
	fresh          bool
	idBuffer       [MaxID]byte
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

// LastEvent is the instant of the latest event that is remembered; 0 if none.
func (c *Customer) LastEvent() event.Instant {
	if n := len(c.Events); n > 0 {
		return c.Events[n-1].At
	}
	return 0
}
