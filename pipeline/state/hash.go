package state

// A record keeps of each hash as many of the highest bits as its use needs.
const (
	// FingerprintBits is how much of an event id's hash is remembered: an event
	// is taken for a duplicate of another one by chance once in
	// 2^FingerprintBits / MaxEvents, which is more than 10^12 events.
	FingerprintBits = 45
	// KeyBits is how much of the hash of an order's or complaint's id is kept.
	KeyBits = 56
	// TieBits is how much is kept where a hash only orders what happened at one
	// instant.
	TieBits = 32
)

// FingerprintOf is what is remembered of an event id's hash.
func FingerprintOf(hash uint64) uint64 { return hash >> (64 - FingerprintBits) }

// KeyOf is what is remembered of the hash of an order's or complaint's id.
func KeyOf(hash uint64) uint64 { return hash >> (64 - KeyBits) }

// TieOf is what decides between events of one instant.
func TieOf(hash uint64) uint32 { return uint32(hash >> (64 - TieBits)) }
