// Package clickhouse is the loader: it brings the rows of the outbox topic into
// ClickHouse, migrates its schema and audits what has arrived.
//
// The guarantee is the key of the tables, not the order of things here: an
// insert may be repeated, split or joined with others, because every table is a
// ReplacingMergeTree whose key identifies the row (or whose version decides
// between rows). So the loader inserts first and commits offsets afterwards,
// and whatever it does not know for certain it does again.
//
//	loader.go      the consumer group, and one worker per partition
//	tables.go      waiting for ClickHouse, and for tables that fit
//	worker.go      one partition: gather, insert, commit
//	insert.go      one insert, its errors by class, and the search for a bad row
//	columns.go     from the outbox's blocks to typed columns
//	failure.go     classes of errors
//	deadletter.go  what cannot be loaded is set aside, never dropped
//	position.go    how far the loading is
//	schema.go      whether the tables are what this version writes to
//	migrate.go     the runner of schemas/clickhouse; lexer reads its statements
//	audit.go       holes and doubles in the dense row numbers, by shard and life
//	audit_report.go what came of it; audit_metrics.go shows it
package clickhouse
