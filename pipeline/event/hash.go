package event

import "github.com/cespare/xxhash/v2"

// HashID is the hash by which ids are looked up and remembered: xxhash64 of
// the bytes, with 0 mapped to 1 because 0 stands for "no id". It is part of
// the page format.
func HashID(id []byte) uint64 {
	h := xxhash.Sum64(id)
	if h == 0 {
		return 1
	}
	return h
}
