// Package devkafka runs an embedded Kafka for the demo, for `holdfast engines`
// and for tests: the real protocol on a loopback port, in this process or, so
// that a worker can be killed beside its broker, in a child process.
//
// It is a development engine (kfake), not a durable one. It keeps what it was
// given through a graceful stop; a SIGKILL of the broker can tear a
// transaction, so children are stopped with SIGTERM. Transactions, groups and
// read-committed reads are real; fencing by transactional id, replication and
// marker lag are not, and belong to tests against Apache Kafka.
package devkafka
