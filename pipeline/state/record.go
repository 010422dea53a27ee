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

import "github.com/holdfast/holdfast/pipeline/event"

// Limits of what one record remembers.
const (
	// PageSize is the number of customers of a page.
	PageSize = 256
	// MaxEvents is how many of the latest event ids are remembered.
	MaxEvents = 32
	// MaxOrders is how many of the latest orders are remembered.
	MaxOrders = 16
	// MaxTakenBack is how many refunds and adjustments of one order are known again.
	MaxTakenBack = 8
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
	MaxOpaque = 4096
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

// Customer is a loaded record: a working copy that the shard changes and
// stores back. It is reused from customer to customer; its slices are valid
// until the next Load. The parts stand with the sections that they are written
// as, each with its room.
type Customer struct {
	Core
	ID []byte
	dayPart
	markPart
	orderPart
	complaintPart
	rarePart

	Opaque       []byte // the alert policy's part, its encoding is the shard's affair
	slot         Slot
	fresh        bool
	idBuffer     [MaxID]byte
	opaqueBuffer [MaxOpaque]byte
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
