package pipeline

import (
	"strconv"
	"time"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/txn"
)

// observer makes what the process at work tells into status and metrics.
type observer struct {
	status
	cfg     *Config
	metrics *metrics
}

var _ txn.Observer = (*observer)(nil)

// Interrupted implements txn.Observer.
func (o *observer) Interrupted(reason string) {
	o.interrupt(reason)
	o.metrics.ready.Set(0)
}

// Prepared implements txn.Observer.
func (o *observer) Prepared(c *lane.Commit) { o.metrics.pageBytes.Add(float64(c.PageBytes)) }

// Ended implements txn.Observer.
func (o *observer) Ended(result, reason string) {
	o.metrics.commits.WithLabelValues(result, reason).Inc()
}

// Model implements txn.Observer.
func (o *observer) Model(s signal.DataSufficiency, reason string) {
	o.setModel("the last fit: " + s.String() + ": " + reason)
}

// Fitted implements txn.Observer.
func (o *observer) Fitted(r txn.FitResult, took time.Duration) {
	o.metrics.fits.WithLabelValues(string(r)).Inc()
	o.metrics.fitSeconds.Observe(took.Seconds())
}

// Restored implements txn.Observer.
func (o *observer) Restored(took time.Duration) { o.metrics.restoreSeconds.Observe(took.Seconds()) }

// Replayed implements txn.Observer.
func (o *observer) Replayed(events int) { o.metrics.restoredRecords.Add(float64(events)) }

// Released implements txn.Observer.
func (o *observer) Released(partition int32) {
	o.metrics.forget(partition, lane.TopicNames(o.cfg.Inputs))
}

// Committed counts what a commit did, when it is certain that it did.
func (o *observer) Committed(c *lane.Commit) {
	m, now, wall := o.metrics, float64(time.Now().UnixNano())/1e9, event.Instant(o.cfg.Now().UnixMicro())
	for i := range c.Inputs {
		in := &c.Inputs[i]
		topic, kind := o.cfg.Inputs[i].Topic, o.cfg.Inputs[i].Decode.Type.String()
		if in.Records > 0 {
			m.consumed.WithLabelValues(topic).Add(float64(in.Records))
			m.consumedBytes.WithLabelValues(topic).Add(float64(in.Bytes))
			m.processed.WithLabelValues(kind).Add(float64(in.Events))
			m.lastRecord.WithLabelValues(topic).Set(now)
			m.eventLag.WithLabelValues(kind).Observe(max(float64(wall-in.Latest)/1e6, 0))
		}
	}
	for _, r := range c.Rejected {
		m.reject(o.cfg, r)
	}
	o.observeSignals(c)
	if c.Pages > 0 {
		m.pagesAt.WithLabelValues(strconv.Itoa(int(c.Partition))).Set(now)
	}
}

func (m *metrics) reject(cfg *Config, r lane.Rejected) {
	in := &cfg.Inputs[r.Input]
	if r.Reason != decode.TooLate {
		m.rejected.WithLabelValues(in.Decode.Type.String(), r.Reason.String()).Inc()
	}
	m.deadLetters.WithLabelValues(in.Topic, r.Stage).Inc()
}

func (o *observer) observeSignals(c *lane.Commit) {
	for i := range c.Alerts {
		a := &c.Alerts[i]
		o.metrics.emitted.WithLabelValues(a.Kind.Name, a.Action.String(), a.Level.String()).Inc()
		if a.Suppressed != signal.NotSuppressed {
			o.metrics.suppressed.WithLabelValues(a.Kind.Name, a.Suppressed.String()).Inc()
		}
	}
	now, was := c.After, c.Before
	o.metrics.deduplicated.Add(float64(now.Duplicates - min(was.Duplicates, now.Duplicates)))
	o.metrics.folded.Add(float64(now.Folded - min(was.Folded, now.Folded)))
	o.metrics.deadlinesFired.Add(float64(now.DeadlinesFired - min(was.DeadlinesFired, now.DeadlinesFired)))
	before := was.Findings()
	for i, f := range now.Findings() {
		o.metrics.findings.WithLabelValues(f.Name).Add(float64(f.Events - min(before[i].Events, f.Events)))
	}
}

// Looked publishes the state of every shard, about once a second.
func (o *observer) Looked(v txn.View) {
	m := o.metrics
	ready, _ := o.isReady()
	m.ready.Set(truth(ready))
	m.assigned.Set(float64(len(v.Lanes)))
	m.believed.Set(truth(v.Trusted))
	m.backfills.Set(float64(v.Sessions))
	o.setInForce(v.Parameters.DataSufficiency.String()+": version "+v.Parameters.Version+" is in force",
		v.Parameters.DataSufficiency == signal.SufficiencyOK)
	skipped, untold := uint64(0), 0
	defer func() { o.noteUntold(untold) }()
	defer func() { m.skipped.Set(float64(skipped)) }()
	quiet, low := make([]bool, len(o.cfg.Inputs)), make([]bool, len(o.cfg.Inputs))
	defer func() { o.noteInputs(quiet, low) }()
	for _, l := range v.Lanes {
		label := strconv.Itoa(int(l.Partition()))
		slab, at := l.Shard().Slab(), l.Shard().Position()
		if reading := l.ClockReading(); reading > 0 {
			m.watermark.WithLabelValues(label).Set(float64(reading) / 1e6)
		}
		skipped += at.Counters.Skipped
		untold += l.Shard().UntoldWaiting()
		m.customers.WithLabelValues(label).Set(float64(slab.Len()))
		m.stateBytes.WithLabelValues(label).Set(float64(slab.Bytes()))
		m.dirty.WithLabelValues(label).Set(float64(slab.DirtyPages()))
		m.pending.WithLabelValues(label).Set(float64(slab.Pending()))
		for i := range o.cfg.Inputs {
			quiet[i] = quiet[i] || l.IsQuiet(i)
			low[i] = low[i] || l.IsLow(i)
		}
		m.caughtUp.WithLabelValues(label).Set(truth(l.CaughtUp()))
		m.waiting.WithLabelValues(label).Set(float64(l.WaitingBytes()))
		for i := range o.cfg.Inputs {
			if v.Asked != nil {
				m.lag.WithLabelValues(o.cfg.Inputs[i].Topic, label).Set(lagOf(v.Asked.Ends[i][l.Partition()], l, i))
			}
		}
	}
}

// noteUntold tells how many customers wait to be told of.
func (o *observer) noteUntold(n int) {
	o.metrics.untold.Set(float64(n))
	o.setUntold(n)
}

// noteInputs tells which inputs have broken off in a shard, all or in part.
func (o *observer) noteInputs(quiet, low []bool) {
	var names, partly []string
	for i := range quiet {
		topic, kind := o.cfg.Inputs[i].Topic, o.cfg.Inputs[i].Decode.Type
		if kind == event.Internal {
			continue
		}
		if kind == event.Visit {
			o.metrics.low.WithLabelValues(topic).Set(truth(low[i]))
		}
		o.metrics.quiet.WithLabelValues(topic).Set(truth(quiet[i]))
		if low[i] {
			partly = append(partly, topic)
		}
		if quiet[i] {
			names = append(names, topic)
		}
	}
	o.setQuiet(names, partly)
}
