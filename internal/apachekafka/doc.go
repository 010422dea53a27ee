// Package apachekafka runs Apache Kafka itself for tests: one or three KRaft
// brokers on loopback ports, from jars that Maven fetches once into the user's
// cache. What only a real broker shows (transaction markers that lag, metadata
// that lags, fencing by transactional id, compaction by its own clock) is
// tested against it; everything else runs against the embedded engine.
//
// It needs java (17 or newer) and, the first time, mvn and a network. Without
// them tests say so and skip; HOLDFAST_MUST_RUN=1 makes that a failure.
// Brokers cost about 250 MB each and two to six seconds to start, so tests run
// only with HOLDFAST_INTEGRATION=1.
package apachekafka
