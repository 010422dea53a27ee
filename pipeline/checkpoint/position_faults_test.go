package checkpoint_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
)

func TestReadRangeDiagnosesAStall(t *testing.T) {
	for name, test := range map[string]struct {
		write  func(*testLog) (target int64)
		reason checkpoint.StallReason
		next   int64
		cause  error
	}{
		"hanging transaction": {
			write:  func(l *testLog) int64 { l.commit("a"); l.begin("b"); return l.bounds().End },
			reason: checkpoint.StallHangingTransaction, next: 2,
		},
		"log ends below the target": {
			write:  func(l *testLog) int64 { l.commit("a"); return 10 },
			reason: checkpoint.StallTruncated, next: 2,
		},
		"no leader answers": {
			write: func(l *testLog) int64 {
				l.commit("a")
				l.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: logTopic, Err: kerr.NotLeaderForPartition,
					Count: -1})
				return 2
			},
			reason: checkpoint.StallUnreachable, next: 0, cause: kerr.NotLeaderForPartition,
		},
		"topic is not there": {
			write: func(l *testLog) int64 {
				if err := l.cluster.DeleteTopic(logTopic); err != nil {
					l.t.Fatal(err)
				}
				return 1
			},
			reason: checkpoint.StallUnreachable, next: 0, cause: kerr.UnknownTopicOrPartition,
		},
	} {
		t.Run(name, func(t *testing.T) {
			log := newTestLog(t, nil)
			target := test.write(log)
			_, next, err := log.readKeys(log.options(0, target))
			var stalled *checkpoint.StalledError
			if !errors.As(err, &stalled) {
				t.Fatalf("got %v, want a stall", err)
			}
			if stalled.Reason != test.reason || stalled.Target != target || stalled.Position != test.next || next != test.next {
				t.Errorf("got next %d and %+v; want reason %s at %d", next, stalled, test.reason, test.next)
			}
			if test.cause != nil && !errors.Is(err, test.cause) {
				t.Errorf("cause of %v is not %v", err, test.cause)
			}
		})
	}
}

func TestReadRangePositionAboveATruncatedLog(t *testing.T) {
	log := newTestLog(t, nil)
	log.commit("a")
	_, next, err := log.readKeys(log.options(7, 9))
	var stalled *checkpoint.StalledError
	if !errors.As(err, &stalled) || stalled.Reason != checkpoint.StallTruncated || stalled.HighWatermark != 2 ||
		next != 7 {
		t.Errorf("next %d, %v; want truncated at 2", next, err)
	}
}

func TestReadRangeBelowTheLogStart(t *testing.T) {
	log := newTestLog(t, nil)
	log.commit("a", "b", "c", "d")
	if err := log.cluster.DeleteRecords(logTopic, 0, 2); err != nil {
		t.Fatal(err)
	}
	_, _, err := log.readKeys(log.options(1, 5))
	want := &checkpoint.BelowLogStartError{Topic: logTopic, Position: 1, LogStart: 2}
	var below *checkpoint.BelowLogStartError
	if !errors.As(err, &below) {
		t.Fatalf("got %v, want a hole at the log start", err)
	}
	if diff := cmp.Diff(want, below); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	options := log.options(1, 5)
	options.SkipToLogStart = true
	keys, next, err := log.readKeys(options)
	if diff := cmp.Diff([]string{"c", "d"}, keys); diff != "" || err != nil || next != 5 {
		t.Errorf("next %d, %v, keys (-want +got):\n%s", next, err, diff)
	}
}

func TestReadRangeFollowsTheLeader(t *testing.T) {
	log := newTestLog(t, nil)
	for range 6 {
		log.commit("a")
	}
	options := log.options(0, log.bounds().End)
	options.NoProgress = 0
	options.MaxBytes = 1
	options.Progress = func(int64, int64) {
		other := 1 - log.cluster.LeaderFor(logTopic, 0)
		if err := log.cluster.MoveTopicPartition(logTopic, 0, other); err != nil {
			t.Error(err)
		}
	}
	keys, next, err := log.readKeys(options)
	if len(keys) != 6 || next != options.To || err != nil {
		t.Errorf("%d keys, next %d, %v", len(keys), next, err)
	}
}

func TestReadRangeRidesOutFaults(t *testing.T) {
	for _, fault := range []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.FencedLeaderEpoch, kerr.UnknownLeaderEpoch, kerr.LeaderNotAvailable,
		kerr.UnknownTopicOrPartition, kerr.UnknownTopicID, kerr.OffsetNotAvailable, kerr.KafkaStorageError,
	} {
		t.Run(fault.Message, func(t *testing.T) {
			log := newTestLog(t, nil)
			log.commit("a")
			handle := log.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: logTopic, Err: fault, Count: 1})
			options := log.options(0, 2)
			options.NoProgress = 0
			keys, next, err := log.readKeys(options)
			if len(keys) != 1 || next != 2 || err != nil || handle.Hits() != 1 {
				t.Errorf("%d keys, next %d, %v after %d faults", len(keys), next, err, handle.Hits())
			}
		})
	}
}

