package clickhouse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// seqBits are the bits of a row's seq below the topology epoch.
const seqBits = 48

// Report is the outcome of an audit.
type Report struct {
	Shards []ShardReport // by shard
	// StaleCustomers are those whose row in customer_current is older than
	// their newest in score_history.
	StaleCustomers uint64
}

// ShardReport is the outcome for one shard.
type ShardReport struct {
	Shard    uint16
	Expected uint64 // the last number that must be there, of Epoch
	Epoch    uint64
	First    uint64 // the first number that was looked for: 1, or the first within the time to live
	Rows     uint64 // rows with a number of First to Expected, each key once
	Missing  uint64 // numbers that no row has
	Repeated uint64 // rows beyond one per number
	Beyond   uint64 // rows with a higher number: loaded after the expectation was read
	Unasked  bool   // rows of a shard that nothing was expected of
}

// Missing is the number of holes over all shards.
func (r Report) Missing() uint64 {
	return r.sum(func(s ShardReport) uint64 { return s.Missing })
}

// Repeated is the number of doubles over all shards.
func (r Report) Repeated() uint64 {
	return r.sum(func(s ShardReport) uint64 { return s.Repeated })
}

// OK says that nothing is missing, doubled or stale.
func (r Report) OK() bool { return r.Missing() == 0 && r.Repeated() == 0 && r.StaleCustomers == 0 }

func (r Report) sum(of func(ShardReport) uint64) uint64 {
	total := uint64(0)
	for _, s := range r.Shards {
		total += of(s)
	}
	return total
}

// audited are the rows that carry the dense sequence, each key once. Rows older
// than 399 days may have been taken by the time to live of score_history.
const audited = `(
    SELECT src_partition, seq, computed_at FROM score_history FINAL
    UNION ALL SELECT src_partition, seq, computed_at FROM alert_event FINAL
    UNION ALL SELECT src_partition, seq, computed_at FROM model_params FINAL
)`

// Audit counts the row numbers of every shard: 1 to n must be there, each once.
// expected gives by shard the seq (epoch << 48 | n) of the last row known to be
// in the outbox and loaded; a shard expected at 0 has no rows. It reads the
// whole history; read the expectation first, so that what is loaded meanwhile
// only counts as beyond.
func Audit(ctx context.Context, conn driver.Conn, expected map[uint16]uint64) (Report, error) {
	report := Report{}
	first, err := firstNumbers(ctx, conn)
	if err != nil {
		return report, fmt.Errorf("find the first row numbers: %w", err)
	}
	found, err := countNumbers(ctx, conn, expected, first)
	if err != nil {
		return report, fmt.Errorf("count row numbers: %w", err)
	}
	for _, shard := range slices.Sorted(maps.Keys(expected)) {
		s := found[shard]
		s.Shard, s.Epoch, s.Expected = shard, expected[shard]>>seqBits, expected[shard]&(1<<seqBits-1)
		s.First = max(1, first[shard]&(1<<seqBits-1))
		if s.Expected >= s.First {
			s.Missing = s.Expected - s.First + 1 - s.Missing // Missing held the distinct numbers
		}
		report.Shards = append(report.Shards, s)
		delete(found, shard)
	}
	for _, shard := range slices.Sorted(maps.Keys(found)) {
		s := found[shard]
		report.Shards = append(report.Shards, ShardReport{Shard: shard, Beyond: s.Beyond, Unasked: true})
	}
	err = conn.QueryRow(ctx, `SELECT countIf(c.seq < h.seq) FROM
		(SELECT customer_id, max(seq) AS seq FROM score_history GROUP BY customer_id) AS h
		LEFT JOIN (SELECT customer_id, max(seq) AS seq FROM customer_current GROUP BY customer_id) AS c
		ON c.customer_id = h.customer_id`).Scan(&report.StaleCustomers)
	if err != nil {
		return report, fmt.Errorf("compare customer_current with score_history: %w", err)
	}
	return report, nil
}

// firstNumbers gives, for shards that have run longer than the time to live, the
// seq from which on everything must still be there.
func firstNumbers(ctx context.Context, conn driver.Conn) (map[uint16]uint64, error) {
	rows, err := conn.Query(ctx, `SELECT src_partition, minIf(seq, computed_at >= now() - INTERVAL 399 DAY)
		FROM `+audited+` GROUP BY src_partition HAVING countIf(computed_at < now() - INTERVAL 399 DAY) > 0`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	first := map[uint16]uint64{}
	for rows.Next() {
		var shard uint16
		var seq uint64
		if err := rows.Scan(&shard, &seq); err != nil {
			return nil, err
		}
		first[shard] = seq
	}
	return first, rows.Err()
}

// countNumbers counts by shard; Missing holds the distinct numbers.
func countNumbers(ctx context.Context, conn driver.Conn, expected, first map[uint16]uint64) (map[uint16]ShardReport, error) {
	rows, err := conn.Query(ctx, `SELECT src_partition,
			toUInt64(`+byShard(expected, func(_ uint16, last uint64) uint64 { return last })+`) AS last,
			toUInt64(`+byShard(expected, func(shard uint16, last uint64) uint64 {
		return max(last>>seqBits<<seqBits|1, first[shard])
	})+`) AS least,
			countIf(seq BETWEEN least AND last), uniqExactIf(seq, seq BETWEEN least AND last), countIf(seq > last)
		FROM `+audited+` GROUP BY src_partition`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[uint16]ShardReport{}
	for rows.Next() {
		var s ShardReport
		var last, least, distinct uint64
		if err := rows.Scan(&s.Shard, &last, &least, &s.Rows, &distinct, &s.Beyond); err != nil {
			return nil, err
		}
		s.Missing, s.Repeated = distinct, s.Rows-distinct
		found[s.Shard] = s
	}
	return found, rows.Err()
}

// byShard writes an expression that is a number by src_partition, 0 for shards
// that nothing is expected of.
func byShard(expected map[uint16]uint64, number func(uint16, uint64) uint64) string {
	if len(expected) == 0 {
		return "0"
	}
	var from, to []string
	for _, shard := range slices.Sorted(maps.Keys(expected)) {
		from = append(from, fmt.Sprintf("toUInt16(%d)", shard))
		to = append(to, fmt.Sprintf("toUInt64(%d)", number(shard, expected[shard])))
	}
	return "transform(src_partition, [" + strings.Join(from, ",") + "], [" + strings.Join(to, ",") + "], toUInt64(0))"
}
