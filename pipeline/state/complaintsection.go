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

// complaintPart is the complaints of a record.
type complaintPart struct {
	Complaints    []Complaint // ascending by (OpenedAt, Hash)
	ComplaintDays []ComplaintDay
	// LastComplaint is the latest of the complaints no longer remembered; 0 none.
	LastComplaint event.Instant

	complaintRoom  [MaxComplaints + 1]Complaint
	complaintDayRm [MaxComplaintDays + 1]ComplaintDay
}

const (
	longestCompl = MaxComplaints * (2 + 7 + 5 + 6*longestVarint + 1)
	longestOlder = longestVarint + MaxComplaintDays*(5+3+1)
)

func (p *complaintPart) clear() {
	p.Complaints, p.ComplaintDays, p.LastComplaint = p.complaintRoom[:0], p.complaintDayRm[:0], 0
}

// The section of complaints has for each complaint, in the order of the record:
//
//	what follows u8 | status u8 | key, 7 bytes | span since the complaint
//	before | what the bits name, in their order; instants as spans since it
//	was opened
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

func appendComplaints(out []byte, all []Complaint) []byte {
	before := event.Instant(0)
	for i := range all {
		k := &all[i]
		what := complaintBits(k)
		out = append(out, what, uint8(k.Status))
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
		r.oneComplaint(k, before)
		before = k.OpenedAt
	}
	c.Complaints = c.complaintRoom[:n]
}

func (r *Reader) oneComplaint(k *Complaint, before event.Instant) {
	what := r.Byte()
	*k = Complaint{Status: event.Status(r.Byte()), Hash: r.key()}
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
}

// The section of older complaints: the latest of them as a span, then for each
// day and category the day, the count, and the category u8.
func appendComplaintDays(out []byte, last event.Instant, days []ComplaintDay) []byte {
	out = AppendSpan(out, last)
	for i := range days {
		d := &days[i]
		out = AppendDay(out, event.Day(d.Day))
		out = binary.AppendUvarint(out, uint64(d.Count))
		out = append(out, uint8(d.Category))
	}
	return out
}

func (c *Customer) readComplaintDays(r *Reader) {
	c.LastComplaint = r.Span()
	n := 0
	for ; len(r.in) > 0 && n < MaxComplaintDays; n++ {
		c.complaintDayRm[n] = ComplaintDay{Day: int32(r.Day()), Count: uint16(r.UpTo(1<<16 - 1)),
			Category: event.Category(r.Byte())}
	}
	c.ComplaintDays = c.complaintDayRm[:n]
}
