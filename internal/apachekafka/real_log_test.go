package apachekafka

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
)

func (b *realBroker) testReadRange(t *testing.T) {
	const topic = "holdfast.batch-log.v1"
	writer := b.writer(t, topic)
	writer.commit("a", "b")
	writer.abort("x", "y")
	bounds := b.bounds(t, topic)
	if bounds.Start != 0 || bounds.End != 6 {
		t.Fatalf("two transactions of two records with markers: %+v", bounds)
	}
	keys, next, err := b.read(checkpoint.ReadRangeOptions{Topic: topic, To: bounds.End})
	if diff := cmp.Diff([]string{"a", "b"}, keys); diff != "" || next != bounds.End || err != nil {
		t.Errorf("next %d, %v, keys (-want +got):\n%s", next, err, diff)
	}
	writer.begin("open")
	target := b.bounds(t, topic).End
	_, next, err = b.read(checkpoint.ReadRangeOptions{Topic: topic, To: target, NoProgress: time.Second})
	var stalled *checkpoint.StalledError
	if !errors.As(err, &stalled) || stalled.Reason != checkpoint.StallHangingTransaction || next != 6 {
		t.Errorf("behind an open transaction: next %d, %v", next, err)
	}
	keys, _, err = b.read(checkpoint.ReadRangeOptions{Topic: topic, From: 6, To: target,
		Isolation: checkpoint.ReadUncommitted})
	if diff := cmp.Diff([]string{"open"}, keys); diff != "" || err != nil {
		t.Errorf("uncommitted: %v, keys (-want +got):\n%s", err, diff)
	}
	writer.end(kgo.TryCommit)
	_, _, err = b.read(checkpoint.ReadRangeOptions{Topic: topic, From: 6, To: 1000, NoProgress: time.Second})
	if !errors.As(err, &stalled) || stalled.Reason != checkpoint.StallTruncated {
		t.Errorf("above the end: %v", err)
	}
}

func (b *realBroker) testCompaction(t *testing.T) {
	const topic = "compacted"
	b.create(t, topic, map[string]string{
		"cleanup.policy": "compact", "segment.ms": "1000", "max.compaction.lag.ms": "1000",
		"min.cleanable.dirty.ratio": "0.01",
	})
	b.bounds(t, topic)
	writer := b.writer(t, topic)
	for range 5 {
		writer.commit("a", "b", "c")
	}
	writer.abort("a", "b")
	// The active segment is never cleaned, and it rolls with an append only.
	cleaned := false
	for attempt := 0; !cleaned && attempt < 60; attempt++ {
		time.Sleep(500 * time.Millisecond)
		writer.commit("tail")
		keys, _, err := b.read(checkpoint.ReadRangeOptions{Topic: topic, To: b.bounds(t, topic).End})
		if err != nil {
			t.Fatal(err)
		}
		cleaned = count(keys, "a") == 1
	}
	bounds := b.bounds(t, topic)
	keys, next, err := b.read(checkpoint.ReadRangeOptions{Topic: topic, To: bounds.End})
	slices.Sort(keys)
	if diff := cmp.Diff([]string{"a", "b", "c", "tail"}, slices.Compact(keys)); diff != "" || next != bounds.End ||
		err != nil || !cleaned {
		t.Errorf("cleaned %t, next %d of %d, %v, keys (-want +got):\n%s", cleaned, next, bounds.End, err, diff)
	}
	// From the middle of the hole as well.
	if _, next, err := b.read(checkpoint.ReadRangeOptions{Topic: topic, From: 7, To: bounds.End}); next != bounds.End ||
		err != nil {
		t.Errorf("from inside the hole: next %d, %v", next, err)
	}
}

func count(keys []string, key string) int {
	return len(slices.DeleteFunc(slices.Clone(keys), func(other string) bool { return other != key }))
}

func (b *realBroker) testDeletedRecords(t *testing.T) {
	const topic = "holdfast.outbox.v1"
	b.writer(t, topic).commit("a", "b", "c")
	delete := func(offset int64) {
		t.Helper()
		offsets := make(kadm.Offsets)
		offsets.Add(kadm.Offset{Topic: topic, At: offset})
		responses, err := b.admin.DeleteRecords(b.ctx, offsets)
		if err := errors.Join(err, responses.Error()); err != nil {
			t.Fatal(err)
		}
	}
	delete(2)
	_, _, err := b.read(checkpoint.ReadRangeOptions{Topic: topic, To: 4})
	var below *checkpoint.BelowLogStartError
	if !errors.As(err, &below) || below.LogStart != 2 {
		t.Errorf("from 0: %v", err)
	}
	keys, next, err := b.read(checkpoint.ReadRangeOptions{Topic: topic, To: 4, SkipToLogStart: true})
	if diff := cmp.Diff([]string{"c"}, keys); diff != "" || next != 4 || err != nil {
		t.Errorf("skipping: next %d, %v, keys (-want +got):\n%s", next, err, diff)
	}
	delete(-1)
	bounds := b.bounds(t, topic)
	if bounds.Start != bounds.End || bounds.End != 4 {
		t.Errorf("an emptied log: %+v", bounds)
	}
	if _, next, err := b.read(checkpoint.ReadRangeOptions{Topic: topic, From: bounds.Start, To: bounds.End}); next != 4 ||
		err != nil {
		t.Errorf("emptied: next %d, %v", next, err)
	}
}

func (b *realBroker) testKilledBroker(t *testing.T) {
	const topic = "holdfast.batch-log.v1"
	writer := b.writer(t, topic)
	from := b.bounds(t, topic).End
	for _, key := range numbered("k", 5) {
		writer.commit(key)
	}
	killed := false
	keys, next, err := b.read(checkpoint.ReadRangeOptions{
		Topic: topic, From: from, To: b.bounds(t, topic).End, MaxBytes: 1, NoProgress: time.Minute,
		Progress: func(int64, int64) {
			if killed {
				return
			}
			killed = true
			if err := errors.Join(b.cluster.Kill(1), b.cluster.Restart(1)); err != nil {
				t.Error(err)
			}
		},
	})
	if diff := cmp.Diff(numbered("k", 5), keys); diff != "" || err != nil {
		t.Errorf("next %d, %v, keys (-want +got):\n%s", next, err, diff)
	}
	if err := b.cluster.AwaitReady(b.ctx); err != nil {
		t.Error(err)
	}
}
