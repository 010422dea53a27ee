package checkpoint

import "encoding/binary"

const (
	// RecentDays is how many days a Volume keeps beside the one that is under way.
	RecentDays = 7
	// UsualWeeks is how many usual days of each weekday it keeps.
	UsualWeeks = 4
)

// Volume is how much comes on an input in a day, by event time. Days are those of
// UTC, counted since 1970. The zero value: nothing has come.
type Volume struct {
	Day     int64 // the latest that the input has reached; 0 = none
	Since   int64 // the first day of a drop that goes on; 0 = none
	Settled bool  // the day before Day has been judged
	// Odd has bit n for a day of Recent that is part of a drop, or not seen in full; the
	// highest one is that of the day before.
	Odd    uint64
	Recent [RecentDays + 1]uint32
	// Usual are the latest usual days of each weekday (0 is a Thursday, as Day 0 is),
	// the newest first, older than Recent: the number and one; 0 = not known yet.
	Usual [7][UsualWeeks]uint32
}

const maxOdd = 1<<(RecentDays+2) - 1

func (v *Volume) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, zigzag(v.Day))
	if v.Day == 0 {
		return dst
	}
	settled := uint64(0)
	if v.Settled {
		settled = 1
	}
	for _, n := range [...]uint64{zigzag(v.Since), settled, v.Odd} {
		dst = binary.AppendUvarint(dst, n)
	}
	for _, n := range v.Recent {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	for i := range v.Usual {
		for _, n := range v.Usual[i] {
			dst = binary.AppendUvarint(dst, uint64(n))
		}
	}
	return dst
}

func (r *entryReader) volume(v *Volume) {
	const most = 1<<32 - 1
	if v.Day = r.varint(); v.Day == 0 {
		return
	}
	v.Since, v.Settled, v.Odd = r.varint(), r.count(1) == 1, r.count(maxOdd)
	for i := range v.Recent {
		v.Recent[i] = uint32(r.count(most))
	}
	for i := range v.Usual {
		for k := range v.Usual[i] {
			v.Usual[i][k] = uint32(r.count(most))
		}
	}
}
