package state

import (
	"encoding/binary"
	"math"
)

// Rhythm holds what the gaps between purchase days that left the retained range
// say of how regular they were. It is of use while Gaps is one less than Life.Days;
// where it is not, some of those days are known by their number alone.
type Rhythm struct {
	Gaps    uint32 // that are in LogGaps
	LogGaps int64  // Σ LogGapOf
}

// logGapBits are the fractional bits of a LogGapOf: sums are exact in any order,
// and short in a record.
const logGapBits = 20

// LogGapOf is the natural logarithm of a gap in weeks, as fixed point with 20
// fractional bits; days ≥ 1.
func LogGapOf(days int32) int64 {
	return int64(math.Round(math.Log(float64(days)/7) * (1 << logGapBits)))
}

// LogGapSum is a sum of LogGapOf as a number.
func LogGapSum(sum int64) float64 { return float64(sum) / (1 << logGapBits) }

func appendRhythm(out []byte, r *Rhythm) []byte {
	return appendVarint(binary.AppendUvarint(out, uint64(r.Gaps)), r.LogGaps)
}

func (r *Reader) rhythm(v *Rhythm) { *v = Rhythm{Gaps: uint32(r.UpTo(1<<32 - 1)), LogGaps: r.varint()} }
