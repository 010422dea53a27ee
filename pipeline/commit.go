package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// One commit is one Kafka transaction: alerts, dead letters, outbox blocks,
// batch-log entries, some dirty pages, and the applied offsets of every owned
// partition with the mark of its batch. It is begun here and ended here: what
// the batches cause is gathered in the workers until then.

// errReplaceClient says that the client is of no further use: close it, make a
// new one with the same transactional id, and let the group's offsets decide.
var errReplaceClient = errors.New("the client must be replaced")

// commitDue says whether the commit at hand should be ended now.
func (s *session) commitDue(now time.Time) bool {
	if now.Sub(s.lastCommit) < s.p.cfg.CommitEvery && s.uncommittedBytes < s.p.cfg.CommitBytes && !s.full() {
		return false
	}
	for _, w := range s.workers {
		if w.busy() || w.pagesDue() || w.flushDue(s.p) || w.restDue(now) || w.lagDue() {
			return true
		}
	}
	return false
}

// full reports whether the commit at hand holds as much as it may.
func (s *session) full() bool { return s.heldBytes() >= s.p.cfg.EffectBytes }

// heldBytes is about what the commit at hand holds.
func (s *session) heldBytes() (held int64) {
	for _, w := range s.workers {
		held += w.heldBytes()
	}
	return held
}

// commit ends the commit at hand. A nil error means that the world and the
// shards agree: either all of it happened, or it was taken back and reading
// goes on from the last commit.
func (s *session) commit(ctx context.Context, flushPages bool) error {
	s.waits("commit", endTimeout)
	if err := s.prepare(flushPages); err != nil {
		return err
	}
	if err := s.group.Begin(); err != nil {
		return s.abandon(fmt.Errorf("begin a transaction: %w", err))
	}
	s.p.reach(AfterBegin)
	// Once begun it is ended, also when a stop is asked for meanwhile: what
	// comes of it would have to be found out again by the next start.
	ctx = context.WithoutCancel(ctx)
	ended, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	produced := newProduced()
	s.produce(ended, produced)
	if err := s.client.Flush(ended); err != nil {
		return s.abandon(fmt.Errorf("flush a transaction: %w", err))
	}
	s.p.reach(AfterFlush)
	if err := produced.err(); err != nil {
		// A refused record does not fail the transaction by itself.
		s.p.status.note("commit", err)
		committed, endErr := s.group.End(ended, kgo.TryAbort)
		return s.settle(ctx, committed, endErr, "produce")
	}
	committed, err := s.group.End(kgo.PreTxnCommitFnContext(ended, s.offsets), kgo.TryCommit)
	s.p.reach(AfterEnd)
	return s.settle(ctx, committed, err, "end")
}

// prepare lets every worker write its rows and encode its pages, in parallel.
func (s *session) prepare(flushPages bool) error {
	wall := s.p.wall()
	group := errgroup.Group{}
	group.SetLimit(s.p.parallel)
	for _, w := range s.workers {
		group.Go(func() error { return w.prepare(s, wall, flushPages) })
	}
	return group.Wait()
}

// produce hands the transaction's records to the client.
func (s *session) produce(ctx context.Context, produced *produced) {
	half := len(s.workers) / 2
	for i, w := range s.workers {
		if i == half {
			s.p.reach(MidProduce)
		}
		w.produce(ctx, s, produced)
	}
}

// settle acts on what End said. Only (true, nil) is a commit for certain: an
// unconfirmed one also arrives as (false, nil).
func (s *session) settle(ctx context.Context, committed bool, err error, reason string) error {
	switch {
	case err == nil && committed:
		s.finish()
		return nil
	case err == nil:
		s.p.metrics.commits.WithLabelValues("aborted", reason).Inc()
		return s.resolve(ctx)
	}
	s.p.metrics.commits.WithLabelValues("unknown", reason).Inc()
	return s.abandon(fmt.Errorf("end a transaction: %w", err))
}

// finish makes the commit at hand final in every worker.
func (s *session) finish() {
	for _, w := range s.workers {
		s.p.observe(w)
		w.commit(s.p.incarnation)
	}
	s.p.metrics.commits.WithLabelValues("committed", "").Inc()
	s.lastCommit, s.uncommittedBytes = time.Now(), 0
	s.p.watchdog.committed()
}

// abandon leaves the commit's outcome open: the workers keep the batch and
// what undoes it until the group's offsets have said which it was.
func (s *session) abandon(err error) error {
	s.p.pending = true
	s.p.status.note("commit", err)
	return fmt.Errorf("%w: %w", errReplaceClient, err)
}

