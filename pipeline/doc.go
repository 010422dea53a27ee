// Package pipeline is the shell around the shards: it reads the inputs from
// Kafka, lets each shard apply its batches, and commits what they cause in
// transactions.
//
// The house:
//
//	config.go       what a pipeline is told
//	pipeline.go     Run: sessions follow each other until the context ends
//	session.go      one client's life: join, loop, leave
//	topics.go       what the topics must be, and whether they still are
//	poll.go         from fetches to batches; decoding, in parallel per partition
//	worker.go       one partition number: shard, positions, batch at hand
//	clock.go        the honest clock, and the asker of log ends
//	commit.go       one transaction: alerts, dead letters, rows, log, pages, offsets
//	outcome.go      what an unconfirmed transaction came to
//	restore.go      a shard from its pages, the batch log and the inputs
//	replay.go       the inputs of a restore, batch by batch
//	deadletter.go   rejected records with their reasons
//	progress.go     what the group's offsets say, for those who wait
//	status.go       readiness in words
//	metrics.go      Prometheus metrics
//	hook.go         named points of the protocol, for tests that kill there
//
// Goroutines: Run's own (poll, apply, commit), decoders and appliers bounded by
// GOMAXPROCS within one step of it, the asker of log ends, and one restore per
// partition, bounded. Each is started and awaited here.
package pipeline
