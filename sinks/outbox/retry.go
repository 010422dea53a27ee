package outbox

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// errStopped says that the worker shall end before its work is done. What is
// not committed is loaded again by whoever gets the partition next.
var errStopped = errors.New("stopped")

// pace is the waiting between attempts at one thing: longer each time, and as
// the class of the latest failure asks.
type pace struct {
	*backoff.ExponentialBackOff
	waits Waits
	class Class
}

func (l *Loader) pace() *pace {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = l.config.Waits.Least, l.config.Waits.Most
	return &pace{ExponentialBackOff: waits, waits: l.config.Waits}
}

// NextBackOff returns how long to wait before the next attempt.
func (p *pace) NextBackOff() time.Duration {
	wait := p.ExponentialBackOff.NextBackOff()
	switch p.class {
	case Busy:
		return max(wait, p.waits.Busy)
	case Configuration:
		return p.waits.Configuration
	default:
		return wait
	}
}

// options have attempts made at this pace until one succeeds.
func (p *pace) options() []backoff.RetryOption {
	return []backoff.RetryOption{backoff.WithBackOff(p), backoff.WithMaxElapsedTime(0)}
}

// persist makes attempts until one returns neither a failure nor an error.
// Failures are told, counted and waited out. An error ends it: the attempt's own,
// or errStopped when the worker is told to stop; after that no further attempt is
// made.
func (w *worker) persist(attempt func() (*Failure, error)) error {
	pace := w.loader.pace()
	_, err := backoff.Retry(w.soft, func() (struct{}, error) {
		failure, err := attempt()
		switch {
		case err != nil:
			return struct{}{}, backoff.Permanent(err)
		case failure == nil:
			return struct{}{}, nil
		}
		pace.class = failure.Class
		w.loader.metrics.retries.WithLabelValues(failure.Class.String()).Inc()
		if w.soft.Err() == nil {
			w.report(*failure)
		}
		return struct{}{}, failure
	}, pace.options()...)
	return err
}

// notWritten is the failure of a write to Kafka.
func notWritten(err error) *Failure {
	text := clip(err.Error())
	if errors.Is(err, context.DeadlineExceeded) {
		text = "no answer from Kafka in time"
	}
	return &Failure{Class: unwritten, Text: text,
		Fix: "check that Kafka answers, and that this user may write to the dead-letter topic and commit offsets"}
}

// clip keeps the words of others short and on one line.
func clip(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if len(text) > 300 {
		text = text[:300]
	}
	return strings.ToValidUTF8(text, "?")
}
