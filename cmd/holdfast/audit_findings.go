package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast/holdfast/sinks/clickhouse"
)

// audited is what an audit came to.
type audited struct {
	clickhouse.Report
	EmptyLogs []uint16 // shards whose batch log has lost its entries
	Findings  []string // what is wrong, in words; none where all is well
}

// auditFindings says what is wrong and what to do about it.
func auditFindings(report clickhouse.Report, logs batchLogs) []string {
	var found []string
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	if len(logs.expected) == 0 {
		say("the batch log has no entry: there is nothing to compare the tables with")
	}
	for _, shard := range logs.emptied {
		say("shard %d: the batch log has lost its entries: there is nothing to compare the tables with; "+
			"run an instance until it has committed once, and audit again", shard)
	}
	for _, shard := range report.Shards {
		switch {
		case shard.Unasked && slices.Contains(logs.emptied, shard.Shard): // told
		case shard.Unasked && slices.Contains(logs.unused, shard.Shard):
			say("shard %d: the tables have %d rows, and the batch log never had an entry: "+
				"it was created again, or this ClickHouse belongs to another installation", shard.Shard, shard.Beyond)
		case shard.Unasked:
			say("shard %d: the tables have %d rows, and the batch log has no such partition: "+
				"this ClickHouse belongs to another installation", shard.Shard, shard.Beyond)
		default:
			found = append(found, shardFindings(shard, report.Emptied)...)
		}
	}
	for _, life := range report.Lives {
		if life.Newer {
			say("shard %d: %d rows are of life %d, which the batch log does not know: "+
				"they hide what is written now; is this the Kafka that filled this ClickHouse?", life.Shard, life.Rows, life.Epoch)
		}
	}
	if n := report.StaleCustomers; n > 0 {
		say("%d customers have no row in customer_current, or one that is older than their history: "+
			"`holdfast rows resend` writes every customer's row again", n)
	}
	return found
}

// shardFindings is auditFindings for what is expected of one shard.
func shardFindings(s clickhouse.ShardReport, emptied bool) []string {
	var found []string
	say := func(format string, args ...any) {
		found = append(found, fmt.Sprintf("shard %d: ", s.Shard)+fmt.Sprintf(format, args...))
	}
	const resend = "`holdfast rows resend` writes every customer's row again"
	since := s.Least > 0 && s.Least <= s.Expected // rows were written since
	switch {
	case s.Before > 0 && !since:
		say("none of its %d rows are in the tables: they were emptied or created again, or nothing was ever loaded; %s",
			s.Missing, resend)
	case s.Before > 0 && !emptied:
		say("%d numbers below %d, its first row, are missing: the tables were emptied or created again, "+
			"or the first rows never loaded; %s, and `holdfast audit --emptied` counts from there on", s.Before, s.Least, resend)
	}
	if holes := s.Missing - s.Before; holes > 0 {
		say("%d numbers from %d on are missing: rows are lost; the dead-letter topic and the loader's log "+
			"say which were refused, and %s", holes, max(s.First, s.Least), resend)
	}
	if s.Repeated > 0 {
		say("%d numbers are there twice: rows of two states have met in one ClickHouse", s.Repeated)
	}
	return found
}

func (c *cli) printAudit(outcome audited) error {
	if c.output == "json" {
		return c.printJSON(outcome)
	}
	text := &strings.Builder{}
	fmt.Fprintf(text, "%5s  %10s  %12s  %12s  %8s  %8s  %8s\n", "shard", "life", "expected", "rows", "holes",
		"doubles", "beyond")
	for _, shard := range outcome.Shards {
		fmt.Fprintf(text, "%5d  %10d  %12d  %12d  %8d  %8d  %8d\n",
			shard.Shard, shard.Epoch, shard.Expected, shard.Rows, shard.Missing, shard.Repeated, shard.Beyond)
	}
	for _, life := range outcome.Lives {
		if !life.Newer {
			fmt.Fprintf(text, "shard %d, life %d, which is over: %d rows, numbers %d to %d\n",
				life.Shard, life.Epoch, life.Rows, life.First, life.Last)
		}
	}
	fmt.Fprintf(text, "%d holes, %d doubles, %d customers whose row is older than their history\n",
		outcome.Missing(), outcome.Repeated(), outcome.StaleCustomers)
	for _, finding := range outcome.Findings {
		fmt.Fprintln(text, finding)
	}
	_, err := fmt.Fprint(c.stdout, text)
	return err
}
