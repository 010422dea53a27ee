package lane

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// What one customer does for another travels as a record of the internal topic,
// written in the transaction of its batch and keyed by the other. The lane that
// has that key reads it among its control records, and makes it an event.

// creditRecord is a credit as it lies on the internal topic. Its partition is
// chosen by its key, as those of the inputs are.
func (c *Commit) creditRecord(credit *shard.Credit) *kgo.Record {
	value := control.Record{Kind: control.ReferralCredit, Customer: string(credit.Referrer), Event: credit.ID,
		OccurredAt: int64(credit.At)}.Encode()
	return &kgo.Record{Topic: c.internal, Key: credit.Referrer, Value: value, Headers: formatHeader}
}

// takeCredit puts a credit into the batch as an event. As of every event, its time
// is no later than what is known here allows.
func (l *Lane) takeCredit(c *control.Record, r *kgo.Record, wall event.Instant) {
	customer, id := []byte(c.Customer), []byte(c.Event)
	latest := min(timestamp(r), wall) + l.mostFuture
	l.batch.Events = append(l.batch.Events, event.Event{
		Type: event.Internal, Kind: event.Referral,
		Input: uint8(l.control), Partition: r.Partition, Offset: r.Offset,
		OccurredAt: min(event.Instant(c.OccurredAt), latest), RecordTime: timestamp(r),
		CustomerID: customer, CustomerHash: event.HashID(customer), EventID: id, EventHash: event.HashID(id),
	})
	l.sources = append(l.sources, r)
}

// isCredit reports whether a control record is what one customer is due of another.
func (i *queued) isCredit() bool { return i.command != nil && i.command.Kind == control.ReferralCredit }

// creditGate says which credits wait in the queue of control records.
type creditGate struct {
	upTo  event.Instant // those that lie after it wait,
	until int           // where they stand at this place or behind it
	room  int           // so many more may go into the batch
}

// gateOf is the gate of the credits that wait. A credit that is ahead of the
// inputs waits for them as an event does: but never before a command, which must
// be heard, nor where credits take too much of the lane's share of memory. While
// the clock is ahead of the wall time, none is let through but before its repair.
func (l *Lane) gateOf(waiting []queued, in *Intake) creditGate {
	g := creditGate{upTo: l.front + mergeSlack, room: max(in.Most, 1)}
	ahead := l.ahead(in.Wall)
	if ahead {
		g.upTo = noTime
	}
	for i := range waiting {
		c := waiting[i].command
		if c != nil && (c.Kind == control.ClockRepair || c.Kind != control.ReferralCredit && !ahead) {
			g.until = i
		}
	}
	if !ahead && l.queues[l.control].bytes > l.holdBytes/4 {
		g.until = len(waiting)
	}
	return g
}

// waits reports whether a credit at a place of the queue must wait.
func (g *creditGate) waits(place int, c *control.Record) bool {
	return g.room == 0 || place >= g.until && event.Instant(c.OccurredAt) > g.upTo
}
