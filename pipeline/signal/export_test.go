package signal

// What tests outside of the package need of those in it.
var (
	EncodedBlocks = encodedBlocks
	Plain         = plain
)
