package state

import (
	"encoding/binary"

	"github.com/holdfast/holdfast/pipeline/event"
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
	DueSetAt     event.Instant // when that event occurred; 0 if none did, or in a record of format 3
	ReopenedAt   event.Instant // latest reopening; 0 if none
	CategoryHash uint32
	DueHash      uint32 // tie of the event of DueSetAt
	Status       event.Status
	Category     event.Category
	Severity     uint8
	Kinds        ComplaintKinds // of its events; 0 in a record of format 3
	// ID and OrderID are the texts of its id and of its order's, at most MaxID bytes
	// each, while the shard wants them kept; the record owns them, see KeepText.
	ID, OrderID []byte
}

// ComplaintKinds are the kinds of event that have told of a complaint.
type ComplaintKinds uint8

// One bit per kind: three are all that a record has room for.
const (
	OfComplaint ComplaintKinds = 1 << iota
	OfReturnRequest
	OfDispute
)

// ComplaintDay counts complaints that are no longer remembered one by one.
type ComplaintDay struct {
	Day      int32
	Count    uint16
	Category event.Category
	Aside    bool // they do not count as repeated: none was of a kind that does
}

// complaintPart is the complaints of a record.
type complaintPart struct {
	Complaints    []Complaint // ascending by (OpenedAt, Hash)
	ComplaintDays []ComplaintDay
	// LastComplaint is the latest of the complaints no longer remembered; 0 none.
	LastComplaint event.Instant

	complaintRoom  [MaxComplaints + 1]Complaint
	complaintDayRm [MaxComplaintDays + 1]ComplaintDay
	complaintTexts []byte // what ID and OrderID of the complaints point to
}

// KeepText gives a copy of a text that is valid as long as the record is.
func (p *complaintPart) KeepText(text []byte) []byte {
	start := len(p.complaintTexts)
	p.complaintTexts = append(p.complaintTexts, text...)
	return p.complaintTexts[start:len(p.complaintTexts):len(p.complaintTexts)]
}

const (
	longestCompl = MaxComplaints * (2 + 7 + 5 + 6*longestVarint + 1 + 1 + 2*longestVarint + 4 + 2*(1+MaxID))
	longestOlder = longestVarint + MaxComplaintDays*(5+3+1)
)

func (p *complaintPart) clear() {
	p.Complaints, p.ComplaintDays, p.LastComplaint = p.complaintRoom[:0], p.complaintDayRm[:0], 0
	p.complaintTexts = p.complaintTexts[:0]
}

// The section of complaints has for each complaint, in the order of the record:
//
//	what follows u8 | status and kinds u8 | key, 7 bytes | span since the
//	complaint before | what the bits name, in their order; instants as spans
//	since it was opened
//
// The status has the lowest four bits of its byte, the kinds have the highest
// three. The bit between says that there is more: a byte of bits, and what they
// name. Format 3 has neither kinds nor more.
const (
	complaintHasCategory = 1 << iota // category u8, tie 4 bytes
	complaintNamedLater              // category at another instant than the opening
	complaintStatusLater             // status at another instant than the opening
	complaintHasResponse             // earliest sign of a response
	complaintHasResolved             // latest resolution
	complaintHasDue                  // its own due time
	complaintHasSeverity             // u8
	complaintNeverStatus             // StatusAt is 0
)

const (
	complaintStatus    = 1<<4 - 1
	complaintHasMore   = 1 << 4
	complaintKindShift = 5
)

const (
	complaintReopened = 1 << iota // latest reopening
	complaintDueSet               // the event of the due time: when, tie 4 bytes
	complaintHasID                // length u8, text
	complaintHasOrder             // length u8, text
)

func complaintBits(k *Complaint) (what uint8) {
	set := func(bit uint8, on bool) {
		if on {
			what |= bit
		}
	}
	set(complaintHasCategory, k.CategoryAt != 0)
	set(complaintNamedLater, k.CategoryAt != 0 && k.CategoryAt != k.OpenedAt)
	set(complaintStatusLater, k.StatusAt != 0 && k.StatusAt != k.OpenedAt)
	set(complaintHasResponse, k.RespondedAt != 0)
	set(complaintHasResolved, k.ResolvedAt != 0)
	set(complaintHasDue, k.DueAt != 0)
	set(complaintHasSeverity, k.Severity != 0)
	set(complaintNeverStatus, k.StatusAt == 0)
	return what
}

func complaintMore(k *Complaint) (more uint8) {
	if k.ReopenedAt != 0 {
		more |= complaintReopened
	}
	if k.DueSetAt != 0 {
		more |= complaintDueSet
	}
	if len(k.ID) > 0 {
		more |= complaintHasID
	}
	if len(k.OrderID) > 0 {
		more |= complaintHasOrder
	}
	return more
}

