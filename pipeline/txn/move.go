package txn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// A position is moved by an empty batch: an entry of the batch log that begins
// and ends at the new place, with the counters, rows and sessions of the batch
// before, and in the same transaction the group's offsets with its mark. The
// next start finds a history like any other. See writeMoves for who may be at
// work meanwhile: nobody.

// Places to move to besides an offset.
const (
	MoveToStart = -2 // the log start
	MoveToEnd   = -1 // the log end
)

// Move says which position of an input to move, and where to.
type Move struct {
	Input     string // the topic
	Partition int32  // AllPartitions for all
	To        int64  // MoveToStart, MoveToEnd or an offset
	// Back moves to an earlier offset: events that are still remembered are
	// recognised, others are counted again.
	Back bool
	// Patience is how long to wait for the group to have no member.
	Patience time.Duration
}

// AllPartitions moves all partitions of an input that need it.
const AllPartitions = -1

// Moved says what a move came to in one partition.
type Moved struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	From      int64  `json:"from"`
	To        int64  `json:"to"`
	// Skipped are the offsets that were passed over unread.
	Skipped int64 `json:"skipped"`
	// Forgotten are the offsets that were counted, are gone, and are reflected
	// by no page of the state yet: what they had changed is lost.
	Forgotten int64 `json:"forgotten"`
}

// errMove says that a move cannot be made as asked for.
var errMove = errors.New("the position cannot be moved there")

// Move moves the position of an input while no instance is at work, and says
// what it did. Partitions that stand where they should are not in the answer.
func (p *Process) Move(ctx context.Context, m Move) ([]Moved, error) {
	if !slices.Contains(p.cfg.topicNames(), m.Input) {
		return nil, fmt.Errorf("%w: %s is no input of this configuration", errMove, m.Input)
	}
	s, err := p.visit(ctx)
	if err != nil {
		return nil, err
	}
	defer s.reader.Close()
	if m.Partition >= p.partitions {
		return nil, fmt.Errorf("%w: %s has %d partitions", errMove, m.Input, p.partitions)
	}
	say := func(words string) { p.cfg.Logger.Info(words) }
	if err := AwaitNoMembers(ctx, s.reader, p.cfg.Group, m.Patience, say); err != nil {
		return nil, err
	}
	writer, err := s.movesWriter(ctx)
	if err != nil {
		return nil, err
	}
	defer writer.Close()
	moves, err := s.planMoves(ctx, m)
	if err != nil || len(moves) == 0 {
		return nil, err
	}
	if err := s.writeMoves(ctx, writer, moves); err != nil {
		return nil, err
	}
	var done []Moved
	for i := range moves {
		done = append(done, moves[i].Moved)
	}
	return done, nil
}

// plannedMove is a move of one partition and the records that make it.
type plannedMove struct {
	Moved
	entry   checkpoint.Entry
	header  *checkpoint.Header // nil where there was none
	inputs  []int              // places in entry.Inputs, by configured input; -1 where it is new
	changed bool
}

func (s *session) planMoves(ctx context.Context, m Move) ([]plannedMove, error) {
	// It waits for transactions that hold offsets: also of an instance that is
	// no member any more and had sent its offsets before.
	all, err := s.standings(ctx)
	if err != nil {
		return nil, err
	}
	ranges, err := checkpoint.EndOffsets(ctx, s.reader, []string{m.Input})
	if err != nil {
		return nil, fmt.Errorf("ask for log starts and ends: %w", err)
	}
	var moves []plannedMove
	for n := range s.p.partitions {
		if m.Partition != AllPartitions && m.Partition != n {
			continue
		}
		one, err := s.planMove(ctx, m, n, all[n], ranges[m.Input][n])
		if err != nil {
			return nil, fmt.Errorf("move %s/%d: %w", m.Input, n, err)
		}
		if one.changed {
			moves = append(moves, one)
		}
	}
	return moves, nil
}

// planMove reads a shard's state as a start does, but for the replay, and makes
// the batch that moves the position.
func (s *session) planMove(ctx context.Context, m Move, n int32, st lane.Standing,
	r checkpoint.Range) (plannedMove, error) {
	loaded, err := s.source.Load(ctx, n, st, nil)
	if err != nil {
		return plannedMove{}, err
	}
	entries, header, places := loaded.Entries, loaded.Header, loaded.Places
	if len(entries) == 0 {
		return plannedMove{}, nil // nothing is counted yet: the first start begins at the log start
	}
	last := &entries[len(entries)-1]
	place := placeIn(last, m.Input)
	if place < 0 {
		return plannedMove{}, nil // new since: it is read from the log start, too
	}
	to, err := m.target(last.Inputs[place].To, r)
	if err != nil {
		return plannedMove{}, err
	}
	one := plannedMove{Moved: Moved{Topic: m.Input, Partition: n, From: last.Inputs[place].To, To: to}, inputs: places}
	if !m.Back {
		one.Skipped, one.Forgotten = to-one.From, forgotten(entries, place, r.Start)
	}
	if one.changed = to != one.From || one.Forgotten > 0; !one.changed {
		return one, nil
	}
	one.entry = moveEntry(last, place, one.Moved, r.Start)
	if header != nil {
		one.header = moveHeader(header, &one, loaded.Lane)
	}
	return one, nil
}

