package lane

import (
	"log/slog"
	"time"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Config is what a lane is told. All lanes of a pipeline are told the same.
type Config struct {
	Group       string // the consumer group that the state belongs to
	Incarnation string // a random word of the process, for marks
	Inputs      []Input
	Topics      Topics
	Partitions  int32 // of every input

	Shard      shard.Config // Shard and Clock are set by the lane
	ConfigHash uint64       // of the configuration that changes meaning
	Clock      ClockMode

	CommitEvery   time.Duration // with MaxReplay, how many pages go with a commit
	MaxReplay     time.Duration
	FlushEvery    time.Duration // how long rows may be owed
	RowsPerCommit int           // of one shard
	// EffectBytes bounds what a commit of all lanes holds of effects and of what
	// undoes it.
	EffectBytes int64
	// MostDue is about how many deadlines may come in one batch; 0 = as many as
	// fit into the lane's share of EffectBytes.
	MostDue int
	// BackfillMaxOpen is after how long without a sign of life a backfill
	// session counts as given up.
	BackfillMaxOpen time.Duration
	// QuietAfter is the least pause, by event time, after which an input counts as
	// broken off where the others flow; 0 = none does.
	QuietAfter event.Instant

	// StandingPerHour is how many customers a lane tells of in an hour of wall time
	// whose alerts were not delivered when they were raised; 0 = none.
	StandingPerHour int
	// PublishSuppressed writes suppressed alerts to the topics too, marked as such.
	PublishSuppressed bool

	Logger  *slog.Logger                 // nil = discard
	OnBatch func(partition int32, n int) // nil; benchmarks count here
}

// Input is one input topic and how its records are read.
type Input struct {
	Topic  string
	Decode decode.Config
}

// Topics are the topics that the pipeline writes.
type Topics struct {
	Checkpoint, BatchLog, Outbox, Alerts, Loyalty, DeadLetters string
	// Model and Population are also read: versions of parameters and of cut
	// points. Empty: there are none but the configured parameters.
	Model, Population string
}

// ClockMode says what the clock follows.
type ClockMode = signal.ClockMode

const (
	// HonestClock declares silence once everything that had reached Kafka is
	// applied.
	HonestClock = signal.HonestClock
	// EventsClock is also never ahead of the latest event seen: for replays,
	// back-tests and the demo.
	EventsClock = signal.EventsClock
)

const (
	headerEveryCommit = 64     // commits between two headers of a shard
	maxRowsPerCommit  = 24_000 // of all shards: some 24 MiB before they are encoded
	maxPagesPerCommit = 256    // of one shard, also on a clean stop
)

// TopicNames returns the topics of inputs, in their order.
func TopicNames(inputs []Input) []string {
	names := make([]string, len(inputs))
	for i := range inputs {
		names[i] = inputs[i].Topic
	}
	return names
}

// mostDue is how many deadlines may come in one batch of a shard: what each may
// cause must fit into its share of a commit.
func (c *Config) mostDue() int {
	if c.MostDue > 0 {
		return c.MostDue
	}
	const effectBytes = 8 << 10 // an alert with its rows, and what undoes it
	return int(max(c.EffectBytes/int64(max(c.Partitions, 1))/effectBytes, leastDue))
}

const leastDue = 256

// rowsPerCommit is how many rows a shard writes in a commit: its own bound, and
// its share of that of all shards.
func (c *Config) rowsPerCommit() int {
	return min(c.RowsPerCommit, max(maxRowsPerCommit/max(int(c.Partitions), 1), 1))
}