func TestReadRangeRidesOutALostConnection(t *testing.T) {
	log := newTestLog(t, nil)
	log.commit("a")
	log.cluster.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		return nil, errors.New("cut the connection"), true
	})
	options := log.options(0, 2)
	options.NoProgress = 0
	keys, next, err := log.readKeys(options)
	if len(keys) != 1 || next != 2 || err != nil {
		t.Errorf("%d keys, next %d, %v", len(keys), next, err)
	}
}

func TestReadRangeReturnsARefusal(t *testing.T) {
	log := newTestLog(t, nil)
	log.commit("a")
	log.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: logTopic, Err: kerr.TopicAuthorizationFailed,
		Count: -1})
	_, _, err := log.readKeys(log.options(0, 2))
	if !errors.Is(err, kerr.TopicAuthorizationFailed) {
		t.Errorf("got %v, want the refusal at once", err)
	}
	var stalled *checkpoint.StalledError
	if errors.As(err, &stalled) {
		t.Errorf("a refusal was retried until the deadline: %v", err)
	}
}

// A cleaned segment whose last batches are gone before an empty active one:
// the broker answers every fetch inside the hole with nothing.
func TestReadRangeCrossesAHoleAtTheTail(t *testing.T) {
	log := newTestLog(t, nil)
	log.commit("a")
	log.commit("b")
	log.cluster.ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
		log.cluster.KeepControl()
		fetch := request.(*kmsg.FetchRequest)
		if fetch.Topics[0].Partitions[0].FetchOffset < 2 {
			return nil, nil, false
		}
		return emptyFetch(fetch, 4), nil, true
	})
	options := log.options(0, 4)
	options.MaxBytes = 1
	keys, next, err := log.readKeys(options)
	if diff := cmp.Diff([]string{"a"}, keys); diff != "" || next != 4 || err != nil {
		t.Errorf("next %d, %v, keys (-want +got):\n%s", next, err, diff)
	}
}

func emptyFetch(request *kmsg.FetchRequest, end int64) kmsg.Response {
	response := request.ResponseKind().(*kmsg.FetchResponse)
	topic := kmsg.NewFetchResponseTopic()
	topic.Topic, topic.TopicID = request.Topics[0].Topic, request.Topics[0].TopicID
	partition := kmsg.NewFetchResponseTopicPartition()
	partition.HighWatermark, partition.LastStableOffset, partition.LogStartOffset = end, end, 0
	topic.Partitions = append(topic.Partitions, partition)
	response.Topics = append(response.Topics, topic)
	return response
}

func TestReadRangeNoticesARecreatedTopic(t *testing.T) {
	log := newTestLog(t, nil)
	log.commit("a")
	log.commit("b")
	options := log.options(0, 4)
	options.NoProgress = 0
	options.MaxBytes = 1
	recreated := false
	options.Progress = func(int64, int64) {
		if recreated {
			return
		}
		recreated = true
		if err := errors.Join(log.cluster.DeleteTopic(logTopic), log.cluster.CreateTopic(logTopic, 1, nil)); err != nil {
			t.Error(err)
		}
	}
	_, _, err := log.readKeys(options)
	var topicError *checkpoint.TopicRecreatedError
	if !errors.As(err, &topicError) || topicError.Topic != logTopic {
		t.Errorf("got %v, want a recreated topic", err)
	}
}

func TestReadRangeBoundsADecompressedBatch(t *testing.T) {
	log := newTestLog(t, nil)
	log.commit("a")
	bomb := kgo.KeySliceRecord([]byte("bomb"), bytes.Repeat([]byte("x"), 200_000))
	err := log.client(kgo.ProducerBatchCompression(kgo.ZstdCompression())).ProduceSync(log.ctx, bomb).FirstErr()
	if err != nil {
		t.Fatal(err)
	}
	log.commit("b")
	log.reader = log.client(kgo.MaxDecompressBatchBytes(100_000))
	keys, next, err := log.readKeys(log.options(0, 5))
	var tooLarge *kgo.ErrDecompressTooLarge
	if !errors.As(err, &tooLarge) || next != 2 || tooLarge.NextOffset != 3 || len(keys) != 1 {
		t.Fatalf("%v, next %d, %v; want the bomb at 2", keys, next, err)
	}
	keys, next, err = log.readKeys(log.options(tooLarge.NextOffset, 5))
	if diff := cmp.Diff([]string{"b"}, keys); diff != "" || next != 5 || err != nil {
		t.Errorf("next %d, %v, keys (-want +got):\n%s", next, err, diff)
	}
}