// target is the offset to move to from the one at hand.
func (m Move) target(at int64, r checkpoint.Range) (int64, error) {
	to := m.To
	switch to {
	case MoveToStart:
		if to = r.Start; !m.Back {
			to = max(at, to)
		}
	case MoveToEnd:
		to = r.End
	}
	switch {
	case to < r.Start || to > r.End:
		return 0, fmt.Errorf("%w: the log holds offsets %d to %d, and %d is asked for", errMove, r.Start, r.End, to)
	case m.Back && to > at:
		return 0, fmt.Errorf("%w: it stands at %d, and %d lies after it: skip moves there", errMove, at, to)
	case !m.Back && to < at:
		return 0, fmt.Errorf("%w: it stands at %d, and %d lies before it: rewind moves there", errMove, at, to)
	}
	return to, nil
}

// forgotten counts the offsets of an input that a replay would need, that lie
// below the log start, and that have not been given up before.
func forgotten(entries []checkpoint.Entry, place int, start int64) (n int64) {
	last := &entries[len(entries)-1]
	if place >= len(last.Inputs) {
		return 0
	}
	for i := range entries {
		if entries[i].Batch < last.OldestNeeded || place >= len(entries[i].Inputs) {
			continue
		}
		r := &entries[i].Inputs[place]
		n += max(min(r.To, start)-max(r.From, last.Inputs[place].LostBelow), 0)
	}
	return n
}

// moveEntry is the empty batch that follows the last one and stands elsewhere.
func moveEntry(last *checkpoint.Entry, place int, moved Moved, start int64) checkpoint.Entry {
	e := *last
	e.Batch, e.Actions, e.Inputs = last.Batch+1, 0, slices.Clone(last.Inputs)
	for i := range e.Inputs {
		e.Inputs[i].From = e.Inputs[i].To
	}
	r := &e.Inputs[place]
	r.From, r.To = moved.To, moved.To
	switch {
	case moved.Forgotten > 0:
		r.LostBelow = max(r.LostBelow, start)
	case r.LostBelow > moved.To: // what is read again must be there for a replay
		r.LostBelow = max(moved.To, 1)
	}
	if last.OldestNeeded > last.Batch { // every page is up to date, and an empty batch changes none
		e.OldestNeeded = e.Batch + 1
	}
	if last.RowsComplete == last.Batch {
		e.RowsComplete = e.Batch
	}
	counters := shard.CountersOf(last.Counters)
	counters.Skipped += uint64(moved.Skipped + moved.Forgotten)
	e.Counters = counters.Values()
	return e
}

// moveHeader is the header after the batch: one that said that it was the last
// must not outlive it.
func moveHeader(was *checkpoint.Header, one *plannedMove, l *lane.Lane) *checkpoint.Header {
	h := *was
	h.Entry = one.entry
	h.LogOffset = l.LogOffset(h.OldestNeeded)
	h.Last = h.OldestNeeded > h.Batch
	if one.Forgotten > 0 {
		// Others may have held none but customers that are forgotten. Those that
		// are written are full but the last: a page begins when the one before is
		// full, and is written after it.
		h.Pages = l.Shard().Slab().PagesInUse()
	}
	return &h
}

// movesWriter is a producer under the transactional id of this instance: a
// process of it that still lives is fenced, and what it had open has ended.
func (s *session) movesWriter(ctx context.Context) (*kgo.Client, error) {
	c := &s.p.cfg
	writer, err := kgo.NewClient(append(s.p.common(), kgo.TransactionalID(c.Group+"-"+c.InstanceID),
		kgo.TransactionTimeout(c.TransactionTimeout), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchMaxBytesFn(func(string) int32 { return usualBatchBytes }))...)
	if err != nil {
		return nil, fmt.Errorf("make a Kafka client: %w", err)
	}
	if _, _, err := writer.ProducerID(ctx); err != nil {
		writer.Close()
		return nil, fmt.Errorf("begin as a producer: %w", err)
	}
	return writer, nil
}
