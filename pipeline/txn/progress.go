package txn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/lane"
)

// Awaited says what to wait for.
type Awaited struct {
	Group  string
	Topics []string // the inputs
	// Outbox and LoaderGroup are empty where no rows are loaded.
	Outbox, LoaderGroup string
}

// WaitCaughtUp returns once everything that was in the inputs when it was
// called has been applied and committed, the clock has come as far as that lets
// it, all rows of it are in the outbox and, where there is a loader, loaded: by
// position, not by silence. It ends with ctx's error, which then says what is
// still missing.
func WaitCaughtUp(ctx context.Context, cl *kgo.Client, a Awaited) error {
	ends, err := checkpoint.EndOffsets(ctx, cl, a.Topics)
	if err != nil {
		return fmt.Errorf("ask for the ends of the inputs: %w", err)
	}
	var partitions []int32
	for n := range ends[a.Topics[0]] {
		partitions = append(partitions, n)
	}
	batches := map[int32]uint64{}
	err = until(ctx, func() (string, error) {
		all, err := standingsOf(ctx, cl, a.Group, a.Topics, partitions)
		if err != nil {
			return "", err
		}
		return reached(all, a.Topics, ends, batches), nil
	})
	if err != nil || a.LoaderGroup == "" {
		return err
	}
	outbox, err := checkpoint.EndOffsets(ctx, cl, []string{a.Outbox})
	if err != nil {
		return fmt.Errorf("ask for the end of the outbox: %w", err)
	}
	admin := kadm.NewClient(cl)
	return until(ctx, func() (string, error) { return loaded(ctx, admin, a, outbox[a.Outbox]) })
}

// until polls a question until nothing is missing.
func until(ctx context.Context, ask func() (missing string, err error)) error {
	missing := ""
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		said, err := ask()
		if err != nil && ctx.Err() == nil {
			return struct{}{}, backoff.Permanent(err)
		}
		if said != "" {
			missing, err = said, errors.New(said)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(50*time.Millisecond)), backoff.WithMaxElapsedTime(0))
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("wait: %w: %s", ctx.Err(), missing)
	}
	return err
}

// reached says what is still to be applied or written; batches holds the batch
// at which each partition had reached its ends, with all that time says of it.
func reached(all map[int32]lane.Standing, topics []string, ends map[string]map[int32]checkpoint.Range,
	batches map[int32]uint64) string {
	for i, topic := range topics {
		for n, r := range ends[topic] {
			st := all[n]
			if r.Start < r.End && (!st.Known || st.Offsets[i] < r.End) {
				at := int64(0)
				if st.Known {
					at = st.Offsets[i]
				}
				return fmt.Sprintf("%s/%d is applied up to %d of %d", topic, n, at, r.End)
			}
		}
	}
	for n, st := range all {
		if st.Mark.Sessions > 0 {
			return fmt.Sprintf("a backfill into shard %d is open: silence waits for its end", n)
		}
		if _, noted := batches[n]; !noted && st.Mark.ClockLags {
			return fmt.Sprintf("the clock of shard %d has not come as far as its events let it", n)
		} else if !noted {
			batches[n] = st.Mark.Batch
		}
		if st.Mark.RowsComplete < batches[n] {
			return fmt.Sprintf("rows of shard %d are in the outbox up to batch %d of %d", n, st.Mark.RowsComplete, batches[n])
		}
	}
	return ""
}

func loaded(ctx context.Context, admin *kadm.Client, a Awaited, ends map[int32]checkpoint.Range) (string, error) {
	offsets, err := admin.FetchOffsets(ctx, a.LoaderGroup)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return "", fmt.Errorf("read the offsets of group %s: %w", a.LoaderGroup, err)
	}
	for n, r := range ends {
		o, ok := offsets.Lookup(a.Outbox, n)
		if r.Start < r.End && (!ok || o.At < r.End) {
			at := int64(0)
			if ok {
				at = o.At
			}
			return fmt.Sprintf("%s/%d is loaded up to %d of %d", a.Outbox, n, at, r.End), nil
		}
	}
	return "", nil
}
