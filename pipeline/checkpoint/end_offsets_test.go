package checkpoint_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
)

func TestEndOffsets(t *testing.T) {
	log := newTestLog(t, nil)
	if err := log.cluster.CreateTopic("wide.v1", 3, nil); err != nil {
		t.Fatal(err)
	}
	log.commit("a", "b")
	log.abort("c")
	log.begin("d")
	if err := log.cluster.DeleteRecords(logTopic, 0, 1); err != nil {
		t.Fatal(err)
	}
	got, err := checkpoint.EndOffsets(log.ctx, log.reader, []string{logTopic, "wide.v1"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[int32]checkpoint.Range{
		logTopic:  {0: {Start: 1, End: 6}},
		"wide.v1": {0: {}, 1: {}, 2: {}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ranges (-want +got):\n%s", diff)
	}
}

func TestEndOffsetsOfNothing(t *testing.T) {
	log := newTestLog(t, nil)
	got, err := checkpoint.EndOffsets(log.ctx, log.reader, nil)
	if len(got) != 0 || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestEndOffsetsNamesTheMissingTopic(t *testing.T) {
	log := newTestLog(t, nil)
	got, err := checkpoint.EndOffsets(log.ctx, log.reader, []string{logTopic, "missing.v1"})
	if !errors.Is(err, kerr.UnknownTopicOrPartition) || !strings.Contains(err.Error(), "missing.v1") {
		t.Errorf("got %v, want the missing topic by name", err)
	}
	if _, known := got[logTopic][0]; !known {
		t.Errorf("the other topic's answer is lost: %v", got)
	}
}

func TestEndOffsetsSurfacesOnePartitionsError(t *testing.T) {
	log := newTestLog(t, nil)
	if err := log.cluster.CreateTopic("wide.v1", 3, nil); err != nil {
		t.Fatal(err)
	}
	log.cluster.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.ListOffsets}, Topic: "wide.v1", Partitions: []int32{1},
		Err: kerr.KafkaStorageError, Count: -1,
	})
	log.reader = log.client(kgo.RequestRetries(1))
	got, err := checkpoint.EndOffsets(log.ctx, log.reader, []string{"wide.v1"})
	if !errors.Is(err, kerr.KafkaStorageError) || !strings.Contains(err.Error(), "wide.v1/1") {
		t.Errorf("got %v, want partition 1's refusal", err)
	}
	if diff := cmp.Diff(map[string]map[int32]checkpoint.Range{"wide.v1": {0: {}, 2: {}}}, got); diff != "" {
		t.Errorf("ranges (-want +got):\n%s", diff)
	}
}

func TestEndOffsetsReturnsARefusal(t *testing.T) {
	log := newTestLog(t, nil)
	log.cluster.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.ListOffsets}, Topic: logTopic,
		Err: kerr.TopicAuthorizationFailed, Count: -1,
	})
	got, err := checkpoint.EndOffsets(log.ctx, log.reader, []string{logTopic})
	if !errors.Is(err, kerr.TopicAuthorizationFailed) || len(got) != 0 {
		t.Errorf("got %v, %v; want the refusal", got, err)
	}
}
