package txn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast/holdfast/pipeline/assign"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// Questions about customers are answered by the loop, between two rounds, since
// shards are its own: a question costs it a lookup, and waits for no more than the
// round at hand.

// maxQuestions is how many questions may wait for an answer.
const maxQuestions = 16

// behindFrom is by how much silence must lag, beside the lateness, to be told of.
const behindFrom = event.Instant(time.Minute / time.Microsecond)

// Errors of Explain.
var (
	// ErrUnknownCustomer says that nothing of the customer was counted.
	ErrUnknownCustomer = errors.New("no event of this customer has been counted")
	// ErrOwnedElsewhere says that another instance of the group is at work.
	ErrOwnedElsewhere = errors.New("another instance of the group owns the customers")
	// ErrNotAnswering says that the instance is not at work, or has too much of it.
	ErrNotAnswering = errors.New("the instance cannot answer now")
)

// Explained is what the instance at work knows of a customer.
type Explained struct {
	shard.Explanation
	Behind    bool     // not all that had reached Kafka is counted yet
	Quiet     []string // topics of inputs that have broken off: what is concluded from them waits
	Backfills []string // ids of the backfills that are open: silence waits for their end
}

// question is one about a customer; answer has room for one, so that the loop never
// waits for who asked.
type question struct {
	ctx      context.Context
	customer []byte
	answer   chan<- answer
}

type answer struct {
	explained *Explained
	err       error
}

// Explain asks the loop what is known of a customer, until ctx ends. Its errors wrap
// those above.
func (p *Process) Explain(ctx context.Context, customer string) (*Explained, error) {
	answers := make(chan answer, 1)
	select {
	case p.questions <- question{ctx, []byte(customer), answers}:
	default:
		return nil, fmt.Errorf("%w: %d questions wait already", ErrNotAnswering, maxQuestions)
	}
	select {
	case a := <-answers:
		return a.explained, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrNotAnswering, ctx.Err())
	}
}

// answerQuestions answers those that wait, no more than may.
func (s *session) answerQuestions() {
	for range maxQuestions {
		select {
		case q := <-s.p.questions:
			if q.ctx.Err() == nil {
				explained, err := s.explain(q.customer)
				q.answer <- answer{explained, err}
			}
		default:
			return
		}
	}
}

// explain looks into every shard: which of them has a customer is known to who keyed
// the records. Where several have, which is a fault of the keys, the latest counts.
func (s *session) explain(customer []byte) (*Explained, error) {
	var found *Explained
	for _, l := range s.lanes {
		if e, ok := l.Shard().Explain(customer); ok && (found == nil || e.Now > found.Now) {
			found = s.explained(l, e)
		}
	}
	switch {
	case found != nil:
		return found, nil
	case s.balancer.Role() == assign.RoleIdle:
		return nil, ErrOwnedElsewhere
	case len(s.lanes) < int(s.p.partitions) || s.p.partitions == 0:
		return nil, fmt.Errorf("%w: %s", ErrNotAnswering, s.restore.Describe())
	}
	return nil, ErrUnknownCustomer
}

// explained adds what the lane knows to what its shard does.
func (s *session) explained(l *lane.Lane, e *shard.Explanation) *Explained {
	x := &Explained{Explanation: *e}
	// Under steady traffic something is always on its way for a moment.
	x.Behind = !l.CaughtUp() && s.p.wall()-l.Silence() > s.p.cfg.Shard.Lateness+behindFrom
	for i := range s.p.cfg.Inputs {
		if l.IsQuiet(i) {
			x.Quiet = append(x.Quiet, s.p.cfg.Inputs[i].Topic)
		}
	}
	for _, b := range l.Sessions() {
		x.Backfills = append(x.Backfills, b.ID)
	}
	return x
}
