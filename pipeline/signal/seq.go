package signal

// EpochShift is how far the epoch of a shard's life lies above its dense row
// number in the column seq: rows of a later life are newer than all rows of an
// earlier one. 36 bits hold 68 thousand million rows of one shard and life.
const EpochShift = 36

// Seq returns the version of the nth row that a shard has written in the life
// that epoch names.
func Seq(epoch uint32, n uint64) uint64 { return uint64(epoch)<<EpochShift + n }
