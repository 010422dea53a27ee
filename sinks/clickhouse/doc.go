// Package clickhouse is the sink for ClickHouse: what rows of the outbox are
// there, the insert, the migrations of the schema, and the audit of what has
// arrived. Reading the outbox is sinks/outbox.
//
// The guarantee is the key of the tables: an insert may be repeated, split or
// joined with others, because every table is a ReplacingMergeTree whose key
// identifies the row (or whose version decides between rows).
//
//	sink.go        the contract of sinks/outbox, and the insert
//	table.go       which tables rows go to, and what their identity rests on
//	columns.go     from the outbox's blocks to typed columns; amounts.go for some
//	schema.go      whether the tables are what this version writes to
//	failure.go     classes of errors, and words for them
//	migrate.go     the runner of schemas/clickhouse; lexer reads its statements
//	audit.go       holes and doubles in the dense row numbers, by shard and life
//	audit_report.go what came of it; audit_metrics.go shows it
package clickhouse
