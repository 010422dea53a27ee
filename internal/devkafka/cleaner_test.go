package devkafka

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// pages is a compacted topic with one partition and its writer.
type pages struct {
	t       *testing.T
	ctx     context.Context
	cluster *Cluster
	writer  *kgo.Client
}

func newPages(t *testing.T, settings map[string]string) pages {
	t.Helper()
	cluster := start(t, Options{})
	if err := cluster.Engine().CreateTopic("pages", 1, settings); err != nil {
		t.Fatal(err)
	}
	writer := client(t, cluster.Addrs(), kgo.TransactionalID("writer"), kgo.DefaultProduceTopic("pages"))
	return pages{t, bounded(t), cluster, writer}
}

func (p pages) begin(key, value string) {
	p.t.Helper()
	if err := p.writer.BeginTransaction(); err != nil {
		p.t.Error(err)
	}
	if err := p.writer.ProduceSync(p.ctx, kgo.KeyStringRecord(key, value)).FirstErr(); err != nil {
		p.t.Error(err)
	}
}

func (p pages) end(how kgo.TransactionEndTry) {
	p.t.Helper()
	if err := p.writer.EndTransaction(p.ctx, how); err != nil {
		p.t.Error(err)
	}
}

// newest reads the newest committed value of each key, and how many records
// there were.
func (p pages) newest() (values map[string]string, records int) {
	p.t.Helper()
	values = map[string]string{}
	reader := client(p.t, p.cluster.Addrs(), kgo.ConsumeTopics("pages"), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords())
	end := p.cluster.Engine().PartitionInfo("pages", 0).HighWatermark
	for next := int64(0); next < end; {
		fetches := reader.PollFetches(p.ctx)
		if err := fetches.Err(); err != nil {
			p.t.Fatal(err)
		}
		for _, record := range fetches.Records() {
			next = record.Offset + 1
			if !record.Attrs.IsControl() {
				values[string(record.Key)] = string(record.Value)
				records++
			}
		}
	}
	return values, records
}

var compact = map[string]string{"cleanup.policy": "compact"}

func TestCleanCompacts(t *testing.T) {
	pages := newPages(t, compact)
	for i := range 20 {
		pages.begin("a", fmt.Sprint(i))
		pages.end(kgo.TryCommit)
	}
	if cleaned, err := pages.cluster.Clean(pages.ctx); !cleaned || err != nil {
		t.Fatal(cleaned, err)
	}
	values, records := pages.newest()
	if diff := cmp.Diff(map[string]string{"a": "19"}, values); diff != "" || records > 2 {
		t.Errorf("%d records, values (-want +got):\n%s", records, diff)
	}
}

func TestCleanLeavesWhatAnOpenTransactionOverwrites(t *testing.T) {
	pages := newPages(t, compact)
	pages.begin("a", "committed")
	pages.end(kgo.TryCommit)
	pages.begin("b", "committed")
	pages.end(kgo.TryCommit)
	pages.begin("a", "open")
	ctx, cancel := context.WithTimeout(pages.ctx, 10*cleanPause)
	defer cancel()
	if cleaned, _ := pages.cluster.Clean(ctx); cleaned {
		t.Error("cleaned beside an open transaction")
	}
	pages.end(kgo.TryAbort)
	pages.begin("c", "committed")
	pages.end(kgo.TryCommit)
	if cleaned, err := pages.cluster.Clean(pages.ctx); !cleaned || err != nil {
		t.Error(cleaned, err)
	}
	values, _ := pages.newest()
	if diff := cmp.Diff(map[string]string{"a": "committed", "b": "committed", "c": "committed"}, values); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func TestCleanBesideAWriter(t *testing.T) {
	pages := newPages(t, compact)
	want := map[string]string{}
	var cleaning sync.WaitGroup
	stop := make(chan struct{})
	cleaned := 0
	cleaning.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if done, err := pages.cluster.Clean(pages.ctx); err != nil {
				t.Error(err)
				return
			} else if done {
				cleaned++
			}
		}
	})
	for i := range 60 {
		key, value := fmt.Sprint(i%7), fmt.Sprint(i)
		pages.begin(key, value)
		if i%3 == 2 {
			pages.end(kgo.TryAbort)
			continue
		}
		pages.end(kgo.TryCommit)
		want[key] = value
	}
	close(stop)
	cleaning.Wait()
	values, _ := pages.newest()
	if diff := cmp.Diff(want, values); diff != "" {
		t.Errorf("after %d cleanings, values (-want +got):\n%s", cleaned, diff)
	}
	if cleaned == 0 {
		t.Error("no cleaning found a quiet moment")
	}
}

func TestCleanAppliesRetention(t *testing.T) {
	pages := newPages(t, map[string]string{"cleanup.policy": "delete", "retention.ms": "0"})
	pages.begin("a", "old")
	pages.end(kgo.TryCommit)
	if cleaned, err := pages.cluster.Clean(pages.ctx); !cleaned || err != nil {
		t.Fatal(cleaned, err)
	}
	if info := pages.cluster.Engine().PartitionInfo("pages", 0); info.LogStartOffset != info.HighWatermark {
		t.Errorf("old records are kept: %+v", info)
	}
}

// The engine's own compaction loses committed values beside an open
// transaction. Once it does not, the cleaner of this package can go.
func TestTheEnginesOwnCompactionIsUnsafe(t *testing.T) {
	pages := newPages(t, compact)
	pages.begin("a", "committed")
	pages.end(kgo.TryCommit)
	pages.begin("a", "open")
	other := pages
	other.writer = client(t, pages.cluster.Addrs(), kgo.TransactionalID("other"), kgo.DefaultProduceTopic("pages"))
	other.begin("b", "committed")
	other.end(kgo.TryCommit)
	pages.cluster.Engine().Compact()
	pages.end(kgo.TryAbort)
	values, _ := pages.newest()
	if _, kept := values["a"]; kept {
		t.Error("the engine keeps committed values now: drop the cleaner")
	}
}

func TestTheEnginesOwnTimerIsOff(t *testing.T) {
	cluster := start(t, Options{})
	configs, err := kadm.NewClient(client(t, cluster.Addrs())).DescribeBrokerConfigs(bounded(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	every := "not shown"
	for _, config := range configs[0].Configs {
		if config.Key == "log.cleaner.backoff.ms" {
			every = config.MaybeValue()
		}
	}
	if want := fmt.Sprint(engineCleanEvery.Milliseconds()); every != want {
		t.Errorf("the engine cleans every %s ms, want %s", every, want)
	}
}
