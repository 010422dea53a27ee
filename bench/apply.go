package main

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// applier is the whole path without a commit: fetch with default options, and
// the lanes that ship; now and then what the shards would undo is dropped, and
// what they would say with it.
type applier struct {
	order   order
	rules   shard.Config
	inputOf map[string]int
	lanes   [partitions]*lane.Lane
	next    [len(inputs)][partitions]int64 // what was read up to
	asked   uint64
}

func newApplier(o order) (*applier, error) {
	cfg, err := rules()
	if err != nil {
		return nil, err
	}
	a := &applier{order: o, rules: cfg, inputOf: map[string]int{}}
	told := &lane.Config{Group: "bench", Partitions: partitions, Shard: cfg, Clock: lane.EventsClock,
		CommitEvery: commitEvery, MaxReplay: maxReplay, FlushEvery: flushEvery, RowsPerCommit: rowsPerCommit,
		EffectBytes: effectBytes, BackfillMaxOpen: time.Hour}
	for i, in := range inputs {
		told.Inputs = append(told.Inputs, lane.Input{Topic: o.Names[in.key], Decode: decode.Config{Type: in.kind}})
		a.inputOf[o.Names[in.key]] = i
	}
	for n := range a.lanes {
		if a.lanes[n], err = lane.New(int32(n), told); err != nil {
			return nil, err
		}
		a.lanes[n].BeginAfresh(make([]int64, len(inputs)), 1)
		a.lanes[n].Begin(time.Now())
	}
	return a, nil
}

// effectBytes lets no commit be cut short.
const effectBytes = 1 << 40

func (a *applier) take(ctx context.Context, c command, m *meter) error {
	s, err := open(a.order, c)
	if err != nil {
		return err
	}
	defer s.client.Close()
	raised, fired := a.counters()
	m.begin()
	dropped := m.began
	for {
		fetches, more, err := s.poll(ctx, pollRecords)
		if err != nil || !more {
			m.end()
			alerts, deadlines := a.counters()
			m.Alerts, m.Fired = alerts-raised, deadlines-fired
			return err
		}
		if err := a.apply(fetches, m); err != nil {
			return err
		}
		if now := time.Now(); now.Sub(dropped) >= commitEvery {
			dropped = now
			a.drop()
		}
	}
}

// apply lets the lanes take one poll, and apply it.
func (a *applier) apply(fetches kgo.Fetches, m *meter) error {
	now := time.Now()
	before := a.read()
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		input := a.inputOf[f.Topic]
		a.lanes[f.Partition].Take(input, f.Records, now)
		for _, r := range f.Records {
			m.Events++
			m.Bytes += int64(len(r.Key) + len(r.Value))
			a.next[input][f.Partition] = r.Offset + 1
		}
	})
	in := a.intake(now)
	for n, l := range a.lanes {
		if err := l.Work(in); err != nil {
			return err
		}
		read := int64(0)
		for i := range inputs {
			read += a.next[i][n]
		}
		if applied := int64(l.Shard().Position().Counters.Applied); applied != read {
			return fmt.Errorf("apply to shard %d: %d events of %d records", n, applied, read)
		}
	}
	for i, n := range a.read() {
		m.countOf(inputs[i].kind, n-before[i])
	}
	return nil
}

// intake says that all there is has been read.
func (a *applier) intake(now time.Time) *lane.Intake {
	a.asked++
	wall := event.Instant(now.UnixMicro())
	in := &lane.Intake{Most: pollRecords, Moment: lane.Moment{Now: now, Wall: wall, Parameters: a.rules.Parameters},
		Asked: &lane.LogEnds{Number: a.asked, At: wall}}
	for i := range a.next {
		ends := map[int32]checkpoint.Range{}
		for n, end := range a.next[i] {
			ends[int32(n)] = checkpoint.Range{End: end}
		}
		in.Asked.Ends = append(in.Asked.Ends, ends)
	}
	return in
}

// read is how many records of each input were read.
func (a *applier) read() (all [len(inputs)]int64) {
	for i := range a.next {
		for _, n := range a.next[i] {
			all[i] += n
		}
	}
	return all
}

// drop is a commit of which nothing is written.
func (a *applier) drop() {
	for _, l := range a.lanes {
		l.Keep(&lane.Commit{})
	}
}

func (a *applier) counters() (raised, fired uint64) {
	for _, l := range a.lanes {
		c := l.Shard().Position().Counters
		raised += c.AlertsRaised
		fired += c.DeadlinesFired
	}
	return raised, fired
}

// close says what the records add up to.
func (a *applier) close(_ context.Context, m *meter) error {
	for _, l := range a.lanes {
		m.addState(l.Shard().Slab())
	}
	return nil
}
