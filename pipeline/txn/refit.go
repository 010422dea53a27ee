package txn

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/parameters"
	"github.com/holdfast/holdfast/pipeline/population/refit"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Where no parameters are configured the model is fitted to the customers
// themselves. The loop reads their histories, some at a time, between two rounds;
// a goroutine fits, decides between what it found and what is in force, and writes
// a version to the model topic, from which it is read like any other. A kill
// leaves one version or the other: the record is all that there is of it. What a
// batch is judged by stands in its entry, so a refit changes no replay.

const (
	sweepPlaces   = 2048             // places that are read in one round of the loop: about a millisecond
	fitEvery      = 7                // days of the clock between two refits
	fitAfterPause = 10 * time.Second // between two fits, by the process's own time
	firstFitPause = time.Second      // the same, while nothing is fitted
	grownMuch     = 2.0              // a base that has grown so much is fitted anew, also in the middle of a backfill
	grown         = 1.1              // the same, when all that had reached Kafka is applied
	writeTimeout  = 10 * time.Second
)

// FitResult says what came of a fit.
type FitResult string

// The results of a fit.
const (
	FitAccepted     FitResult = "accepted"     // it is written, and in force soon
	FitRejected     FitResult = "rejected"     // what is in force is better
	FitInsufficient FitResult = "insufficient" // there is too little to fit to
	FitFailed       FitResult = "failed"
)

// refitter decides when the model is fitted, and to what. Its fields are the
// loop's, but for what the goroutine is given.
type refitter struct {
	p     *Process
	base  *refit.Base // of the sweep under way; nil: none
	until event.Day   // the day that it describes
	lane  int         // the next lane of the sweep
	place int         // the next place in it

	work    sync.WaitGroup
	results chan refit.Decision // of a fit under way; nil: none
	ended   time.Time           // of the last fit or attempt
	tried   attempt             // the last one
}

// attempt is what a fit was tried with.
type attempt struct {
	until     event.Day
	customers int // in memory, those without a purchase too
}

// refit goes on with the fit of the model by a little, and reports whether there
// is more to read at once.
func (s *session) refit(ctx context.Context, now time.Time) (more bool) {
	f := &s.p.refits
	if f.results != nil {
		select {
		case d := <-f.results:
			f.results, f.ended = nil, now
			s.p.cfg.Observer.Model(d.Sufficiency, d.Reason)
		default:
		}
		return false
	}
	if f.base != nil && len(s.lanes) < int(f.p.partitions) {
		f.base = nil // shards are gone: what was read is a part
	}
	if f.base == nil && !f.begin(s, now) {
		return false
	}
	if !f.sweep(s) {
		return true
	}
	base := f.base
	f.base = nil
	// Records may be ahead of the silence by the lateness, or by far: of customers
	// whose latest days are known and those who are still on their way, no model
	// can be fitted.
	until := f.until
	if last := base.LastDay(); last > until {
		if last > until+1 {
			f.ended = now
			return false
		}
		until = last
	}
	f.start(ctx, s, base, until)
	return false
}

// begin begins a sweep, if a fit is due.
func (f *refitter) begin(s *session, now time.Time) bool {
	if !f.p.versions.fits() || len(s.lanes) < int(f.p.partitions) {
		return false
	}
	champion := f.p.versions.champion()
	pause := fitAfterPause
	if champion == nil {
		pause = firstFitPause
	}
	if now.Sub(f.ended) < pause {
		return false
	}
	silence, customers, settled := s.standing()
	if s.isQuiet() { // what is missing would be fitted to
		return false
	}
	if silence <= 0 || customers < refit.MinCustomers {
		return false
	}
	until := f.p.cfg.Shard.Zone.DayOf(silence)
	if !f.due(champion, attempt{until, customers}, settled) {
		return false
	}
	window := until - event.Day(f.p.cfg.Shard.Parameters.HorizonDays) + 1
	f.base = refit.NewBase(window).Split(f.p.cfg.Shard.Segments)
	f.until, f.lane, f.place, f.tried = until, 0, 0, attempt{until, customers}
	return true
}

