package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/clickhouse"
)

// TestAuditSaysWhatIsWrong: every outcome that is not well has its words, and
// nothing else has.
func TestAuditSaysWhatIsWrong(t *testing.T) {
	of := func(shards ...clickhouse.ShardReport) clickhouse.Report { return clickhouse.Report{Shards: shards} }
	one := batchLogs{expected: map[uint16]uint64{0: signal.Seq(3, 9)}}
	well := clickhouse.ShardReport{Expected: 9, Epoch: 3, First: 1, Least: 2, Rows: 9}
	with := func(change func(*clickhouse.ShardReport)) clickhouse.ShardReport {
		s := well
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		report clickhouse.Report
		logs   batchLogs
		says   []string // one for each finding
	}{
		"well":   {of(well), one, nil},
		"beyond": {of(with(func(s *clickhouse.ShardReport) { s.Beyond = 4 })), one, nil},
		"an older life": {clickhouse.Report{Shards: []clickhouse.ShardReport{well},
			Lives: []clickhouse.LifeReport{{Epoch: 2, Rows: 7, First: 1, Last: 8}}}, one, nil},
		"a shard that never wrote": {of(well, clickhouse.ShardReport{Shard: 1, First: 1}),
			batchLogs{expected: map[uint16]uint64{0: signal.Seq(3, 9), 1: signal.Seq(3, 0)}}, nil},
		"a shard that never committed": {of(well), batchLogs{expected: one.expected, unused: []uint16{1}}, nil},
		"a hole": {of(with(func(s *clickhouse.ShardReport) { s.Rows, s.Missing = 8, 1 })), one,
			[]string{"shard 0: 1 numbers from 2 on are missing: rows are lost"}},
		"a double": {of(with(func(s *clickhouse.ShardReport) { s.Rows, s.Repeated = 10, 1 })), one,
			[]string{"shard 0: 1 numbers are there twice"}},
		"wiped, and written again": {of(with(func(s *clickhouse.ShardReport) {
			s.Rows, s.Missing, s.Before, s.Least = 3, 6, 6, 7
		})), one,
			[]string{"shard 0: 6 numbers below 7, its first row, are missing: the tables were emptied or created again"}},
		"known to be wiped": {clickhouse.Report{Emptied: true, Shards: []clickhouse.ShardReport{
			with(func(s *clickhouse.ShardReport) { s.Rows, s.Missing, s.Before, s.Least = 3, 6, 6, 7 })}}, one, nil},
		"wiped, with a hole since": {of(with(func(s *clickhouse.ShardReport) {
			s.Rows, s.Missing, s.Before, s.Least = 2, 7, 6, 7
		})), one,
			[]string{"6 numbers below 7, its first row", "1 numbers from 7 on are missing"}},
		"wiped, nothing since": {clickhouse.Report{Emptied: true, Shards: []clickhouse.ShardReport{
			with(func(s *clickhouse.ShardReport) { s.Rows, s.Missing, s.Before, s.Least = 0, 9, 9, 0 })}}, one,
			[]string{"shard 0: none of its 9 rows are in the tables"}},
		"a newer life": {clickhouse.Report{Shards: []clickhouse.ShardReport{well},
			Lives: []clickhouse.LifeReport{{Epoch: 5, Rows: 7, First: 1, Last: 8, Newer: true}}}, one,
			[]string{"shard 0: 7 rows are of life 5, which the batch log does not know"}},
		"stale customers": {clickhouse.Report{Shards: []clickhouse.ShardReport{well}, StaleCustomers: 2}, one,
			[]string{"2 customers have no row in customer_current"}},
		"nothing at all": {of(), batchLogs{unused: []uint16{0, 1}},
			[]string{"the batch log has no entry: there is nothing to compare the tables with"}},
		"another's rows": {of(well, clickhouse.ShardReport{Shard: 4, Beyond: 7, Unasked: true}), one,
			[]string{"shard 4: the tables have 7 rows, and the batch log has no such partition"}},
		"a log made anew": {of(well, clickhouse.ShardReport{Shard: 1, Beyond: 7, Unasked: true}),
			batchLogs{expected: one.expected, unused: []uint16{1}},
			[]string{"shard 1: the tables have 7 rows, and the batch log never had an entry"}},
		"an emptied log": {of(well, clickhouse.ShardReport{Shard: 1, Beyond: 7, Unasked: true}),
			batchLogs{expected: one.expected, emptied: []uint16{1}}, []string{"shard 1: the batch log has lost its entries"}},
		"an emptied log, alone": {of(clickhouse.ShardReport{Shard: 1, Beyond: 7, Unasked: true}),
			batchLogs{emptied: []uint16{1}}, []string{"there is nothing to compare the tables with",
				"shard 1: the batch log has lost its entries"}},
	} {
		t.Run(name, func(t *testing.T) {
			found := auditFindings(c.report, c.logs)
			if len(found) != len(c.says) {
				t.Fatalf("found %q, want %q", found, c.says)
			}
			for i, says := range c.says {
				if !strings.Contains(found[i], says) {
					t.Errorf("found %q, want %q", found[i], says)
				}
			}
			if c.report.OK() && len(found) > 0 && len(c.logs.emptied) == 0 || !c.report.OK() && len(found) == 0 {
				t.Errorf("OK is %v, with %q", c.report.OK(), found)
			}
		})
	}
}