// offsets sets the offsets that the transaction commits: exactly what has been
// applied, for every owned partition of every input, with the mark of the
// shard's batch. The session's own would be what was polled.
func (s *session) offsets(req *kmsg.TxnOffsetCommitRequest) error {
	if req.Generation < 0 {
		// Before the first join a broker would take this commit unfenced.
		return fmt.Errorf("commit before the group is joined: %w", kerr.IllegalGeneration)
	}
	req.Topics = req.Topics[:0]
	for i := range s.p.cfg.Inputs {
		topic := kmsg.NewTxnOffsetCommitRequestTopic()
		topic.Topic = s.p.cfg.Inputs[i].Topic
		topic.TopicID = s.topicIDs[topic.Topic]
		for _, w := range s.workers {
			part := kmsg.NewTxnOffsetCommitRequestTopicPartition()
			part.Partition = w.partition
			part.Offset = w.inputs[i].position
			part.Metadata = kmsg.StringPtr(w.mark(s.p.incarnation).String())
			topic.Partitions = append(topic.Partitions, part)
		}
		req.Topics = append(req.Topics, topic)
	}
	return nil
}

func (w *worker) mark(incarnation string) Mark {
	return Mark{Batch: w.shard.Position().Batch, RowsComplete: w.rowsComplete, Sessions: len(w.sessions),
		ClockLags: w.clockLags(), Incarnation: incarnation}
}

// clockLags reports whether the clock has not yet come as far as what is applied
// lets it: an input is not known to be read to its end, or more has become due
// than the last batch could bring. What is still to come of it are rows and
// alerts that nobody sent anything for.
func (w *worker) clockLags() bool { return !w.clock.caughtUp || w.late() }

// lagDue reports whether the last commit says that the clock lags, and it no
// longer does: who waits for it must hear of that.
func (w *worker) lagDue() bool { return w.groupMark.ClockLags && !w.clockLags() }

// prepare writes the rows that are owed, chooses and encodes pages, and makes
// the last entry say where the shard stands.
func (w *worker) prepare(s *session, wall event.Instant, flushPages bool) error {
	p := s.p
	w.beginFlush(p)
	needed := w.flush.remaining > 0 || w.modelDue(p) ||
		flushPages && (len(w.pages) > 0 || w.shard.Slab().DirtyPages() > 0 || w.headerStale() || !w.headerLast) ||
		w.restDue(time.Now()) || w.lagDue()
	if len(w.entries) == 0 && (needed || w.busy() || w.pagesDue()) {
		// Whatever is said in a commit belongs to a batch; an empty one will do.
		w.batch.Reset()
		w.batch.ResendRows, w.batch.RepairClock = false, false
		w.stamp(p, wall)
		if err := w.apply(p); err != nil {
			return fmt.Errorf("apply to shard %d: %w", w.partition, err)
		}
	}
	if len(w.entries) == 0 {
		return nil
	}
	w.writeRows(p, wall)
	w.choosePages(p, flushPages)
	w.describe(p)
	w.addHeader(s)
	return nil
}

// flushDue says whether rows are being flushed, or it is time to.
func (w *worker) flushDue(p *Pipeline) bool {
	return w.flush.remaining > 0 ||
		w.shard.RowsOwed() > 0 && (time.Since(w.lastFlush) >= p.cfg.FlushEvery || p.stopping.Load())
}

// beginFlush notes at each flush how many rows are owed.
func (w *worker) beginFlush(p *Pipeline) {
	if w.flush.remaining > 0 || !w.flushDue(p) {
		return
	}
	w.lastFlush = time.Now()
	w.flush = flushState{remaining: w.shard.RowsOwed(), batch: w.shard.Position().Batch}
}

// modelDue reports whether the model table lacks the parameters in force.
func (w *worker) modelDue(p *Pipeline) bool {
	parameters, _ := p.versions.inForce()
	return w.modelRows != parameters.Version
}

func (w *worker) writeRows(p *Pipeline, wall event.Instant) {
	if w.modelRows != w.inForce.version {
		w.modelRows = w.inForce.version
		w.shard.WriteModel(wall, &w.effects)
	}
	if w.flush.remaining > 0 {
		before := w.shard.RowsOwed()
		w.shard.WriteRows(wall, min(w.flush.remaining, p.rowsPerCommit()), &w.effects)
		w.flush.remaining -= before - w.shard.RowsOwed()
		if w.flush.remaining <= 0 {
			w.flush.remaining = 0
			w.rowsComplete = max(w.rowsComplete, w.flush.batch)
		}
	}
	if w.shard.RowsOwed() == 0 {
		w.rowsComplete = w.shard.Position().Batch
	}
}

