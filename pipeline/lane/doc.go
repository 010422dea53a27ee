// Package lane is one partition number at work: a shard with its decoders, its
// place in every input, its clock and its backfill sessions. Records are put in,
// batches are cut and applied, and what they cause is prepared as the value of a
// commit, which is then kept or undone. It has no Kafka client and no goroutine,
// and reads no clock: records and times are handed in. So whatever drives a lane
// (the pipeline, a restore, a benchmark, a test) drives the one that ships.
//
// A lane's life:
//
//	New ──▶ BeginAfresh, or LoadPage … Replay … Resume
//	     ──▶ Seek                            reading begins, or begins again, at its positions
//	     ──▶ Take … Work … ▶ Prepare ──▶ Keep   the world has the commit
//	                                └──▶ Undo   it has not: back to the last one
//
// The files:
//
//	config.go      what a lane is told, and the inputs and topics of a pipeline
//	lane.go        the lane; what an abort goes back to
//	take.go        records in; what waits and what is paused
//	queue.go       what of one input is read and not applied
//	merge.go       how far inputs that are behind let the others go
//	intake.go      from what has been read to the events of a batch; decoding
//	cut.go         the batch: its number, times and entry
//	clock.go       the honest clock
//	rhythm.go      inputs that have broken off
//	backfill.go    control records and backfill sessions
//	credit.go      what one customer is due of another
//	prepare.go     when a commit is due; rows, entries
//	commit.go      the value of a commit, and its records
//	quality.go     rows of what is counted of the data's quality
//	pages.go       which pages a commit carries; where entries lie in the log
//	deadletter.go  rejected records with their reasons
//	mark.go        the metadata of committed offsets
//	load.go        a lane from pages and entries
//	replay.go      batches that are applied again
//	look.go        what others see of a lane
//	recycle.go     records go back to the client
package lane
