package lane

import (
	"iter"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Commit is what a lane says in one transaction. It is valid until the lane
// keeps it or is undone.
type Commit struct {
	Partition int32
	Offsets   []int64 // per input: exactly what is applied
	Mark      Mark    // the metadata of every offset
	Batches   int     // that the commit holds; 0: nothing is said but offsets
	Pages     int     // records of the checkpoint topic, the header among them; they come last
	PageBytes int64   // of pages, the header apart

	// What is counted once the commit has happened.
	Inputs        []Consumed         // per input
	Alerts        []signal.Alert     // delivered or not, for their labels
	Rejected      []Rejected         // per dead letter
	Before, After shard.Counters     // of the shard, at the last commit and at this one
	entries       []checkpoint.Entry // of the batch log
	logged        []*kgo.Record      // their records, where the client notes their offsets
	letters       []rejection
	inputs        []Input
	wall          event.Instant
	blocks        func() [][]byte // encodes the rows
	credits       []shard.Credit
	internal      string // the topic of credits; empty: there is none
	pages         []encodedPage
	all           bool // suppressed alerts are messages too

	topics          *Topics
	outboxPartition int32
}

// Consumed is what of one input a commit holds.
type Consumed struct {
	Records, Bytes, Events uint64
	Latest                 event.Instant // latest event time applied so far
}

// tell fills what every commit says.
func (l *Lane) tell(c *Commit, wall event.Instant) {
	c.Mark, c.Batches, c.Pages = l.mark(), len(l.entries), len(c.pages)
	for i := range l.inputs {
		in, was := &l.inputs[i], &l.committed.positions[i]
		c.Offsets = append(c.Offsets, in.position)
		c.Inputs = append(c.Inputs, Consumed{Records: in.records - was.records, Bytes: in.bytes - was.bytes,
			Events: in.events - was.events, Latest: in.latest})
	}
	for _, r := range l.rejected {
		c.Rejected = append(c.Rejected, Rejected{Input: r.input, Reason: r.reject.Reason, Stage: stageOf(r)})
	}
	c.Before, c.After = shard.CountersOf(l.committed.entry.Counters), l.shard.Position().Counters
	c.Alerts, c.letters, c.entries, c.blocks = l.effects.Alerts, l.rejected, l.entries, l.blocksOut
	c.inputs, c.wall, c.all = l.cfg.Inputs, wall, l.cfg.PublishSuppressed
	if l.control >= 0 {
		c.credits, c.internal = l.effects.Credits, l.topics[l.control]
	}
}

// Records returns the records of the commit in the order in which they are
// written: dead letters, alerts, credits, blocks of the outbox, entries of the batch log,
// pages, the header. Each is encoded when its turn comes, so that a client that
// waits for room holds few of them. They are to be taken once.
func (c *Commit) Records() iter.Seq[*kgo.Record] {
	return func(yield func(*kgo.Record) bool) {
		for i := range c.letters {
			if !yield(c.deadLetter(&c.letters[i])) {
				return
			}
		}
		for i := range c.Alerts {
			if c.Alerts[i].Suppressed != signal.NotSuppressed && !c.all {
				continue // its row says so
			}
			if !yield(c.alertRecord(&c.Alerts[i])) {
				return
			}
		}
		for i := range c.credits {
			if !yield(c.creditRecord(&c.credits[i])) {
				return
			}
		}
		for _, block := range c.blocks() {
			if !yield(&kgo.Record{Topic: c.topics.Outbox, Partition: c.outboxPartition, Value: block, Headers: formatHeader}) {
				return
			}
		}
		c.stateRecords(yield)
	}
}

// stateRecords yields what a restart reads.
func (c *Commit) stateRecords(yield func(*kgo.Record) bool) {
	for i := range c.entries {
		r := LogRecord(c.topics, c.Partition, &c.entries[i])
		c.logged = append(c.logged, r)
		if !yield(r) {
			return
		}
	}
	for i := range c.pages {
		if !yield(&kgo.Record{Topic: c.topics.Checkpoint, Partition: c.Partition, Key: c.pages[i].key,
			Value:   c.pages[i].value,
			Headers: formatHeader}) {
			return
		}
	}
}

// LogRecord is an entry as it lies in the batch log.
func LogRecord(t *Topics, partition int32, e *checkpoint.Entry) *kgo.Record {
	return &kgo.Record{Topic: t.BatchLog, Partition: partition, Key: checkpoint.PageKey(uint32(partition), 0)[:4],
		Value: e.Append(nil), Headers: formatHeader}
}

// HeaderRecord is a header as it lies on the checkpoint topic.
func HeaderRecord(t *Topics, partition int32, h *checkpoint.Header) *kgo.Record {
	return &kgo.Record{Topic: t.Checkpoint, Partition: partition, Key: checkpoint.PageKey(uint32(partition), 0),
		Value: h.Append(nil), Headers: formatHeader}
}

// alertSource is the CloudEvents source of alerts.
const alertSource = "holdfast"

var formatHeader = []kgo.RecordHeader{{Key: signal.FormatHeader, Value: []byte(signal.FormatVersion)}}

// blocksOut encodes the rows of the commit.
func (l *Lane) blocksOut() (blocks [][]byte) {
	blocks = append(blocks, l.effects.Sealed...)
	if l.effects.Customers.Rows() > 0 {
		blocks = append(blocks, l.effects.Customers.Encode(nil))
	}
	if l.effects.AlertRows.Rows() > 0 {
		blocks = append(blocks, l.effects.AlertRows.Encode(nil))
	}
	if l.effects.Models.Rows() > 0 {
		blocks = append(blocks, l.effects.Models.Encode(nil))
	}
	if l.effects.Quality.Rows() > 0 {
		blocks = append(blocks, l.effects.Quality.Encode(nil))
	}
	return blocks
}

// alertRecord is an alert as it lies on its topic, in CloudEvents' binary mode.
func (c *Commit) alertRecord(a *signal.Alert) *kgo.Record {
	topic := c.topics.Alerts
	if a.Kind.Topic == signal.TopicLoyalty {
		topic = c.topics.Loyalty
	}
	r := &kgo.Record{Topic: topic, Key: a.CustomerID, Value: a.AppendJSON(nil)}
	for _, h := range a.AppendHeaders(nil, alertSource) {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: h.Key, Value: []byte(h.Value)})
	}
	return r
}
