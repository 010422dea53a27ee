package txn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/lane"
)

// What an unconfirmed transaction came to is read from the group's offsets:
// they carry the mark of the batch and of the process that committed it. The
// batch and what undoes it are kept until that is known; both sides are right
// then, because the shard is deterministic.

// standings reads the group's offsets, waiting for transactions that are still
// being ended: an answer without that wait may show the batch before.
func (s *session) standings(ctx context.Context) (map[int32]lane.Standing, error) {
	limit := s.p.cfg.TransactionTimeout + 15*time.Second
	s.waits("ask how a commit ended", limit)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	partitions := make([]int32, s.p.partitions)
	for n := range partitions {
		partitions[n] = int32(n)
	}
	return standingsOf(ctx, s.reader, s.p.cfg.Group, s.p.cfg.topicNames(), partitions)
}

// standingsOf reads the marks and offsets that a group has committed for the
// partition numbers of its inputs. It waits for open transactions that hold
// offsets until ctx ends. The partitions are named, because a broker leaves out
// of "all that the group has" those whose first commit is still pending.
func standingsOf(ctx context.Context, cl *kgo.Client, group string, topics []string,
	partitions []int32) (map[int32]lane.Standing, error) {
	named := map[string][]int32{}
	for _, topic := range topics {
		named[topic] = partitions
	}
	offsets, err := checkpoint.StableOffsets(ctx, cl, group, named)
	if err != nil {
		return nil, err
	}
	all := map[int32]lane.Standing{}
	for i, topic := range topics {
		for partition, o := range offsets[topic] {
			mark, ok := lane.ParseMark(o.Metadata)
			if !ok {
				continue
			}
			st := all[partition]
			if st.Known && st.Mark != mark {
				return nil, fmt.Errorf("read the offsets of group %s: partition %d: the inputs were not "+
					"committed together (%s, %s)",
					group, partition, st.Mark, mark)
			}
			st.Mark, st.Known = mark, true
			if st.Offsets == nil {
				st.Offsets, st.Has = make([]int64, len(topics)), make([]bool, len(topics))
			}
			st.Offsets[i], st.Has[i] = o.Offset, true
			all[partition] = st
		}
	}
	return all, nil
}

// resolve decides an unconfirmed commit while the client lives on.
func (s *session) resolve(ctx context.Context) error {
	all, err := s.standings(ctx)
	if err != nil {
		return s.abandon(err)
	}
	if s.p.decide(all) {
		s.finish()
	} else {
		s.undoAll()
		s.lastCommit = time.Now()
	}
	s.rewind() // the session has gone back by itself, to where it thinks
	return nil
}

// resolvePending decides a commit that an earlier client left open. This
// client's ProducerID has ended whatever was open by then.
func (s *session) resolvePending(ctx context.Context) error {
	if s.p.commit != unresolved {
		return nil
	}
	all, err := s.standings(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errReplaceClient, err)
	}
	if s.p.decide(all) {
		s.p.keepCommits()
	}
	for _, l := range s.p.owned() {
		l.Undo() // what was applied since, and where it did not happen, the commit
	}
	s.p.settle()
	return nil
}

// decide reports whether the commit at hand happened: whether the group shows the
// mark of its batches. A transaction is one: any shard with something to say
// tells for all.
func (p *Process) decide(all map[int32]lane.Standing) bool {
	for _, c := range p.commits {
		if c.Batches == 0 {
			continue
		}
		st := all[c.Partition]
		return st.Known && st.Mark.Batch == c.Mark.Batch && st.Mark.Incarnation == c.Mark.Incarnation
	}
	return false
}

// isFenced reports whether an error means that another producer took over the
// transactional id.
func isFenced(err error) bool {
	for _, fence := range []error{kerr.ProducerFenced, kerr.InvalidProducerEpoch, kerr.FencedInstanceID} {
		if errors.Is(err, fence) {
			return true
		}
	}
	return false
}
