package txn

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline/restore"
)

// TestFetchFailures: what of them is weather, what asks for another client, and
// what is final, with its remedy.
func TestFetchFailures(t *testing.T) {
	group := func(err error) error { return &kgo.ErrGroupSession{Err: err} }
	for _, c := range []struct {
		err     error
		want    error // nil: it goes on
		words   string
		trouble string
	}{
		{context.DeadlineExceeded, nil, "", ""},
		{context.Canceled, nil, "", ""},
		{&kgo.ErrDecompressTooLarge{}, nil, "", ""},
		{kgo.ErrClientClosed, errReplaceClient, "", ""},
		{kerr.OffsetOutOfRange, restore.ErrLostUnread, "stop, and run `holdfast offsets skip --input a/3`", ""},
		{kerr.UnknownTopicOrPartition, kerr.UnknownTopicOrPartition, "read a/3: ", ""},
		{kerr.UnknownTopicID, kerr.UnknownTopicID, "the topic is gone or was created anew", ""},
		{kerr.InconsistentTopicID, kerr.InconsistentTopicID, "do what the next start says", ""},
		{kerr.TopicAuthorizationFailed, kerr.TopicAuthorizationFailed, "grant Read on it to this user", ""},
		{kerr.SaslAuthenticationFailed, kerr.SaslAuthenticationFailed, "read a/3: ", ""},
		{kerr.NotLeaderForPartition, nil, "", "fetch: read a/3: "},
		{errors.New("connection refused"), nil, "", "fetch: read a/3: "},
		{group(kerr.FencedInstanceID), errReplaceClient, "be a member of group holdfast", ""},
		{group(kerr.GroupAuthorizationFailed), kerr.GroupAuthorizationFailed, "grant Read on it to this user", ""},
		{group(kerr.UnknownMemberID), nil, "", "group: be a member of group holdfast: "},
		{group(kerr.OffsetOutOfRange), nil, "", "group: "},
	} {
		s, o := newObserved(t)
		got := s.fetchFailure("a", 3, fmt.Errorf("fetch: %w", c.err))
		if c.want == nil && got != nil || c.want != nil && (!errors.Is(got, c.want) ||
			!strings.Contains(got.Error(), c.words)) {
			t.Errorf("%v: %v, want %v with %q", c.err, got, c.want, c.words)
		}
		if !errors.Is(c.want, errReplaceClient) && errors.Is(got, errReplaceClient) {
			t.Errorf("%v: another client is asked for: %v", c.err, got)
		}
		if told := strings.Join(o.troubles, "; "); !strings.HasPrefix(told, c.trouble) || (told == "") != (c.trouble == "") {
			t.Errorf("%v: told of %q, want %q", c.err, told, c.trouble)
		}
	}
}

// TestTopicsAreWatched: one that is missing for a moment is weather, one that is
// missing for three lookings is gone, and one of another id is at once.
func TestTopicsAreWatched(t *testing.T) {
	s, _, cluster := onKafka(t)
	ctx, missed := t.Context(), 0
	look := func(when string, want error, words string, count int) {
		t.Helper()
		time.Sleep(15 * time.Millisecond) // metadata is asked for anew
		err := s.watchTopics(ctx, &missed)
		if !errors.Is(err, want) || want != nil && !strings.Contains(err.Error(), words) || missed != count {
			t.Errorf("%s: %v, missed %d times, want %v and %d", when, err, missed, want, count)
		}
	}
	look("all there", nil, "", 0)
	admin := kadm.NewClient(s.reader)
	if _, err := admin.DeleteTopic(ctx, "outbox"); err != nil {
		t.Fatal(err)
	}
	look("one missing", nil, "", 1)
	look("twice", nil, "", 2)
	look("three times", kerr.UnknownTopicOrPartition, "read and write outbox", 3)
	missed = 2
	if err := cluster.CreateTopic("outbox", 2, nil); err != nil {
		t.Fatal(err)
	}
	look("made anew", kerr.InconsistentTopicID, "read and write outbox", 0)
	if err := s.learnTopics(ctx); err != nil {
		t.Fatal(err)
	}
	missed = 2
	look("learned anew", nil, "", 0)
	fault := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: "a", Err: kerr.TopicAuthorizationFailed,
		Count: -1})
	look("who may not look", nil, "", 0)
	fault.Remove()
	look("who may look again", nil, "", 0)
	if _, err := admin.CreatePartitions(ctx, 1, "a"); err != nil {
		t.Fatal(err)
	}
	look("one input has more partitions", errReplaceClient, "a", 0)
	if _, err := admin.CreatePartitions(ctx, 1, "b", "checkpoint", "batch-log", "dead-letters"); err != nil {
		t.Fatal(err)
	}
	look("all have more partitions", errReplaceClient, "the inputs have 3 partitions now, not 2", 0)
}

// TestNobodyMayBeAMember while offsets are moved: members are named, waited for
// as long as may be, and said once.
func TestNobodyMayBeAMember(t *testing.T) {
	s, _, cluster := onKafka(t)
	var told []string
	wait := func(ctx context.Context, patience time.Duration) error {
		return AwaitNoMembers(ctx, s.reader, "holdfast", patience, func(words string) { told = append(told, words) })
	}
	if err := wait(t.Context(), 0); err != nil {
		t.Fatalf("a group that nobody has joined: %v", err)
	}
	joined := make(chan struct{})
	member, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumerGroup("holdfast"),
		kgo.ConsumeTopics("a"), kgo.InstanceID("other"),
		kgo.OnPartitionsAssigned(func(context.Context, *kgo.Client, map[string][]int32) { close(joined) }))
	if err != nil {
		t.Fatal(err)
	}
	defer member.Close()
	<-joined
	if err := wait(t.Context(), 0); err == nil ||
		!strings.Contains(err.Error(), "group holdfast has members (other at 127.0.0.1") ||
		!strings.Contains(err.Error(), "): stop them first") || len(told) != 0 {
		t.Errorf("without patience: %v, told %q", err, told)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 600*time.Millisecond)
	defer cancel()
	if err := wait(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) || len(told) != 1 ||
		!strings.HasPrefix(told[0], "waiting for the members of group holdfast to be gone: other at 127.0.0.1") {
		t.Errorf("until the end is asked for: %v, told %q", err, told)
	}
	time.AfterFunc(300*time.Millisecond, func() {
		_, _ = kadm.NewClient(s.reader).LeaveGroup(context.Background(), kadm.LeaveGroup("holdfast").InstanceIDs("other"))
		member.CloseAllowingRebalance()
	})
	if err := wait(t.Context(), time.Minute); err != nil || len(told) != 2 {
		t.Errorf("until it has left: %v, told %q", err, told)
	}
}

// TestSilenceOfBrokers: one asking without an answer says nothing, two do.
func TestSilenceOfBrokers(t *testing.T) {
	a := &endsAsker{why: errors.New("no answer")}
	for failed, want := range []bool{false, false, true, true} {
		if a.failed = failed; (a.silence() != nil) != want {
			t.Errorf("%d askings without an answer: %v", failed, a.silence())
		}
	}
}
