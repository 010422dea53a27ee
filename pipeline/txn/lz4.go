package txn

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kgo"
)

// The client reads LZ4 batches through a stream reader, which copies every byte
// once more than needed and checks sums of what the batch's own CRC has covered.
// Here the blocks of a frame are unpacked right into where they stay. Frames of
// a form that Kafka's own clients do not write are left to the client.
//
// LZ4 frame format 1.6: magic, flags, block size, header checksum, then blocks,
// each with its length, and a length of 0 at the end.

const (
	lz4Magic       = 0x184D2204
	lz4HeaderBytes = 7 // without content size and dictionary

	lz4Version          = 1 << 6
	lz4VersionMask      = 3 << 6
	lz4Independent      = 1 << 5
	lz4BlockChecksum    = 1 << 4
	lz4ContentSize      = 1 << 3
	lz4ContentChecksum  = 1 << 2
	lz4Dictionary       = 1
	lz4Stored           = 1 << 31 // in a block's length: it is not packed
	lz4BlockLengthBytes = 4
	lz4ChecksumBytes    = 4
)

var (
	// errLZ4Form says that a frame is of a form that is not read here.
	errLZ4Form    = errors.New("an LZ4 frame of another form")
	errLZ4Damaged = errors.New("a damaged LZ4 frame")
)

// unpackLZ4 appends what a frame holds to dst, which it may replace by a larger
// one, and at most that many bytes. Its errors wrap errLZ4Form, errLZ4Damaged or
// kgo.ErrMaxDecompress; dst is given back with them.
func unpackLZ4(dst, frame []byte, most int) ([]byte, error) {
	rest, blockBytes, flags, err := lz4Header(frame)
	if err != nil {
		return dst, err
	}
	for {
		if len(rest) < lz4BlockLengthBytes {
			return dst, fmt.Errorf("%w: it ends between blocks", errLZ4Damaged)
		}
		length := binary.LittleEndian.Uint32(rest)
		rest = rest[lz4BlockLengthBytes:]
		if length == 0 {
			return dst, nil
		}
		size, after := int(length&^lz4Stored), 0
		if flags&lz4BlockChecksum != 0 {
			after = lz4ChecksumBytes
		}
		if size+after > len(rest) {
			return dst, fmt.Errorf("%w: a block of %d bytes, and %d are left", errLZ4Damaged, size, len(rest))
		}
		if dst, err = appendLZ4Block(dst, rest[:size], blockBytes, length&lz4Stored != 0, most); err != nil {
			return dst, err
		}
		rest = rest[size+after:]
	}
}

// lz4Header reads a frame's header, and returns what follows it.
func lz4Header(frame []byte) (rest []byte, blockBytes int, flags byte, err error) {
	if len(frame) < lz4HeaderBytes || binary.LittleEndian.Uint32(frame) != lz4Magic {
		return nil, 0, 0, fmt.Errorf("%w: no magic number", errLZ4Form)
	}
	flags = frame[4]
	if flags&lz4VersionMask != lz4Version || flags&lz4Independent == 0 || flags&lz4Dictionary != 0 {
		return nil, 0, 0, fmt.Errorf("%w: flags %#02x", errLZ4Form, flags)
	}
	code := frame[5] >> 4 & 7
	if code < 4 {
		return nil, 0, 0, fmt.Errorf("%w: block size %d", errLZ4Form, code)
	}
	at := lz4HeaderBytes
	if flags&lz4ContentSize != 0 {
		at += 8
	}
	if len(frame) < at {
		return nil, 0, 0, fmt.Errorf("%w: it ends in its header", errLZ4Damaged)
	}
	return frame[at:], 1 << (8 + 2*code), flags, nil
}

// appendLZ4Block appends what one block holds: at most blockBytes.
func appendLZ4Block(dst, block []byte, blockBytes int, stored bool, most int) ([]byte, error) {
	if stored {
		if len(block) > blockBytes {
			return dst, fmt.Errorf("%w: a block of %d bytes, and %d may be", errLZ4Damaged, len(block), blockBytes)
		}
		dst = append(dst, block...)
	} else {
		at := len(dst)
		room := min(blockBytes, 255*len(block)) // no block grows more
		// The room there is mostly fits: what it was lent for is the whole frame.
		n, err := 0, errLZ4Damaged
		if cap(dst) > at {
			n, err = lz4.UncompressBlock(block, dst[at:min(at+room, cap(dst))])
		}
		if err != nil && cap(dst)-at < room {
			dst = append(make([]byte, 0, min(2*cap(dst), most)+room), dst...)
			n, err = lz4.UncompressBlock(block, dst[at:at+room])
		}
		if err != nil {
			return dst, fmt.Errorf("%w: %w", errLZ4Damaged, err)
		}
		dst = dst[:at+n]
	}
	if len(dst) > most {
		return dst, fmt.Errorf("%w: more than %d bytes", kgo.ErrMaxDecompress, most)
	}
	return dst, nil
}
