package txn

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/lane"
)

const (
	askTimeout  = 5 * time.Second
	silentAfter = 2 // consecutive questions
)

// endsAsker asks for the log starts and ends of all inputs, read uncommitted,
// about once a second, and whether the topics are still what they were.
type endsAsker struct {
	mu     sync.Mutex
	latest *lane.LogEnds
	failed int   // consecutive questions without an answer
	why    error // of the last of them
	err    error // of the topics; it ends the session
}

// silence says why the brokers are taken to be away; nil while they answer.
func (a *endsAsker) silence() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed < silentAfter {
		return nil
	}
	return a.why
}

func (a *endsAsker) get() (*lane.LogEnds, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.latest, a.err
}

func (a *endsAsker) run(ctx context.Context, s *session) {
	topics := s.p.cfg.topicNames()
	asks := slices.Collect(maps.Keys(s.p.versions.topics(&s.p.cfg.Topics)))
	asks = append(asks, topics...)
	missed := 0
	var witnessed time.Time
	number := uint64(0)
	tick := time.NewTicker(endsEvery)
	defer tick.Stop()
	watchdog := s.p.watchdog
	defer watchdog.begin(&watchdog.asker, "end", patient)
	for {
		watchdog.begin(&watchdog.asker, "ask for log ends", askTimeout+s.p.cfg.StuckAfter)
		asking, cancel := context.WithTimeout(ctx, askTimeout)
		if s.witnessDue(witnessed) && s.askBrokers(asking) == nil {
			witnessed = time.Now()
		}
		at := s.p.wall() // before the asking: what came later is not promised
		if s.p.times.believe(at, time.Now()) != "" {
			at = 0 // no clock goes by it
		}
		ends, err := checkpoint.EndOffsets(asking, s.reader, asks)
		if err == nil {
			err = s.readVersions(asking, ends)
		}
		changed := s.watchTopics(asking, &missed)
		cancel()
		number++
		asked := &lane.LogEnds{Number: number, At: at}
		for _, t := range topics {
			asked.Ends = append(asked.Ends, ends[t])
		}
		a.mu.Lock()
		if a.failed, a.why = a.failed+1, err; err == nil {
			a.latest, a.failed = asked, 0
		}
		if a.err == nil {
			a.err = changed
		}
		a.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// witnessDue reports whether the brokers should be asked for the time: now and
// then, and at once where the host's clock is not believed.
func (s *session) witnessDue(last time.Time) bool {
	if s.p.cfg.ClockTolerance < 0 {
		return false
	}
	return time.Since(last) >= witnessEvery || s.p.times.doubted() != ""
}
