package pipeline

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/txn"
)

// Config is what a pipeline is told. Every field without a note is required.
type Config struct {
	Client     []kgo.Opt // brokers, transport security and login
	Group      string
	InstanceID string // static membership; the transactional id is <group>-<instance>

	Inputs []Input
	Topics Topics

	Shard      shard.Config // Shard is set per partition
	ConfigHash uint64       // of the configuration that changes meaning
	Clock      ClockMode

	CommitEvery        time.Duration
	CommitBytes        int64
	TransactionTimeout time.Duration
	SessionTimeout     time.Duration // 0 = DefaultSessionTimeout
	MaxReplay          time.Duration
	FlushEvery         time.Duration
	RowsPerCommit      int // 0 = DefaultRowsPerCommit; of one shard
	MaxPollRecords     int // 0 = DefaultMaxPollRecords
	// StandingPerHour is how many customers a partition tells of in an hour who
	// were at risk before the present was reached; 0 = none. PublishSuppressed
	// makes messages of suppressed alerts too.
	StandingPerHour   int
	PublishSuppressed bool
	// MergeBytes bounds what waits in memory for inputs that are behind, over
	// all partitions; 0 = DefaultMergeBytes.
	MergeBytes int64
	// FetchBytes bounds what is fetched and unpacked and not applied yet, a
	// single larger batch apart; 0 = DefaultFetchBytes.
	FetchBytes int64
	// BatchBytes bounds what one batch of an input may unpack to: a larger one
	// is skipped and told of; 0 = DefaultBatchBytes.
	BatchBytes int
	// EffectBytes bounds what a commit holds of effects and of what undoes it;
	// beyond it the commit is ended. 0 = DefaultEffectBytes.
	EffectBytes int64
	// MostDue is about how many deadlines may come in one batch of a shard; 0 =
	// as many as fit into its share of EffectBytes.
	MostDue int
	// BackfillMaxOpen is after how long without a sign of life a backfill
	// session counts as given up; 0 = DefaultBackfillMaxOpen.
	BackfillMaxOpen time.Duration
	// QuietAfter is that of lane.Config.
	QuietAfter event.Instant
	// ClockTolerance is by how much the wall time may differ from what the
	// brokers and the machine's monotonic clock say before the clock stands;
	// 0 = DefaultClockTolerance, negative: it is not looked at.
	ClockTolerance time.Duration

	// StuckAfter is how long a step of the loop may take, or input may wait for
	// a commit, before Live says so; a little later Run returns. Time in which
	// the process was stopped does not count. 0 = DefaultStuckAfter.
	StuckAfter time.Duration

	// SelfFit lets the model be fitted to the customers where no parameters are
	// configured: once there is enough, then weekly.
	SelfFit bool

	Now        func() time.Time      // nil = time.Now
	Logger     *slog.Logger          // nil = discard
	Registerer prometheus.Registerer // nil = none
	Metrics    MetricsConfig
	OnBatch    func(partition int32, n int) // nil; benchmarks count here
}

// What a lane is told, too.
type (
	// Input is one input topic and how its records are read.
	Input = lane.Input
	// Topics are the topics that the pipeline writes.
	Topics = lane.Topics
	// ClockMode says what the clock follows.
	ClockMode = lane.ClockMode
)

const (
	// HonestClock declares silence once everything that had reached Kafka is
	// applied.
	HonestClock = lane.HonestClock
	// EventsClock is also never ahead of the latest event seen: for replays,
	// back-tests and the demo.
	EventsClock = lane.EventsClock
)

// Defaults.
const (
	// DefaultSessionTimeout bounds how long a stopped instance holds its
	// partitions against another; a restart of the same instance is at once.
	DefaultSessionTimeout = txn.DefaultSessionTimeout
	// DefaultRowsPerCommit keeps a shard's share of a flush to some
	// milliseconds, so that a flush of many rows is spread over commits.
	DefaultRowsPerCommit = 20_000
	// DefaultMaxPollRecords is a batch's bound over all partitions: some
	// milliseconds of work.
	DefaultMaxPollRecords = 20_000
	// DefaultMergeBytes is about 60,000 events.
	DefaultMergeBytes = 48 << 20
	// DefaultFetchBytes is some fetches ahead of what is being applied.
	DefaultFetchBytes = 64 << 20
	// DefaultBatchBytes is above the largest record that a topic may allow.
	DefaultBatchBytes = 128 << 20
	// DefaultEffectBytes is about 10,000 alerts with their rows.
	DefaultEffectBytes = 48 << 20
	// DefaultBackfillMaxOpen is longer than any pause of a backfill that lives.
	DefaultBackfillMaxOpen = time.Hour
	// DefaultStuckAfter lets a process whose loop stands still end within 30 s,
	// and is more than any step that does not wait for Kafka takes.
	DefaultStuckAfter = 20 * time.Second
	// DefaultClockTolerance is more than clocks drift and less than a dwell.
	DefaultClockTolerance = 2 * time.Minute
)

// fillDefaults sets what was left out.
func (c *Config) fillDefaults() {
	c.SessionTimeout = cmp.Or(c.SessionTimeout, DefaultSessionTimeout)
	c.RowsPerCommit = cmp.Or(c.RowsPerCommit, DefaultRowsPerCommit)
	c.MaxPollRecords = cmp.Or(c.MaxPollRecords, DefaultMaxPollRecords)
	c.MergeBytes = cmp.Or(c.MergeBytes, DefaultMergeBytes)
	c.FetchBytes = cmp.Or(c.FetchBytes, DefaultFetchBytes)
	c.BatchBytes = cmp.Or(c.BatchBytes, DefaultBatchBytes)
	c.EffectBytes = cmp.Or(c.EffectBytes, DefaultEffectBytes)
	c.BackfillMaxOpen = cmp.Or(c.BackfillMaxOpen, DefaultBackfillMaxOpen)
	c.StuckAfter = cmp.Or(c.StuckAfter, DefaultStuckAfter)
	c.ClockTolerance = cmp.Or(c.ClockTolerance, DefaultClockTolerance)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

// process is what the process at work is told.
func (c *Config) process(o txn.Observer) txn.Config {
	return txn.Config{
		Config: lane.Config{Group: c.Group, Inputs: c.Inputs, Topics: c.Topics,
			Shard: c.Shard, ConfigHash: c.ConfigHash, Clock: c.Clock,
			CommitEvery: c.CommitEvery, MaxReplay: c.MaxReplay, FlushEvery: c.FlushEvery, RowsPerCommit: c.RowsPerCommit,
			EffectBytes: c.EffectBytes, MostDue: c.MostDue, BackfillMaxOpen: c.BackfillMaxOpen, QuietAfter: c.QuietAfter,
			StandingPerHour: c.StandingPerHour, PublishSuppressed: c.PublishSuppressed,
			Logger: c.Logger, OnBatch: c.OnBatch},
		Client: c.Client, InstanceID: c.InstanceID, CommitBytes: c.CommitBytes, TransactionTimeout: c.TransactionTimeout,
		SessionTimeout: c.SessionTimeout, MaxPollRecords: c.MaxPollRecords, MergeBytes: c.MergeBytes,
		FetchBytes: c.FetchBytes,
		BatchBytes: c.BatchBytes, ClockTolerance: c.ClockTolerance, StuckAfter: c.StuckAfter, SelfFit: c.SelfFit,
		Now: c.Now, Observer: o,
	}
}
