// Package pipeline reads what customers do from Kafka, lets each shard apply its
// batches, and commits what they cause in transactions. The work is done in
// three rooms:
//
//	lane      one partition number: records in, batches applied, a commit prepared
//	txn       one instance in its group: clients, polling, transactions, outcomes
//	restore   a shard from its pages, the batch log and the inputs
//
// Here is what others see of it:
//
//	config.go     what a pipeline is told, and the defaults
//	pipeline.go   New, Run, and what is asked of a pipeline
//	surface.go    what else of package txn is used from outside
//	observer.go   what the process at work tells becomes status and metrics
//	status.go     readiness in words
//	metrics.go    Prometheus metrics
package pipeline
