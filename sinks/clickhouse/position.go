package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Position gives, by outbox partition assigned to this loader, the offset that
// it has committed: everything below is in ClickHouse or set aside. Partitions
// without a commit of this loader are not in it.
func (l *Loader) Position() map[int32]int64 {
	l.lock.Lock()
	defer l.lock.Unlock()
	return maps.Clone(l.position)
}

// Problems gives by partition what keeps it from being loaded; none where all
// is well. Under -1 stands what keeps the loader out of its group, under -2 that
// ClickHouse is away or not as it should be.
func (l *Loader) Problems() map[int32]Problem {
	l.lock.Lock()
	defer l.lock.Unlock()
	return maps.Clone(l.problems)
}

func (l *Loader) committed(partition int32, offset int64) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.position[partition] = offset
}

// setProblem says whether the problem is news: of another class, or another
// thing for a person to put right. Other words of one class (a connection's own
// port is in them) are shown and not told again.
func (l *Loader) setProblem(partition int32, c class, text string) bool {
	l.lock.Lock()
	defer l.lock.Unlock()
	before, there := l.problems[partition]
	if there && before.Class == c.String() {
		news := c == configuration && before.Text != text
		l.problems[partition] = Problem{Class: before.Class, Text: text, Since: before.Since}
		return news
	}
	l.problems[partition] = Problem{Class: c.String(), Text: text, Since: l.now()}
	return true
}

func (l *Loader) clearProblem(partition int32) {
	l.lock.Lock()
	defer l.lock.Unlock()
	delete(l.problems, partition)
}

// oldest keeps the time of the oldest pending record; zero: none.
func (l *Loader) oldest(partition int32, at time.Time) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.pending[partition] = at
	least := time.Time{}
	for _, t := range l.pending {
		if !t.IsZero() && (least.IsZero() || t.Before(least)) {
			least = t
		}
	}
	seconds := 0.0
	if !least.IsZero() {
		seconds = float64(least.UnixMilli()) / 1000
	}
	l.metrics.oldestPending.WithLabelValues(sinkName).Set(seconds)
}

// PartitionLag is how far one outbox partition is loaded.
type PartitionLag struct {
	Committed int64 // offset below which everything is loaded; 0 before the first commit
	Start     int64 // of the log
	End       int64 // of the log, open transactions included
}

// Lag asks Kafka how far a processing group's outbox is loaded, by partition:
// the truth for whoever waits, in this process or another. All of it is loaded
// when Committed has reached the End of an earlier asking. client is any client
// of the cluster.
func Lag(ctx context.Context, client *kgo.Client, group, outboxTopic string) (map[int32]PartitionLag, error) {
	admin := kadm.NewClient(client)
	// Not the last stable offset: where one partition already shows a
	// transaction as committed, another's marker may still be on its way.
	ends, err := admin.ListEndOffsets(ctx, outboxTopic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("list end offsets of %s: %w", outboxTopic, err)
	}
	starts, err := admin.ListStartOffsets(ctx, outboxTopic)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("list start offsets of %s: %w", outboxTopic, err)
	}
	offsets, err := admin.FetchOffsetsForTopics(ctx, LoadGroup(group), outboxTopic)
	if err == nil {
		err = offsets.Error()
	}
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) { // no loader has run yet: nothing is committed
		return nil, fmt.Errorf("fetch offsets of group %s: %w", LoadGroup(group), err)
	}
	lags := map[int32]PartitionLag{}
	ends.Each(func(end kadm.ListedOffset) {
		lag := PartitionLag{End: end.Offset}
		if start, ok := starts.Lookup(outboxTopic, end.Partition); ok {
			lag.Start = start.Offset
		}
		if offset, ok := offsets.Lookup(outboxTopic, end.Partition); ok && offset.At >= 0 {
			lag.Committed = offset.At
		}
		lags[end.Partition] = lag
	})
	return lags, nil
}

// Loaded says whether every partition is loaded up to what target says its end
// was: an earlier answer of Lag.
func Loaded(now, target map[int32]PartitionLag) bool {
	for partition, t := range target {
		if t.End > t.Start && now[partition].Committed < t.End {
			return false
		}
	}
	return true
}
