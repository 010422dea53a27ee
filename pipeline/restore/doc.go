// Package restore brings a shard to where its group stands: the latest copy of
// every page, then the batch log from where the header says, then the inputs of
// the batches that some page does not reflect. What does not fit each other, the
// topics and the group is refused in words.
//
// A restore is Source.Load, one Loaded.Replay, and an end. Load and Replay know
// of no end: whoever follows a batch log that grows calls Replay again with what
// has been logged since, for as long as it likes.
//
// The files:
//
//	source.go    what shards are restored from
//	schedule.go  restores beside each other, cancellable
//	restore.go   pages, batch log, and what follows from them
//	replay.go    the inputs of batches, fed and applied again
//	identity.go  whether state, topics and group belong together
//	damage.go    what is refused because it is damaged
//	entry.go     the last entry of a shard, without loading it
//
// Goroutines: one for each restore that is started, a few at work at a time, and
// while batches are replayed one for each input. Schedule.Wait awaits them.
package restore