// TestBatchLogsSayWhatIsExpected: of every shard the last committed entry counts,
// and a log without entries reports whether it has had any.
func TestBatchLogsSayWhatIsExpected(t *testing.T) {
	environ := kafkaFor(t)
	const topic = "holdfast.batch-log.v1"
	client, err := kgo.NewClient(kgo.SeedBrokers(environ["HOLDFAST_KAFKA_BROKERS"]), kgo.TransactionalID("shop-1"),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	if _, err := admin.CreateTopic(t.Context(), 7, 1, nil, topic); err != nil {
		t.Fatal(err)
	}
	commit := func(end kgo.TransactionEndTry, partition int32, entries ...checkpoint.Entry) {
		t.Helper()
		if err := client.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Partition: partition,
				Value: entry.Append(nil)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		if err := client.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
	}
	at := func(batch, next uint64) checkpoint.Entry {
		return checkpoint.Entry{Batch: batch, NextSeq: next, Epoch: 3}
	}
	commit(kgo.TryCommit, 0, at(1, 1))                     // has written no row
	commit(kgo.TryCommit, 1, at(1, 5), at(2, 9), at(3, 9)) // several batches of one commit
	commit(kgo.TryCommit, 2, at(1, 5))
	for batch := range uint64(60) { // a tail of what was never committed, longer than a look at the end
		commit(kgo.TryAbort, 2, at(2, 100+batch), at(3, 200+batch))
	}
	commit(kgo.TryAbort, 3, at(1, 7))  // nothing was ever committed
	commit(kgo.TryCommit, 4, at(1, 7)) // and then deleted
	commit(kgo.TryCommit, 5, at(9, 70))
	commit(kgo.TryCommit, 5, checkpoint.Entry{Batch: 1, NextSeq: 2, Epoch: 4}) // begun anew
	deleted := kadm.Offsets{}
	deleted.Add(kadm.Offset{Topic: topic, Partition: 4, At: 2})
	if answers, err := admin.DeleteRecords(t.Context(), deleted); err != nil || answers.Error() != nil {
		t.Fatalf("%v, %v", err, answers.Error())
	}
	logs, err := readBatchLogs(t.Context(), client, topic)
	if err != nil {
		t.Fatal(err)
	}
	want := map[uint16]uint64{0: signal.Seq(3, 0), 1: signal.Seq(3, 8), 2: signal.Seq(3, 4), 5: signal.Seq(4, 1)}
	if !maps.Equal(logs.expected, want) || !slices.Equal(logs.emptied, []uint16{4}) ||
		!slices.Equal(logs.unused, []uint16{3, 6}) {
		t.Errorf("%+v, want %v, shard 4 emptied, 3 and 6 unused", logs, want)
	}
}

// TestAuditMetricsFile: the gauges that an audit leaves for a collector.
func TestAuditMetricsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "holdfast.prom")
	report := clickhouse.Report{Shards: []clickhouse.ShardReport{
		{Shard: 0, Missing: 3}, {Shard: 2, Repeated: 4}, {Shard: 5, Unasked: true, Beyond: 9}}}
	if err := writeAuditMetrics(path, report); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	want := []string{
		`holdfast_audit_missing_rows{partition="0"} 3`, `holdfast_audit_missing_rows{partition="2"} 0`,
		`holdfast_audit_repeated_rows{partition="0"} 0`, `holdfast_audit_repeated_rows{partition="2"} 4`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("the file says %q, want %q", got, want)
	}
	if err := writeAuditMetrics(filepath.Join(path, "nowhere"), report); err == nil {
		t.Error("a file that cannot be made is no error")
	}
}