// rowsPerCommit is how many rows a shard writes in a commit: its own bound, and
// its share of that of all shards.
func (p *Pipeline) rowsPerCommit() int {
	return min(p.cfg.RowsPerCommit, max(maxRowsPerCommit/max(int(p.partitions), 1), 1))
}

// describe completes the last entry of the commit with where the shard stands.
func (w *worker) describe(p *Pipeline) {
	at := w.shard.Position()
	for i := range w.entries {
		e := &w.entries[i]
		e.NextSeq, e.Partitions, e.Epoch = at.NextSeq, p.partitions, at.Epoch
		e.ConfigHash = p.cfg.ConfigHash
		e.RowsComplete, e.Counters = w.rowsComplete, at.Counters.Values()
		e.OldestNeeded = at.Batch + 1
		if oldest, dirty := w.shard.Slab().OldestDirty(); dirty {
			e.OldestNeeded = oldest
		}
	}
}

// produced gathers the errors of a transaction's records.
type produced struct {
	mu    sync.Mutex
	first error
}

func newProduced() *produced { return &produced{} }

func (d *produced) done(r *kgo.Record, err error) {
	if err == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.first == nil {
		d.first = fmt.Errorf("produce %d bytes to %s/%d: %w", len(r.Key)+len(r.Value), r.Topic, r.Partition, err)
	}
}

func (d *produced) err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.first
}

// produce hands the worker's part of the transaction to the client.
func (w *worker) produce(ctx context.Context, s *session, d *produced) {
	t, cl := &s.p.cfg.Topics, s.client
	for i := range w.rejected {
		cl.Produce(ctx, s.p.deadLetter(w, w.rejected[i]), d.done)
	}
	for i := range w.effects.Alerts {
		cl.Produce(ctx, s.p.alertRecord(&w.effects.Alerts[i]), d.done)
	}
	for _, block := range w.blocksOut() {
		cl.Produce(ctx, &kgo.Record{Topic: t.Outbox, Partition: w.partition % s.outboxPartitions,
			Value: block, Headers: formatHeader}, d.done)
	}
	for i := range w.entries {
		e, batch := &w.entries[i], w.entries[i].Batch
		cl.Produce(ctx, &kgo.Record{Topic: t.BatchLog, Partition: w.partition,
			Key: checkpoint.PageKey(uint32(w.partition), 0)[:4], Value: e.Append(nil), Headers: formatHeader},
			func(r *kgo.Record, err error) {
				if err == nil {
					w.logOffsets.note(batch, r.Offset)
				}
				d.done(r, err)
			})
	}
	for i := range w.pages {
		if i == len(w.pages)/2 {
			s.p.reach(MidPage)
		}
		cl.Produce(ctx, &kgo.Record{Topic: t.Checkpoint, Partition: w.partition,
			Key: w.pages[i].key, Value: w.pages[i].value, Headers: formatHeader}, d.done)
	}
}

// alertSource is the CloudEvents source of alerts.
const alertSource = "holdfast"

var formatHeader = []kgo.RecordHeader{{Key: signal.FormatHeader, Value: []byte(signal.FormatVersion)}}

// blocksOut encodes the rows of the commit.
func (w *worker) blocksOut() (blocks [][]byte) {
	blocks = append(blocks, w.effects.Sealed...)
	if w.effects.Customers.Rows() > 0 {
		blocks = append(blocks, w.effects.Customers.Encode(nil))
	}
	if w.effects.AlertRows.Rows() > 0 {
		blocks = append(blocks, w.effects.AlertRows.Encode(nil))
	}
	if w.effects.Models.Rows() > 0 {
		blocks = append(blocks, w.effects.Models.Encode(nil))
	}
	return blocks
}

// alertRecord is an alert as it lies on its topic, in CloudEvents' binary mode.
func (p *Pipeline) alertRecord(a *signal.Alert) *kgo.Record {
	topic := p.cfg.Topics.Alerts
	if a.Kind.Topic == signal.TopicLoyalty {
		topic = p.cfg.Topics.Loyalty
	}
	r := &kgo.Record{Topic: topic, Key: a.CustomerID, Value: a.AppendJSON(nil)}
	for _, h := range a.AppendHeaders(nil, alertSource) {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: h.Key, Value: []byte(h.Value)})
	}
	return r
}
