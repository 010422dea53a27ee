package txn

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Config is what a process is told. Every field without a note is required.
type Config struct {
	lane.Config // Partitions and Incarnation apart, which the process sets

	Client             []kgo.Opt // brokers, transport security and login
	InstanceID         string    // static membership; the transactional id is <group>-<instance>
	CommitBytes        int64
	TransactionTimeout time.Duration
	SessionTimeout     time.Duration
	MaxPollRecords     int   // a batch's bound over all partitions
	MergeBytes         int64 // bounds what waits for inputs that are behind, over all partitions
	FetchBytes         int64 // bounds what is fetched and unpacked and not applied yet
	BatchBytes         int   // bounds what one batch of an input may unpack to
	// ClockTolerance is by how much the wall time may differ from what its
	// witnesses say; negative: it is not looked at.
	ClockTolerance time.Duration
	StuckAfter     time.Duration // how long a step may take
	// SelfFit lets the model be fitted to the customers where no parameters are configured.
	SelfFit bool

	Now      func() time.Time
	Observer Observer
}

func (c *Config) topicNames() []string { return lane.TopicNames(c.Inputs) }

const (
	// DefaultSessionTimeout bounds how long a stopped instance holds its
	// partitions against another; a restart of the same instance is at once.
	DefaultSessionTimeout = 10 * time.Second

	endsEvery  = time.Second            // how often log ends are asked for
	idlePoll   = 100 * time.Millisecond // how long a poll waits where there is nothing
	endTimeout = 30 * time.Second       // of a commit; beyond it the client is replaced
)

// Observer is told what a process does: what the probes and the metrics say.
// Restored, Replayed, Fitted, Trouble and LastTrouble may be called by any goroutine, the
// others by that of the loop.
type Observer interface {
	Ready(ready bool, reason string)
	Interrupted(reason string) // no longer ready; a reason that stands already says more
	Trouble(part string, err error)
	LastTrouble() string
	Sessions(open []string) // the backfills that are open, in words
	// Model says whether there is enough to fit a model to, and what came of the last fit.
	Model(s signal.DataSufficiency, reason string)
	Fitted(r FitResult, took time.Duration)

	Prepared(c *lane.Commit)
	Committed(c *lane.Commit)    // for certain, and before its lane keeps it
	Ended(result, reason string) // a transaction
	Restored(took time.Duration) // a shard
	Replayed(events int)         // of a batch
	Released(partition int32)    // it is worked on elsewhere now
	Looked(v View)               // about once a second
}

// View is what an observer may look at. The lanes are the loop's: they are not
// to be kept.
type View struct {
	Lanes    []*lane.Lane
	Asked    *lane.LogEnds // nil where nothing was asked yet
	Trusted  bool          // the host's clock, the brokers' and the shards' agree
	Sessions int           // backfills that are open
	// Parameters are those that the next batch is judged by.
	Parameters *score.Parameters
}

// lookEvery is how often the observer is shown the lanes.
const lookEvery = time.Second

// look shows the observer where the lanes stand, now and then.
func (s *session) look() {
	if time.Since(s.p.lookedAt) < lookEvery {
		return
	}
	s.p.lookedAt = time.Now()
	asked, _ := s.asker.get()
	inForce, _ := s.p.versions.inForce()
	s.p.cfg.Observer.Looked(View{Lanes: s.lanes, Asked: asked, Trusted: s.p.times.doubted() == "" && s.clockAhead() == "",
		Sessions: s.sessionsOpen(), Parameters: inForce})
}
