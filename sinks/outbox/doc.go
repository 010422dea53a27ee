// Package outbox brings the rows of the outbox topic into a store, whichever it
// is: the consumer group, one worker per partition, batches, retries by class of
// error, the search for a row that the store refuses, dead letters, positions
// and metrics. What is particular to a store is its Sink.
//
// The guarantee is the identity of the rows in the store, not the order of things
// here: an insert may be repeated, split or joined with others. So the loader
// inserts first and commits offsets afterwards, and whatever it does not know for
// certain it does again.
//
//	sink.go       the contract
//	config.go     what a loader is made with
//	loader.go     the consumer group, and one worker per partition
//	worker.go     one partition: queue, batches, insert, commit
//	gather.go     from records to batches
//	load.go       one batch, and the search for a bad row
//	retry.go      attempts, and the waits between them
//	store.go      waiting for the store, and for tables that fit
//	deadletter.go what cannot be loaded is set aside, never dropped
//	commit.go     the group's offset, after the insert
//	problems.go   what keeps partitions from being loaded
//	lag.go        how far the loading is, asked of Kafka
//	conformance   the tests that every sink passes
package outbox
