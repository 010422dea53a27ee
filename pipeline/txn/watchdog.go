package txn

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// The watchdog stands apart from what it watches: it is Run's own goroutine,
// and the work is done in another. Whoever is watched says what it begins and
// how long that may take. Time is counted in the watchdog's own ticks, so that
// time in which the whole process was stopped (a suspended machine, SIGSTOP, no
// processor to be had) counts for nobody.

// watchdog holds what is watched against its own time.
type watchdog struct {
	after time.Duration // how long a step may take, where it says nothing else
	tick  time.Duration

	lived atomic.Int64 // nanoseconds that the process has lived through while watched
	loop  pulse        // poll, apply, commit
	asker pulse        // asks for log ends

	mu      sync.Mutex
	hungry  bool  // there is input that no commit holds
	commit  int64 // when the last one succeeded, or there was nothing to commit; in lived time
	trouble func() string
}

// pulse is the latest sign of life of one of those that are watched.
type pulse struct{ latest atomic.Pointer[beat] }

// beat says what was begun, and by when the next sign of life is due.
type beat struct {
	doing string
	at    int64     // in lived time
	since time.Time // for words
	may   time.Duration
}

const (
	// patient is for what may wait for Kafka as long as it takes.
	patient = time.Duration(0)
	// watchdogTicks is how many ticks StuckAfter has: a gap between two counts
	// as two at most.
	watchdogTicks = 40
	// graceTicks are those between /livez saying so and the end.
	graceTicks = 8
)

func newWatchdog(after time.Duration, trouble func() string) *watchdog {
	d := &watchdog{after: after, tick: after / watchdogTicks, trouble: trouble}
	d.begin(&d.loop, "start", patient)
	d.begin(&d.asker, "start", patient)
	return d
}

// begin notes that something begins that may take so long; 0 = as long as it takes.
func (d *watchdog) begin(p *pulse, doing string, may time.Duration) {
	p.latest.Store(&beat{doing: doing, at: d.lived.Load(), since: time.Now(), may: may})
}

// fed notes whether there is input that no commit holds yet.
func (d *watchdog) fed(hungry bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.hungry = hungry; !hungry {
		d.commit = d.lived.Load()
	}
}

// committed notes a commit.
func (d *watchdog) committed() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.commit = d.lived.Load()
}

// standstill says what stands still, for longer than it may and some grace.
func (d *watchdog) standstill(grace time.Duration) error {
	now := d.lived.Load()
	for _, watched := range []struct {
		name  string
		pulse *pulse
	}{{"the loop", &d.loop}, {"the asker of log ends", &d.asker}} {
		b := watched.pulse.latest.Load()
		if stood := time.Duration(now - b.at); b.may != patient && stood > b.may+grace {
			return fmt.Errorf("%s stands still in %q since %s, for %s of the process's own time", watched.name, b.doing,
				b.since.UTC().Format(time.RFC3339), stood.Round(d.tick))
		}
	}
	return nil
}

// starved says that no commit succeeds although there is input. A loop that
// moves ends by that itself, and leaves the group.
func (d *watchdog) starved(grace time.Duration) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	// A commit under way has its own time.
	idle := time.Duration(d.lived.Load() - d.commit)
	if d.hungry && idle > d.after+grace && d.loop.latest.Load().may == d.after {
		return fmt.Errorf("commit: none has succeeded for %s although there is input", idle.Round(d.tick))
	}
	return nil
}

// grace is how much longer than it may something stands still until the end.
func (d *watchdog) grace() time.Duration { return graceTicks * d.tick }

// gaveUp is the error with which the process ends.
func (d *watchdog) gaveUp(err error) error {
	return fmt.Errorf("%w; the process gives up its place (last trouble: %s)", err, d.trouble())
}

// watch counts time until the work has ended or stands still; the error is of either.
func (d *watchdog) watch(ended <-chan error) error {
	ticker := time.NewTicker(d.tick)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case err := <-ended:
			return err
		case <-ticker.C:
		}
		now := time.Now()
		d.lived.Add(int64(min(now.Sub(last), 2*d.tick)))
		last = now
		if err := d.standstill(d.grace()); err != nil {
			return d.gaveUp(err)
		}
	}
}

// Live says what stands still and since when; nil while all moves. It depends
// neither on Kafka nor on ClickHouse.
func (p *Process) Live() error {
	if err := p.watchdog.standstill(0); err != nil {
		return err
	}
	return p.watchdog.starved(0)
}

// Run works until ctx ends, then stops cleanly: it commits what is at hand,
// writes all dirty pages and leaves the group. It returns nil after a clean
// stop. What is transient (rebalances, fences, coordinators that move, brokers that are
// away) is answered with a new client; what it returns is final. Where the work
// stands still for too long it returns, too, and leaves the work behind: the
// process is to end then.
func (p *Process) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- p.work(ctx) }()
	err := p.watchdog.watch(ended)
	if err != nil {
		p.cfg.Observer.Ready(false, err.Error())
	}
	return err
}
