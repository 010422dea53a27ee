package backfill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline/control"
)

// brokers are those of a Kafka with the internal topic and one input of two
// partitions, and a client that places records where they say.
func brokers(t *testing.T) (*kgo.Client, []string) {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "internal", "visits"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client, cluster.ListenAddrs()
}

// put writes values to a partition.
func put(t *testing.T, client *kgo.Client, topic string, partition int32, values ...string) {
	t.Helper()
	for _, value := range values {
		record := &kgo.Record{Topic: topic, Partition: partition, Key: []byte("k"), Value: []byte(value)}
		if err := client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestASessionIsReadAsItWasWritten: what a sender says of itself is what one that
// goes on finds, whatever else stands on the topic.
func TestASessionIsReadAsItWasWritten(t *testing.T) {
	client, _ := brokers(t)
	ctx := t.Context()
	if got, err := ReadSessions(ctx, client, "internal"); len(got) != 0 || err != nil {
		t.Fatalf("of an empty topic: %v, %v", got, err)
	}
	put(t, client, "internal", 0, "", "no control record", `{"kind":"backfill_opened"}`, "\xff\xfe", "{}")
	put(t, client, "visits", 1, "a", "b", "c")
	session := NewSession(client, "b-1", "nobody", "internal", []string{"visits", "visits"})
	session.Sends = Sends{Content: "c", File: "f.csv", Begun: 7, Events: 100}
	other := NewSession(client, "b-2", "nobody", "internal", []string{"visits"})
	for i, step := range []struct {
		do   func() error
		want []Earlier
	}{
		{func() error { return session.Open(ctx, 0) }, []Earlier{{ID: "b-1", Content: "c", File: "f.csv", Begun: 7,
			Events: 100,
			Open:   true, From: Offsets{"visits": {0: 0, 1: 3}}}}},
		{func() error { put(t, client, "visits", 0, "d"); return session.Reached(ctx, 50, 40) }, []Earlier{{ID: "b-1",
			Content: "c", File: "f.csv", Begun: 7, Events: 100, Sent: 40, Open: true, From: Offsets{"visits": {0: 1, 1: 3}}}}},
		{func() error { return other.Open(ctx, 0) }, []Earlier{{ID: "b-2", Open: true, From: Offsets{"visits": {0: 1, 1: 3}}},
			{ID: "b-1", Content: "c", File: "f.csv", Begun: 7, Events: 100, Sent: 40, Open: true,
				From: Offsets{"visits": {0: 1, 1: 3}}}}},
		{func() error { return errors.Join(session.Close(ctx), other.Close(ctx)) }, []Earlier{
			{ID: "b-2", From: Offsets{"visits": {0: 1, 1: 3}}},
			{ID: "b-1", Content: "c", File: "f.csv", Begun: 7, Events: 100, Sent: 100, Ended: true,
				From: Offsets{"visits": {0: 1, 1: 3}}}}},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		got, err := ReadSessions(ctx, client, "internal")
		if diff := cmp.Diff(Sessions(step.want), got, cmpopts.IgnoreFields(Earlier{}, "Seen")); diff != "" || err != nil {
			t.Errorf("step %d: %v -want +got:\n%s", i, err, diff)
		}
		var open []string
		for _, e := range step.want {
			if e.Open {
				open = append(open, e.ID)
			}
		}
		if !slices.Equal(got.Open(), open) {
			t.Errorf("step %d: open %v, want %v", i, got.Open(), open)
		}
	}
}

// TestArrivedAreTheRecordsBehind: of each partition what lies behind an offset,
// also where the beginning of the log is gone; each is taken once.
func TestArrivedAreTheRecordsBehind(t *testing.T) {
	client, _ := brokers(t)
	put(t, client, "visits", 0, "a", "b", "c", "d")
	put(t, client, "visits", 1, "e")
	for name, test := range map[string]struct {
		from Offsets
		want string
	}{
		"none":          {nil, ""},
		"all":           {Offsets{"visits": {0: 0, 1: 0}}, "abcde"},
		"behind":        {Offsets{"visits": {0: 2, 1: 1}}, "cd"},
		"the end":       {Offsets{"visits": {0: 4}}, ""},
		"beyond it":     {Offsets{"visits": {0: 9}}, ""},
		"below nothing": {Offsets{"visits": {0: -5}}, "abcd"},
	} {
		arrived, err := ReadArrived(t.Context(), client, test.from)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := ""
		for _, value := range []string{"a", "b", "c", "d", "e"} {
			if arrived.take("visits", []byte("k"), []byte(value)) {
				got += value
			}
			if arrived.take("visits", []byte("k"), []byte(value)) || arrived.take("visits", []byte("kk"), []byte(value[1:])) {
				t.Errorf("%s: %s is taken twice", name, value)
			}
		}
		if got != test.want || len(arrived) != 0 {
			t.Errorf("%s: %s, %d left; want %s", name, got, len(arrived), test.want)
		}
	}
	if _, err := kadm.NewClient(client).DeleteRecords(t.Context(), kadm.Offsets{"visits": {0: {Topic: "visits",
		At: 3}}}); err != nil {
		t.Fatal(err)
	}
	if arrived, err := ReadArrived(t.Context(), client, Offsets{"visits": {0: 1}}); err != nil || len(arrived) != 1 {
		t.Errorf("behind what is deleted: %d, %v", len(arrived), err)
	}
	if _, err := ReadArrived(t.Context(), client, Offsets{"none": {0: 1}}); err == nil {
		t.Error("a topic that is not there was read")
	}
}

// instance is a member of the group, as a running Holdfast is.
func instance(t *testing.T, addresses []string) *kgo.Client {
	t.Helper()
	member, err := kgo.NewClient(kgo.SeedBrokers(addresses...), kgo.ConsumerGroup("running"),
		kgo.ConsumeTopics("internal"),
		kgo.DisableAutoCommit())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(member.CloseAllowingRebalance)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		described, err := kadm.NewClient(member).DescribeGroups(ctx, "running")
		if err != nil {
			t.Fatal(err)
		}
		if group := described["running"]; group.State == "Stable" && len(group.Members) == 1 {
			return member
		}
		member.PollFetches(contextFor(ctx, 50*time.Millisecond))
	}
}

func contextFor(ctx context.Context, d time.Duration) context.Context {
	short, cancel := context.WithTimeout(ctx, d)
	context.AfterFunc(short, cancel)
	return short
}

// TestARunningInstanceIsWaitedFor: nobody there is nothing to wait for; who is there
// must have committed every partition; and who stops the command is told so, not
// that the instance is slow.
func TestARunningInstanceIsWaitedFor(t *testing.T) {
	client, addresses := brokers(t)
	written := map[int32]int64{0: 2, 1: 1}
	if running, err := AwaitApplied(t.Context(), client, "running", "internal", written); running || err != nil {
		t.Fatalf("nobody runs: %v, %v", running, err)
	}
	member := instance(t, addresses)
	commit := func(at0, at1 int64) {
		committed := make(chan error, 1)
		member.CommitOffsetsSync(t.Context(), map[string]map[int32]kgo.EpochOffset{"internal": {0: {Epoch: -1, Offset: at0},
			1: {Epoch: -1, Offset: at1}}}, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, _ *kmsg.OffsetCommitResponse,
			err error) {
			committed <- err
		})
		if err := <-committed; err != nil {
			t.Fatal(err)
		}
	}
	commit(2, 0)
	stopped, stop := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, stop)
	running, err := AwaitApplied(stopped, client, "running", "internal", written)
	if !running || !errors.Is(err, context.Canceled) || errors.Is(err, ErrNotApplied) {
		t.Errorf("one partition waits, and the command is stopped: %v, %v", running, err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := AwaitApplied(t.Context(), client, "running", "internal", written)
		done <- err
	}()
	commit(2, 1)
	if err := <-done; err != nil {
		t.Errorf("all is committed: %v", err)
	}
	record := func(n int32) control.Record {
		return control.Record{Kind: control.BackfillClosed, Session: fmt.Sprint("s", n)}
	}
	behind, err := WriteControl(t.Context(), client, "internal", []int32{0, 1, 1}, record)
	if diff := cmp.Diff(map[int32]int64{0: 1, 1: 2}, behind); diff != "" || err != nil {
		t.Errorf("offsets: %v %s", err, diff)
	}
	if _, err := WriteControl(t.Context(), client, "none", []int32{0}, record); err == nil {
		t.Error("a topic that is not there was written")
	}
}
