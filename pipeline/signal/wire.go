package signal

import (
	"encoding/binary"
	"math"
)

// The block format, version 1. All numbers are little-endian.
//
//	"HFB" version(1)
//	table u8 · compression u8 (0 none, 1 s2) · rows u32 · columns u16
//	body bytes u32 · payload bytes u32
//	meta bytes u16, then: exponent u8 · currency · time zone (u8 length, bytes);
//	  what follows inside the meta is of a newer writer and skipped
//	shards u32, then each: shard u16 · first u64 · last u64 · rows u32
//	payload: the body, compressed
//	checksum u64: xxHash64 of everything before it
//
// Body, once per column: name (u8 length, bytes) · kind u8 · flags u8 · data
// bytes u32 · data. A reader skips columns and kinds that it does not know.
// Data, in this order:
//
//	flagList      lengths of the rows' lists (numbers)
//	flagNullable  0 all defined | 1 none defined | 2 bitmap; undefined rows have
//	              no value in what follows
//	flagDict      entries (u32), each u32 length and bytes; then codes (numbers)
//	texts         lengths (numbers), then all bytes
//	floats        0 one value for all rows | 1 eight planes, one per byte
//	integers      numbers
//
// Numbers: mode u8 · base u64 · values. Mode's low four bits are the bytes of a
// value above the base (0, 1, 2, 4, 8; 0: all equal the base); with modeDelta a
// first value u64 stands before, and the values are differences to the previous
// one. No values at all: nothing is written.
const (
	blockVersion = 1

	compressNone = 0
	compressS2   = 1

	flagNullable = 1 << 0
	flagList     = 1 << 1
	flagDict     = 1 << 2

	validAll    = 0
	validNone   = 1
	validBitmap = 2

	floatConstant = 0
	floatPlanes   = 1

	modeWidth = 0x0f
	modeDelta = 0x10

	headerBytes        = 4 + 1 + 1 + 4 + 2 + 4 + 4 + 2
	shardBytes         = 2 + 8 + 8 + 4
	checksumBytes      = 8
	blockOverheadBytes = 32 << 10 // header, column names, names of enumerations
)

var blockMagic = [3]byte{'H', 'F', 'B'}

// appendNumbers writes values, signed or not, in the narrower of two forms:
// above their minimum, or as differences above the least difference.
func appendNumbers(dst []byte, values []uint64, signed bool) []byte {
	if len(values) == 0 {
		return dst
	}
	flip := uint64(0)
	if signed {
		flip = 1 << 63 // maps signed order to unsigned order
	}
	least, most := values[0]^flip, values[0]^flip
	leastStep, mostStep := int64(math.MaxInt64), int64(math.MinInt64)
	previous := values[0]
	for _, v := range values[1:] {
		step := int64(v - previous)
		previous = v
		leastStep, mostStep = min(leastStep, step), max(mostStep, step)
		least, most = min(least, v^flip), max(most, v^flip)
	}
	width := widthOf(most - least)
	if len(values) > 1 {
		if w := widthOf(uint64(mostStep - leastStep)); w < width {
			return appendSteps(dst, values, uint64(leastStep), w)
		}
	}
	base := least ^ flip
	dst = append(dst, byte(width))
	dst = binary.LittleEndian.AppendUint64(dst, base)
	switch width {
	case 1:
		for _, v := range values {
			dst = append(dst, byte(v-base))
		}
	case 2:
		for _, v := range values {
			dst = binary.LittleEndian.AppendUint16(dst, uint16(v-base))
		}
	case 4:
		for _, v := range values {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(v-base))
		}
	case 8:
		for _, v := range values {
			dst = binary.LittleEndian.AppendUint64(dst, v-base)
		}
	}
	return dst
}

func appendSteps(dst []byte, values []uint64, base uint64, width int) []byte {
	dst = append(dst, byte(width)|modeDelta)
	dst = binary.LittleEndian.AppendUint64(dst, values[0])
	dst = binary.LittleEndian.AppendUint64(dst, base)
	previous := values[0]
	for _, v := range values[1:] {
		rest := v - previous - base
		previous = v
		switch width {
		case 1:
			dst = append(dst, byte(rest))
		case 2:
			dst = binary.LittleEndian.AppendUint16(dst, uint16(rest))
		case 4:
			dst = binary.LittleEndian.AppendUint32(dst, uint32(rest))
		}
	}
	return dst
}

// widthOf is the number of bytes, of those the format has, that hold v.
func widthOf(v uint64) int {
	switch {
	case v == 0:
		return 0
	case v <= math.MaxUint8:
		return 1
	case v <= math.MaxUint16:
		return 2
	case v <= math.MaxUint32:
		return 4
	}
	return 8
}

// appendFloats writes the bit patterns of floats: once where all are equal,
// else byte by byte in planes, where the compressor finds the exponents.
func appendFloats(dst []byte, bits []uint64) []byte {
	if len(bits) == 0 {
		return dst
	}
	equal := true
	for _, v := range bits {
		equal = equal && v == bits[0]
	}
	if equal {
		dst = append(dst, floatConstant)
		return binary.LittleEndian.AppendUint64(dst, bits[0])
	}
	dst = append(dst, floatPlanes)
	for shift := 0; shift < 64; shift += 8 {
		for _, v := range bits {
			dst = append(dst, byte(v>>shift))
		}
	}
	return dst
}