func appendComplaintMore(out []byte, k *Complaint, more uint8) []byte {
	out = append(out, more)
	if more&complaintReopened != 0 {
		out = AppendSpan(out, k.ReopenedAt-k.OpenedAt)
	}
	if more&complaintDueSet != 0 {
		out = binary.LittleEndian.AppendUint32(AppendSpan(out, k.DueSetAt-k.OpenedAt), k.DueHash)
	}
	if more&complaintHasID != 0 {
		out = append(append(out, uint8(len(k.ID))), k.ID...)
	}
	if more&complaintHasOrder != 0 {
		out = append(append(out, uint8(len(k.OrderID))), k.OrderID...)
	}
	return out
}

func (c *Customer) readComplaintMore(r *Reader, k *Complaint) {
	more := r.Byte()
	if more&complaintReopened != 0 {
		k.ReopenedAt = k.OpenedAt + r.Span()
	}
	if more&complaintDueSet != 0 {
		k.DueSetAt = k.OpenedAt + r.Span()
		k.DueHash = r.uint32()
	}
	if more&complaintHasID != 0 {
		k.ID = c.KeepText(r.take(int(r.Byte())))
	}
	if more&complaintHasOrder != 0 {
		k.OrderID = c.KeepText(r.take(int(r.Byte())))
	}
}

func appendComplaints(out []byte, all []Complaint) []byte {
	before := event.Instant(0)
	for i := range all {
		k := &all[i]
		what, more := complaintBits(k), complaintMore(k)
		status := uint8(k.Status) | uint8(k.Kinds)<<complaintKindShift
		if more != 0 {
			status |= complaintHasMore
		}
		out = append(out, what, status)
		out = appendKey(out, k.Hash)
		out = AppendSpan(out, k.OpenedAt-before)
		before = k.OpenedAt
		if what&complaintHasCategory != 0 {
			out = binary.LittleEndian.AppendUint32(append(out, uint8(k.Category)), k.CategoryHash)
		}
		for bit, at := range complaintInstants(k) {
			if what&(complaintNamedLater<<bit) != 0 {
				out = AppendSpan(out, at-k.OpenedAt)
			}
		}
		if what&complaintHasSeverity != 0 {
			out = append(out, k.Severity)
		}
		if more != 0 {
			out = appendComplaintMore(out, k, more)
		}
	}
	return out
}

// complaintInstants are the instants of the bits from complaintNamedLater to complaintHasDue.
func complaintInstants(k *Complaint) [5]event.Instant {
	return [5]event.Instant{k.CategoryAt, k.StatusAt, k.RespondedAt, k.ResolvedAt, k.DueAt}
}

func (c *Customer) readComplaints(r *Reader) {
	before := event.Instant(0)
	n := 0
	for ; len(r.in) > 0 && n < MaxComplaints; n++ {
		k := &c.complaintRoom[n]
		c.readComplaint(r, k, before)
		before = k.OpenedAt
	}
	c.Complaints = c.complaintRoom[:n]
}

func (c *Customer) readComplaint(r *Reader, k *Complaint, before event.Instant) {
	what, status := r.Byte(), r.Byte()
	*k = Complaint{Status: event.Status(status & complaintStatus), Kinds: ComplaintKinds(status >> complaintKindShift),
		Hash: r.key()}
	k.OpenedAt = before + r.Span()
	if what&complaintHasCategory != 0 {
		k.CategoryAt, k.Category, k.CategoryHash = k.OpenedAt, event.Category(r.Byte()), r.uint32()
	}
	if what&complaintNeverStatus == 0 {
		k.StatusAt = k.OpenedAt
	}
	for bit, at := range [...]*event.Instant{&k.CategoryAt, &k.StatusAt, &k.RespondedAt, &k.ResolvedAt, &k.DueAt} {
		if what&(complaintNamedLater<<bit) != 0 {
			*at = k.OpenedAt + r.Span()
		}
	}
	if what&complaintHasSeverity != 0 {
		k.Severity = r.Byte()
	}
	if status&complaintHasMore != 0 {
		c.readComplaintMore(r, k)
	}
}

// The section of older complaints: the latest of them as a span, then for each
// day and category the day, the count, and the category u8, the highest bit of
// which says that they stand aside.
const complaintsAside = 1 << 7

func appendComplaintDays(out []byte, last event.Instant, days []ComplaintDay) []byte {
	out = AppendSpan(out, last)
	for i := range days {
		d := &days[i]
		out = AppendDay(out, event.Day(d.Day))
		out = binary.AppendUvarint(out, uint64(d.Count))
		category := uint8(d.Category)
		if d.Aside {
			category |= complaintsAside
		}
		out = append(out, category)
	}
	return out
}

func (c *Customer) readComplaintDays(r *Reader) {
	c.LastComplaint = r.Span()
	n := 0
	for ; len(r.in) > 0 && n < MaxComplaintDays; n++ {
		d := ComplaintDay{Day: int32(r.Day()), Count: uint16(r.UpTo(1<<16 - 1))}
		category := r.Byte()
		d.Category, d.Aside = event.Category(category&^complaintsAside), category&complaintsAside != 0
		c.complaintDayRm[n] = d
	}
	c.ComplaintDays = c.complaintDayRm[:n]
}
