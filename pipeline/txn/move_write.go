package txn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline/lane"
)

// writeMoves writes all moves in one transaction. No instance may come between
// what was read and what is written:
//   - one of the same id begins with that id's transaction and fences this one;
//   - one of another id that was removed from the group cannot commit, because
//     its offsets carry a generation that the group does not know;
//   - one that joins meanwhile is seen before the end, and the transaction is
//     aborted. One that joins later finds the transaction in its way and waits.
func (s *session) writeMoves(ctx context.Context, writer *kgo.Client, moves []plannedMove) (err error) {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	if err := writer.BeginTransaction(); err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	err = s.stageMoves(ctx, writer, moves)
	if err != nil {
		if abort := writer.EndTransaction(context.WithoutCancel(ctx), kgo.TryAbort); abort != nil {
			err = errors.Join(err, fmt.Errorf("abort: %w", abort))
		}
		return err
	}
	if err := writer.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return fmt.Errorf("end a transaction: %w: whether the position was moved is not known; "+
			"`holdfast offsets show` says it", err)
	}
	return nil
}

func (s *session) stageMoves(ctx context.Context, writer *kgo.Client, moves []plannedMove) error {
	var records []*kgo.Record
	for i := range moves {
		records = append(records, moves[i].records(&s.p.cfg.Topics)...)
	}
	if err := writer.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("produce: %w", err)
	}
	id, epoch, err := writer.ProducerID(ctx)
	if err != nil {
		return fmt.Errorf("go on as a producer: %w", err)
	}
	add := kmsg.NewPtrAddOffsetsToTxnRequest()
	add.TransactionalID, add.Group = s.p.cfg.Group+"-"+s.p.cfg.InstanceID, s.p.cfg.Group
	add.ProducerID, add.ProducerEpoch = id, epoch
	err = insist(ctx, func() error {
		answer, err := add.RequestWith(ctx, writer)
		if err != nil {
			return err
		}
		return kerr.ErrorForCode(answer.ErrorCode)
	})
	if err != nil {
		return fmt.Errorf("add the group's offsets to the transaction: %w", err)
	}
	if err := insist(ctx, func() error { return s.commitMoves(ctx, writer, id, epoch, moves) }); err != nil {
		return fmt.Errorf("commit offsets of group %s: %w", s.p.cfg.Group, err)
	}
	names, err := members(ctx, s.reader, s.p.cfg.Group)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return fmt.Errorf("an instance has joined group %s meanwhile (%v): nothing was moved; stop it first", s.p.cfg.Group,
			names)
	}
	return nil
}

// records are those of a shard's move.
func (m *plannedMove) records(t *lane.Topics) []*kgo.Record {
	n := m.Partition
	all := []*kgo.Record{lane.LogRecord(t, n, &m.entry)}
	if m.header != nil {
		all = append(all, lane.HeaderRecord(t, n, m.header))
	}
	return all
}

// commitMoves sends the offsets of every input of the moved partitions: those of
// one partition number carry one mark.
func (s *session) commitMoves(ctx context.Context, writer *kgo.Client, id int64, epoch int16,
	moves []plannedMove) error {
	request := kmsg.NewPtrTxnOffsetCommitRequest()
	request.TransactionalID, request.Group = s.p.cfg.Group+"-"+s.p.cfg.InstanceID, s.p.cfg.Group
	request.ProducerID, request.ProducerEpoch, request.Generation = id, epoch, -1
	for i, name := range s.p.cfg.topicNames() {
		topic := kmsg.NewTxnOffsetCommitRequestTopic()
		topic.Topic, topic.TopicID = name, s.topicIDs[name]
		for k := range moves {
			m := &moves[k]
			if m.inputs[i] < 0 {
				continue
			}
			mark := lane.Mark{Batch: m.entry.Batch, RowsComplete: m.entry.RowsComplete, Sessions: len(m.entry.Sessions),
				Incarnation: s.p.incarnation}
			part := kmsg.NewTxnOffsetCommitRequestTopicPartition()
			part.Partition, part.Offset = m.Partition, m.entry.Inputs[m.inputs[i]].To
			part.Metadata = kmsg.StringPtr(mark.String())
			topic.Partitions = append(topic.Partitions, part)
		}
		if len(topic.Partitions) > 0 {
			request.Topics = append(request.Topics, topic)
		}
	}
	answer, err := request.RequestWith(ctx, writer)
	if err != nil {
		return err
	}
	for _, topic := range answer.Topics {
		for _, part := range topic.Partitions {
			if err := kerr.ErrorForCode(part.ErrorCode); err != nil {
				return err
			}
		}
	}
	return nil
}

// insist repeats what a coordinator cannot do yet, until ctx ends.
func insist(ctx context.Context, try func() error) error {
	var last error // where ctx ends, it says more than that
	_, _ = backoff.Retry(ctx, func() (struct{}, error) {
		if last = try(); last != nil && !kerr.IsRetriable(last) && !errors.Is(last, kerr.ConcurrentTransactions) {
			return struct{}{}, backoff.Permanent(last)
		}
		return struct{}{}, last
	}, backoff.WithBackOff(backoff.NewConstantBackOff(100*time.Millisecond)), backoff.WithMaxElapsedTime(0))
	return last
}
