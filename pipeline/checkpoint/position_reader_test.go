package checkpoint_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
)

func TestReadRangeReachesTheEndByPosition(t *testing.T) {
	compacted := map[string]string{"cleanup.policy": "compact"}
	for name, test := range map[string]struct {
		configs   map[string]string
		write     func(*testLog)
		isolation checkpoint.Isolation
		want      []string
		fetches   func(int) bool
	}{
		"commit marker at the tail": {
			write: func(l *testLog) { l.commit("a", "b"); l.commit("c") },
			want:  []string{"a", "b", "c"},
		},
		"aborted transaction at the tail": {
			write: func(l *testLog) { l.commit("a"); l.abort("x", "y", "z") },
			want:  []string{"a"},
		},
		"aborted transaction at the tail, uncommitted": {
			write:     func(l *testLog) { l.commit("a"); l.abort("x", "y") },
			isolation: checkpoint.ReadUncommitted,
			want:      []string{"a", "x", "y"},
		},
		"nothing but an aborted transaction": {
			write: func(l *testLog) { l.abort("x") },
		},
		"after compaction": {
			configs: compacted,
			write: func(l *testLog) {
				for range 5 {
					l.commit("a", "b", "c")
				}
				l.abort("a", "b")
				l.commit("d")
				l.cluster.Compact()
			},
			want: []string{"a", "b", "c", "d"},
		},
		"log emptied by DeleteRecords": {
			write: func(l *testLog) {
				l.commit("a", "b")
				if err := l.cluster.DeleteRecords(logTopic, 0, -1); err != nil {
					l.t.Fatal(err)
				}
			},
			fetches: func(n int) bool { return n == 0 },
		},
		"never written": {
			write:   func(*testLog) {},
			fetches: func(n int) bool { return n == 0 },
		},
		"open transaction at the tail, uncommitted": {
			write:     func(l *testLog) { l.commit("a"); l.begin("b") },
			isolation: checkpoint.ReadUncommitted,
			want:      []string{"a", "b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			log := newTestLog(t, test.configs)
			test.write(log)
			bounds := log.bounds()
			fetches := log.countFetches()
			options := log.options(bounds.Start, bounds.End)
			options.Isolation = test.isolation
			keys, next, err := log.readKeys(options)
			if err != nil {
				t.Fatal(err)
			}
			if next != bounds.End {
				t.Errorf("next offset %d, want the end %d", next, bounds.End)
			}
			slices.Sort(keys)
			if diff := cmp.Diff(test.want, keys); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			if test.fetches != nil && !test.fetches(fetches()) {
				t.Errorf("%d fetches", fetches())
			}
		})
	}
}

func TestReadRangeStopsAtTheCapturedEnd(t *testing.T) {
	log := newTestLog(t, nil)
	log.commit("a", "b", "c", "d")
	keys, next, err := log.readKeys(log.options(1, 3))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b", "c"}, keys); diff != "" || next != 3 {
		t.Errorf("next %d, keys (-want +got):\n%s", next, diff)
	}
}

func TestReadRangeBehindItsTargetReadsNothing(t *testing.T) {
	log := newTestLog(t, nil)
	log.commit("a", "b")
	keys, next, err := log.readKeys(log.options(2, 1))
	if err != nil || next != 2 || len(keys) != 0 {
		t.Errorf("got %v, next %d, %v", keys, next, err)
	}
}

func TestReadRangeWaitsForAnOpenTransactionThatEnds(t *testing.T) {
	log := newTestLog(t, nil)
	log.commit("a")
	log.begin("b")
	target := log.bounds().End
	options := log.options(0, target)
	options.NoProgress = 0
	delivered := false
	options.Progress = func(position, _ int64) {
		if !delivered {
			delivered = true
			log.end(kgo.TryCommit)
		}
	}
	keys, next, err := log.readKeys(options)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, keys); diff != "" || next != target {
		t.Errorf("next %d, keys (-want +got):\n%s", next, diff)
	}
}

func TestReadRangeBoundsOneAnswerAndReportsProgress(t *testing.T) {
	log := newTestLog(t, nil)
	for range 20 {
		log.commit("a")
	}
	end := log.bounds().End
	fetches := log.countFetches()
	options := log.options(0, end)
	options.MaxBytes = 1
	var positions []int64
	options.Progress = func(position, target int64) {
		if target != end {
			t.Errorf("progress names target %d, want %d", target, end)
		}
		positions = append(positions, position)
	}
	keys, _, err := log.readKeys(options)
	if err != nil || len(keys) != 20 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	if fetches() < 20 {
		t.Errorf("%d fetches with one byte wanted each, want one a batch", fetches())
	}
	if !slices.IsSorted(positions) || positions[len(positions)-1] != end {
		t.Errorf("progress %v does not rise to %d", positions, end)
	}
}

// TestReadRangeUnpacksLittleAtOnce: batches that grow a thousandfold are
// delivered, a few of an answer; what is in hand at once is bounded.
func TestReadRangeUnpacksLittleAtOnce(t *testing.T) {
	const batches, batchBytes = 40, 256 << 10
	log := newTestLog(t, nil)
	writer := log.client(kgo.ProducerBatchCompression(kgo.ZstdCompression()))
	for range batches {
		value := bytes.Repeat([]byte(" "), batchBytes)
		if err := writer.ProduceSync(log.ctx, &kgo.Record{Value: value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	fetches := log.countFetches()
	options := log.options(0, log.bounds().End)
	options.UnpackedBytes = 2 * batchBytes
	delivered := 0
	next, err := checkpoint.ReadRange(log.ctx, log.reader, options, func(r *kgo.Record) error {
		if delivered++; len(r.Value) != batchBytes {
			t.Errorf("record %d has %d bytes", r.Offset, len(r.Value))
		}
		return nil
	})
	if err != nil || delivered != batches || next != batches {
		t.Fatalf("%d of %d records up to %d, %v", delivered, batches, next, err)
	}
	if n := fetches(); n < batches/3 {
		t.Errorf("%d answers for %d batches: more than three were unpacked at once", n, batches)
	}
}

func TestReadRangeGoesOnAfterTheCallersError(t *testing.T) {
	log := newTestLog(t, nil)
	log.commit("a", "b", "c")
	refused := errors.New("refused")
	next, err := checkpoint.ReadRange(log.ctx, log.reader, log.options(0, 3), func(record *kgo.Record) error {
		if string(record.Key) == "b" {
			return refused
		}
		return nil
	})
	if !errors.Is(err, refused) || next != 1 {
		t.Fatalf("next %d, %v; want 1 and the caller's error", next, err)
	}
	keys, _, err := log.readKeys(log.options(next, 3))
	if diff := cmp.Diff([]string{"b", "c"}, keys); diff != "" || err != nil {
		t.Errorf("%v, keys (-want +got):\n%s", err, diff)
	}
}

func TestReadRangeEndsWithItsContext(t *testing.T) {
	log := newTestLog(t, nil)
	log.commit("a")
	log.begin("b")
	ctx, cancel := context.WithCancelCause(log.ctx)
	revoked := errors.New("the assignment is gone")
	options := log.options(0, log.bounds().End)
	options.NoProgress = 0
	options.Progress = func(int64, int64) { cancel(revoked) }
	next, err := checkpoint.ReadRange(ctx, log.reader, options, func(*kgo.Record) error { return nil })
	if !errors.Is(err, revoked) || next != 2 {
		t.Errorf("next %d, %v; want 2 and the cause", next, err)
	}
}
