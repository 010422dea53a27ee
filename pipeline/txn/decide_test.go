package txn

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline/lane"
)

// TestDecide: a commit has happened where the group shows the mark of its batch
// and of this process, at the first shard that had something to say.
func TestDecide(t *testing.T) {
	mine := func(batch uint64) lane.Mark { return lane.Mark{Batch: batch, Incarnation: "me"} }
	at := func(m lane.Mark) lane.Standing { return lane.Standing{Known: true, Mark: m} }
	said := &lane.Commit{Partition: 1, Batches: 1, Mark: mine(8)}
	silent := &lane.Commit{Partition: 0, Mark: mine(3)}
	for _, c := range []struct {
		name    string
		commits []*lane.Commit
		group   map[int32]lane.Standing
		want    bool
	}{
		{"it is there", []*lane.Commit{said}, map[int32]lane.Standing{1: at(mine(8))}, true},
		{"the batch before is there", []*lane.Commit{said}, map[int32]lane.Standing{1: at(mine(7))}, false},
		{"a later batch is there", []*lane.Commit{said}, map[int32]lane.Standing{1: at(mine(9))}, false},
		{"another process committed the same batch", []*lane.Commit{said},
			map[int32]lane.Standing{1: at(lane.Mark{Batch: 8, Incarnation: "they"})}, false},
		{"nothing is committed", []*lane.Commit{said}, map[int32]lane.Standing{}, false},
		{"a mark that is not known", []*lane.Commit{said}, map[int32]lane.Standing{1: {Mark: mine(8)}}, false},
		{"who had nothing to say says nothing", []*lane.Commit{silent, said},
			map[int32]lane.Standing{0: at(mine(3)), 1: at(mine(7))}, false},
		{"nor against it", []*lane.Commit{silent, said},
			map[int32]lane.Standing{0: at(mine(2)), 1: at(mine(8))}, true},
		{"nobody had anything to say", []*lane.Commit{silent}, map[int32]lane.Standing{0: at(mine(3))}, false},
		{"no commit is at hand", nil, map[int32]lane.Standing{1: at(mine(8))}, false},
	} {
		if got := (&Process{commits: c.commits}).decide(c.group); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestOffsetsAreThoseApplied: what the client has polled is replaced by what the
// commits say, with their marks; before the first join nothing is committed.
func TestOffsetsAreThoseApplied(t *testing.T) {
	s, _ := newObserved(t)
	s.topicIDs = map[string][16]byte{"a": {1}, "b": {2}}
	s.p.commits = []*lane.Commit{{Partition: 0, Offsets: []int64{5, 6}, Mark: lane.Mark{Batch: 1, Incarnation: "x"}},
		{Partition: 3, Offsets: []int64{7, 8}, Mark: lane.Mark{Batch: 2, Incarnation: "x"}}}
	request := kmsg.NewPtrTxnOffsetCommitRequest()
	request.Generation = -1
	if err := s.offsets(request); !errors.Is(err, kerr.IllegalGeneration) {
		t.Errorf("before the first join: %v", err)
	}
	request.Generation = 0
	request.Topics = []kmsg.TxnOffsetCommitRequestTopic{{Topic: "polled"}, {Topic: "a"}, {Topic: "b"}}
	if err := s.offsets(request); err != nil {
		t.Fatal(err)
	}
	got := map[string]map[int32]string{}
	for _, topic := range request.Topics {
		at := map[int32]string{}
		for _, p := range topic.Partitions {
			at[p.Partition] = strings.Join([]string{string('0' + rune(p.Offset)), *p.Metadata}, " ")
		}
		got[topic.Topic] = at
		if topic.TopicID != s.topicIDs[topic.Topic] {
			t.Errorf("topic %s has id %x", topic.Topic, topic.TopicID)
		}
	}
	want := map[string]map[int32]string{
		"a": {0: "5 hf2 b=1 r=0 o=0 l=0 i=x", 3: "7 hf2 b=2 r=0 o=0 l=0 i=x"},
		"b": {0: "6 hf2 b=1 r=0 o=0 l=0 i=x", 3: "8 hf2 b=2 r=0 o=0 l=0 i=x"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("offsets (-want +got):\n%s", diff)
	}
}

// TestTheFirstRefusalIsTold of a transaction's records: the others follow from it.
func TestTheFirstRefusalIsTold(t *testing.T) {
	p := newProduced()
	p.done(&kgo.Record{Topic: "ok"}, nil)
	if p.err() != nil {
		t.Errorf("records that were taken: %v", p.err())
	}
	p.done(&kgo.Record{Topic: "alerts", Partition: 3, Key: []byte("12"), Value: []byte("345")}, kerr.MessageTooLarge)
	p.done(&kgo.Record{Topic: "outbox"}, kerr.OperationNotAttempted)
	if err := p.err(); !errors.Is(err, kerr.MessageTooLarge) ||
		!strings.HasPrefix(err.Error(), "produce 5 bytes to alerts/3: ") {
		t.Errorf("told of %v", err)
	}
}

// TestStandings reads marks off the group's offsets, and refuses those of one
// partition number that were not committed together.
func TestStandings(t *testing.T) {
	s, _, _ := onKafka(t)
	mark := lane.Mark{Batch: 4, RowsComplete: 3, Sessions: 1, ClockLags: true, Incarnation: "x"}
	s.commitOffsets(t, "holdfast",
		kadm.Offset{Topic: "a", Partition: 0, At: 9, Metadata: mark.String()},
		kadm.Offset{Topic: "b", Partition: 0, At: 2, Metadata: mark.String()},
		kadm.Offset{Topic: "b", Partition: 1, At: 5, Metadata: "of another program"})
	got, err := s.standings(t.Context())
	want := map[int32]lane.Standing{0: {Mark: mark, Known: true, Offsets: []int64{9, 2}, Has: []bool{true, true}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("%v (-want +got):\n%s", err, diff)
	}
	s.commitOffsets(t, "holdfast", kadm.Offset{Topic: "b", Partition: 1, At: 6, Metadata: mark.String()})
	got, err = s.standings(t.Context())
	if one := got[1]; err != nil || !one.Known || !slices.Equal(one.Has, []bool{false, true}) || one.Offsets[1] != 6 {
		t.Errorf("an input that is new stands at %+v, %v", one, err)
	}
	other := mark
	other.Batch++
	s.commitOffsets(t, "holdfast", kadm.Offset{Topic: "a", Partition: 1, At: 6, Metadata: other.String()})
	if got, err = s.standings(t.Context()); err == nil || !strings.Contains(err.Error(),
		"partition 1: the inputs were not committed together") {
		t.Errorf("%v, %v", got, err)
	}
	s.p.cfg.Group = "of nobody"
	if got, err = s.standings(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("a group that has committed nothing: %v, %v", got, err)
	}
}

// TestAnUnknownOutcomeIsKeptUntilItIsKnown: what cannot be asked for stays open.
func TestAnUnknownOutcomeIsKeptUntilItIsKnown(t *testing.T) {
	s, o := newObserved(t)
	s.p.commit = committing
	err := s.settle(t.Context(), true, kerr.UnknownServerError, "end")
	if !errors.Is(err, errReplaceClient) || !errors.Is(err, kerr.UnknownServerError) || s.p.commit != unresolved {
		t.Errorf("an answer that says neither: %v, the commit is %s", err, s.p.commit)
	}
	if len(o.troubles) != 1 || !strings.HasPrefix(o.troubles[0], "commit: end a transaction") {
		t.Errorf("told of %q", o.troubles)
	}
	for err, want := range map[error]bool{kerr.ProducerFenced: true, kerr.InvalidProducerEpoch: true,
		kerr.FencedInstanceID: true, kerr.UnknownMemberID: false, kerr.NotCoordinator: false, nil: false} {
		if isFenced(errors.Join(errReplaceClient, err)) != want {
			t.Errorf("%v fences: %v, want %v", err, !want, want)
		}
	}
}
