// Package txn is one instance at work in its group: it reads the inputs from
// Kafka, lets each lane apply its batches, and commits what they prepare in
// transactions, client after client.
//
// The files:
//
//	config.go       what a process is told, and whom it tells
//	process.go      sessions follow each other until the context ends
//	session.go      one client's life: join, loop, leave
//	options.go      the options of its clients; logger.go what they log
//	topics.go       what the topics must be, and whether they still are
//	brokers.go      whether the brokers' transactions are safe
//	loop.go         one round: what was assigned, read, and committed; the stop
//	poll.go         from fetches to the lanes, which apply in parallel
//	budget.go       what is fetched, counted as it lies in memory; fetchpool.go, lz4.go
//	asker.go        asks for log ends; witness.go what time it is
//	versions.go     parameters and cut points, as their topics have them
//	commit.go       one transaction, of what the lanes have prepared
//	outcome.go      what an unconfirmed transaction came to
//	offsets.go      where every input stands; move.go, move_write.go move it
//	progress.go     what the group's offsets say, for those who wait
//	backfills.go    the backfill sessions that are open, in words
//	watchdog.go     Run, and what stands still
//
// Goroutines: Run's own (poll, apply, commit), decoders and appliers bounded by
// GOMAXPROCS within one step of it, and the asker of log ends. Each is started
// and awaited here.
package txn
