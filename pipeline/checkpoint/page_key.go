package checkpoint

import "encoding/binary"

// PageKey is the key of a page in the checkpoint topic: shard u32, page u32,
// big-endian. Page 0 is the header, page n+1 the slab's page n.
func PageKey(shard, page uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, shard), page)
}

// ParsePageKey reads a key; ok is false for one that is none.
func ParsePageKey(key []byte) (shard, page uint32, ok bool) {
	if len(key) != 8 {
		return 0, 0, false
	}
	return binary.BigEndian.Uint32(key), binary.BigEndian.Uint32(key[4:]), true
}
