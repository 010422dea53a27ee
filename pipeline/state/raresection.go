package state

import (
	"encoding/binary"

	"github.com/holdfast/holdfast/pipeline/event"
)

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

// rarePart is what few records have.
type rarePart struct {
	Life     Life
	Profile  Profile
	Ratings  Ratings
	Closing  Closing
	Interest Interest
	Rhythm   Rhythm
}

const longestRare = 6 * 12 * longestVarint

// What few records have, one section a family: its fields in their order, numbers as
// varints, instants as spans, ties in 4 bytes.

func appendLife(out []byte, l *Life) []byte {
	out = binary.AppendUvarint(out, uint64(l.Days))
	out = binary.AppendUvarint(out, uint64(l.Orders))
	out = AppendDay(out, l.First)
	out = AppendDay(out, l.Last)
	out = appendVarint(out, l.Net)
	out = appendVarint(out, l.RepeatNet)
	out = binary.AppendUvarint(out, uint64(l.RepeatDays))
	out = binary.AppendUvarint(out, uint64(l.ActivityDays))
	out = AppendDay(out, l.FirstAct)
	out = AppendDay(out, l.LastAct)
	return appendVarint(out, l.LostNet)
}

func (r *Reader) life(l *Life) {
	const most = 1<<32 - 1
	*l = Life{Days: uint32(r.UpTo(most)), Orders: uint32(r.UpTo(most)), First: r.Day(), Last: r.Day(),
		Net: r.varint(), RepeatNet: r.varint(), RepeatDays: uint32(r.UpTo(most)), ActivityDays: uint32(r.UpTo(most)),
		FirstAct: r.Day(), LastAct: r.Day(), LostNet: r.varint()}
}

func appendProfile(out []byte, p *Profile) []byte {
	out = append(out, p.Segment, p.OptedOut)
	out = appendTied(out, p.SegmentAt, p.SegmentHash)
	return appendTied(out, p.ConsentAt, p.ConsentHash)
}

func (r *Reader) profile(p *Profile) {
	p.Segment, p.OptedOut = r.Byte(), r.Byte()
	p.SegmentAt, p.SegmentHash = r.tied()
	p.ConsentAt, p.ConsentHash = r.tied()
}

// appendTied writes an instant with its tie; one that never was is one byte.
func appendTied(out []byte, at event.Instant, tie uint32) []byte {
	out = AppendSpan(out, at)
	if at == 0 {
		return out
	}
	return binary.LittleEndian.AppendUint32(out, tie)
}

func (r *Reader) tied() (at event.Instant, tie uint32) {
	if at = r.Span(); at != 0 {
		tie = r.uint32()
	}
	return at, tie
}

func appendRatings(out []byte, rs *Ratings) []byte {
	out = appendTied(append(out, rs.Last.Value), rs.Last.At, rs.Last.Hash)
	return appendTied(append(out, rs.Previous.Value), rs.Previous.At, rs.Previous.Hash)
}

func (r *Reader) ratings(rs *Ratings) {
	for _, one := range [...]*Rating{&rs.Last, &rs.Previous} {
		one.Value = r.Byte()
		one.At, one.Hash = r.tied()
	}
}

func appendClosing(out []byte, c *Closing) []byte {
	return appendTied(append(out, uint8(c.Reason)), c.At, c.Hash)
}

func (r *Reader) closing(c *Closing) {
	c.Reason = event.ClosureReason(r.Byte())
	c.At, c.Hash = r.tied()
}

func appendInterest(out []byte, i *Interest) []byte {
	return AppendSpan(AppendSpan(AppendSpan(out, i.ReferralAt), i.ProspectAt), i.ReviewAt)
}

func (r *Reader) interest(i *Interest) {
	i.ReferralAt, i.ProspectAt, i.ReviewAt = r.Span(), r.Span(), r.Span()
}
