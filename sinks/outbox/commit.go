package outbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// commit moves the group's offset behind what is loaded. It is repeated until
// the group has it, because nobody else would: without new records there is no
// later commit that covers it.
func (w *worker) commit(ctx context.Context) error {
	err := w.persist(func() (*Failure, error) {
		err := w.commitOnce(ctx)
		switch {
		case errors.Is(err, errStopped):
			return nil, err
		case err != nil:
			return notWritten(err), nil
		}
		return nil, nil
	})
	if err == nil {
		w.loader.committed(w.partition, w.next)
		w.settle()
	}
	return err
}

func (w *worker) commitOnce(ctx context.Context) error {
	w.commitLock.Lock()
	defer w.commitLock.Unlock()
	if w.revoked {
		return errStopped
	}
	ctx, cancel := context.WithTimeout(ctx, w.loader.config.InsertTimeout)
	defer cancel()
	offsets := map[string]map[int32]kgo.EpochOffset{
		w.loader.config.OutboxTopic: {w.partition: {Epoch: w.epoch, Offset: w.next}},
	}
	var failed error
	w.client.CommitOffsetsSync(ctx, offsets,
		func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, response *kmsg.OffsetCommitResponse, err error) {
			failed = err
			if err != nil {
				return
			}
			for _, topic := range response.Topics {
				for _, p := range topic.Partitions {
					if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
						failed = err
					}
				}
			}
		})
	if failed != nil {
		return fmt.Errorf("commit offset %d of partition %d: %w", w.next, w.partition, failed)
	}
	return nil
}
