// Package checkpoint is the memory of a shard outside the process: the batch
// log's entries and the headers, in their encoding, and reading a partition by
// position, because the last record delivered never proves that the end was
// reached. Pages are encoded by pipeline/state; when to write and how to
// restore is the shell's affair.
package checkpoint
