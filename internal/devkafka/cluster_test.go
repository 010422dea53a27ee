package devkafka

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestMain(m *testing.M) {
	if ran, code := MaybeRunChild(); ran {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

func start(t *testing.T, options Options) *Cluster {
	t.Helper()
	cluster, err := Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
	})
	return cluster
}

func client(t *testing.T, addrs []string, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(addrs...), kgo.ProducerLinger(0),
		kgo.MetadataMinAge(20 * time.Millisecond)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestStartListensOnLoopback(t *testing.T) {
	for _, address := range []string{"", ":0", "127.0.0.1:0", "127.0.0.1:"} {
		cluster := start(t, Options{Listen: address, Brokers: 2})
		if len(cluster.Addrs()) != 2 {
			t.Errorf("%q: addresses %v", address, cluster.Addrs())
		}
		for _, addr := range cluster.Addrs() {
			if host, _, err := net.SplitHostPort(addr); err != nil || host != loopback {
				t.Errorf("%q: listens on %s", address, addr)
			}
		}
		if wanted, taken := cluster.PortTaken(); taken {
			t.Errorf("%q: moved away from %s", address, wanted)
		}
		if err := client(t, cluster.Addrs()).Ping(bounded(t)); err != nil {
			t.Error(err)
		}
	}
}

func TestStartMovesFromATakenPort(t *testing.T) {
	first := start(t, Options{})
	second := start(t, Options{Listen: first.Addrs()[0]})
	if wanted, taken := second.PortTaken(); !taken || wanted != first.Addrs()[0] {
		t.Errorf("moved from %q, %t; want it to say %s", wanted, taken, first.Addrs()[0])
	}
	if second.Addrs()[0] == first.Addrs()[0] {
		t.Error("both listen on one port")
	}
	if err := client(t, second.Addrs()).Ping(bounded(t)); err != nil {
		t.Error(err)
	}
	_, err := Start(Options{Listen: first.Addrs()[0], ExactPort: true})
	if !errors.Is(err, ErrPortTaken) || !strings.Contains(err.Error(), first.Addrs()[0]) {
		t.Errorf("with an exact port: %v", err)
	}
}

func TestStartRefuses(t *testing.T) {
	for address, want := range map[string]string{
		"0.0.0.0:9092": "name one interface",
		"[::]:9092":    "name one interface",
		"9092":         "missing port",
	} {
		if _, err := Start(Options{Listen: address}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", address, err, want)
		}
	}
}

func TestDataDirKeepsOneEngine(t *testing.T) {
	dir := t.TempDir()
	first, err := Start(Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Start(Options{DataDir: dir}); !errors.Is(err, ErrDataDirInUse) {
		t.Errorf("a second engine on the directory: %v", err)
	}
	if err := errors.Join(first.Close(), first.Close()); err != nil {
		t.Fatal(err)
	}
	start(t, Options{DataDir: dir})
}

// fill writes three committed records, commits two of them for a group, and
// leaves a transaction open.
func fill(t *testing.T, addrs []string) {
	t.Helper()
	ctx := bounded(t)
	admin := kadm.NewClient(client(t, addrs))
	if _, err := admin.CreateTopic(ctx, 2, 1, map[string]*string{"cleanup.policy": kadm.StringPtr("compact")},
		"kept"); err != nil {
		t.Fatal(err)
	}
	writer := client(t, addrs, kgo.TransactionalID("writer"), kgo.DefaultProduceTopic("kept"),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	for _, key := range []string{"a", "b", "c"} {
		if err := writer.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := writer.ProduceSync(ctx, kgo.KeyStringRecord(key, key)).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := writer.EndTransaction(ctx, kgo.TryCommit); err != nil {
			t.Fatal(err)
		}
	}
	offsets := make(kadm.Offsets)
	offsets.Add(kadm.Offset{Topic: "kept", Partition: 0, At: 4, LeaderEpoch: -1, Metadata: "batch 2"})
	if _, err := admin.CommitOffsets(ctx, "readers", offsets); err != nil {
		t.Fatal(err)
	}
	if err := writer.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := writer.ProduceSync(ctx, kgo.KeyStringRecord("d", "open")).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// check reads all that fill wrote, after the open transaction's owner is back.
func check(t *testing.T, addrs []string) {
	t.Helper()
	ctx := bounded(t)
	admin := kadm.NewClient(client(t, addrs))
	fetched, err := admin.FetchOffsets(ctx, "readers")
	if err != nil {
		t.Fatal(err)
	}
	if kept, _ := fetched.Lookup("kept", 0); kept.At != 4 || kept.Metadata != "batch 2" {
		t.Errorf("the group's offset is %d %q", kept.At, kept.Metadata)
	}
	configs, err := admin.DescribeTopicConfigs(ctx, "kept")
	if err != nil {
		t.Fatal(err)
	}
	policy := ""
	for _, config := range configs[0].Configs {
		if config.Key == "cleanup.policy" {
			policy = config.MaybeValue()
		}
	}
	if policy != "compact" {
		t.Errorf("cleanup policy is %q", policy)
	}
	if _, _, err := client(t, addrs, kgo.TransactionalID("writer")).ProducerID(ctx); err != nil {
		t.Fatal(err)
	}
	reader := client(t, addrs, kgo.ConsumeTopics("kept"), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords())
	var keys []string
	for sawAbort := false; !sawAbort; {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("after %v: %v", keys, err)
		}
		for _, record := range fetches.Records() {
			switch {
			case !record.Attrs.IsControl():
				keys = append(keys, string(record.Key))
			case record.Key[3] == 0:
				sawAbort = true
			}
		}
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, keys); diff != "" {
		t.Errorf("committed keys (-want +got):\n%s", diff)
	}
}

func TestDataDirSurvivesAGracefulStop(t *testing.T) {
	dir := t.TempDir()
	first, err := Start(Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	address := first.Addrs()[0]
	fill(t, first.Addrs())
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := start(t, Options{DataDir: dir, Listen: address, ExactPort: true})
	check(t, second.Addrs())
}

func TestDataDirOpensWithMoreBrokers(t *testing.T) {
	dir := t.TempDir()
	first, err := Start(Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, first.Addrs())
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, start(t, Options{DataDir: dir, Brokers: 3}).Addrs())
}

func TestDataDirOpensWithFewerBrokers(t *testing.T) {
	dir := t.TempDir()
	first, err := Start(Options{DataDir: dir, Brokers: 3})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, first.Addrs())
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, start(t, Options{DataDir: dir, Brokers: 1}).Addrs())
}

func TestCloseSaysWhatItCouldNotWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	cluster, err := Start(Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	// A file in the directory's place binds every user, permissions do not.
	if err := errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Close(); err == nil || !strings.Contains(err.Error(), "persist") {
		t.Errorf("the data directory is gone, and Close says %v", err)
	}
}