// isQuiet reports whether an input has broken off, or visits have in part.
func (s *session) isQuiet() bool {
	for _, l := range s.lanes {
		for i := range s.p.cfg.Inputs {
			if l.IsQuiet(i) || l.IsLow(i) {
				return true
			}
		}
	}
	return false
}

// standing is up to when silence counts, how many customers there are, and whether
// everything that had reached Kafka is applied. Shards without customers say
// nothing. Where all is applied the furthest shard counts: with time.clock: events
// each goes by its own latest event, and the others have nothing to come. Where
// more is on its way, the one that is behind.
func (s *session) standing() (silence event.Instant, customers int, settled bool) {
	least, most := event.Instant(1<<63-1), event.Instant(0)
	settled = true
	for _, l := range s.lanes {
		settled = settled && l.CaughtUp() && len(l.Sessions()) == 0
		if n := l.Shard().Slab().Len(); n > 0 {
			customers += n
			least, most = min(least, l.Silence()), max(most, l.Silence())
		}
	}
	if customers == 0 || settled {
		return most, customers, settled
	}
	return least, customers, settled
}

// due reports whether a fit is due. Without one, whenever there is a day or a tenth
// more of customers to try it with. With one, after a week, or where the base has grown:
// by a tenth where everything is applied, to the double while more is on its way.
func (f *refitter) due(champion *parameters.Record, now attempt, settled bool) bool {
	grownSince := func(customers int64, by float64) bool {
		return float64(now.customers) > by*float64(customers)
	}
	if champion == nil {
		return now.until > f.tried.until || grownSince(int64(f.tried.customers), grown)
	}
	if f.tried == (attempt{}) { // a new life: what it finds is what was fitted to
		f.tried = attempt{champion.Through, now.customers}
	}
	if !settled {
		return grownSince(champion.Customers, grownMuch) && grownSince(int64(f.tried.customers), grown)
	}
	return now.until >= max(champion.Through, f.tried.until)+fitEvery ||
		grownSince(champion.Customers, grown) && grownSince(int64(f.tried.customers), grown)
}

// sweep reads some histories; it reports whether that was the last of them.
func (f *refitter) sweep(s *session) (done bool) {
	if f.lane >= len(s.lanes) {
		return true
	}
	next, more := s.lanes[f.lane].Shard().Histories(f.place, sweepPlaces, f.base.Window, func(h *shard.History) {
		f.base.Add(h)
	})
	if f.place = next; !more {
		f.lane, f.place = f.lane+1, 0
	}
	return f.lane >= len(s.lanes)
}

// start fits on a goroutine of its own, and writes what was accepted.
func (f *refitter) start(ctx context.Context, s *session, base *refit.Base, until event.Day) {
	results, reader := make(chan refit.Decision, 1), s.reader
	champion, configured, at := f.p.versions.champion(), f.p.versions.configured, f.p.wall()
	f.results = results
	f.work.Add(1)
	go func() {
		defer f.work.Done()
		began := time.Now()
		d, err := refit.Decide(base, until, at, champion, configured)
		if err == nil && d.Accepted {
			err = f.write(ctx, reader, &d.Record)
		}
		result := FitRejected
		switch {
		case err != nil:
			result, d.Reason = FitFailed, err.Error()
		case d.Accepted:
			result = FitAccepted
		case d.Sufficiency != signal.SufficiencyOK:
			result = FitInsufficient
		}
		f.p.cfg.Observer.Fitted(result, time.Since(began))
		f.p.cfg.Logger.Info("the model was fitted to the customers", "result", string(result), "reason", d.Reason,
			"customers", base.Customers(), "param_version", d.Record.Version, "took", time.Since(began).String())
		results <- d
	}()
}

// write writes a version to the model topic.
func (f *refitter) write(ctx context.Context, to *kgo.Client, record *parameters.Record) error {
	value, err := record.Append(nil)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	topic := f.p.cfg.Topics.Model
	written := &kgo.Record{Topic: topic, Partition: 0, Key: parameters.Key(record.Version), Value: value}
	if err := to.ProduceSync(ctx, written).FirstErr(); err != nil {
		return fmt.Errorf("write the fitted parameters to %s: %w", topic, err)
	}
	return nil
}
