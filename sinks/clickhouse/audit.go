package clickhouse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/holdfast/holdfast/pipeline/signal"
)

// numberMask takes the epoch off a seq.
const numberMask = 1<<signal.EpochShift - 1

// audited are the rows that carry the dense sequence, each key once. Rows older
// than 399 days may have been taken by the time to live of score_history.
const audited = `(
    SELECT src_partition, seq, computed_at, 1 AS is_history FROM score_history FINAL
    UNION ALL SELECT src_partition, seq, computed_at, 0 FROM alert_event FINAL
    UNION ALL SELECT src_partition, seq, computed_at, 0 FROM model_params FINAL
)`

// Audit counts the row numbers of every shard: 1 to n must be there, each once,
// of the life that is expected. expected gives by shard the seq (signal.Seq) of
// the last row known to be in the outbox and loaded; a shard that has written
// none in its life is expected at the number 0, and one of which nothing is
// known is left out. It reads the whole history; read the expectation first, so
// that what is loaded meanwhile only counts as beyond.
func Audit(ctx context.Context, conn driver.Conn, expected map[uint16]uint64) (Report, error) {
	report := Report{}
	bounds, err := readBounds(ctx, conn, expected)
	if err != nil {
		return report, fmt.Errorf("find the first row numbers: %w", err)
	}
	if report.Shards, err = countNumbers(ctx, conn, expected, bounds); err != nil {
		return report, fmt.Errorf("count row numbers: %w", err)
	}
	if err := report.addOthers(ctx, conn, expected); err != nil {
		return report, fmt.Errorf("count rows of other lives: %w", err)
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

// bound is where the numbers of a shard begin.
type bound struct {
	first uint64 // 1, or the number from which on everything must still be there
	least uint64 // of the rows of score_history, or of all where it has none; 0: there is none
}

// readBounds reads where the numbers of each shard begin in its expected life: a
// shard may have run longer than the time to live, and its history may have been
// emptied.
func readBounds(ctx context.Context, conn driver.Conn, expected map[uint16]uint64) (map[uint16]bound, error) {
	rows, err := conn.Query(ctx, `SELECT src_partition, countIf(NOT recent) > 0, minIf(seq, recent),
			minIf(seq, recent AND is_history = 1)
		FROM (SELECT src_partition, seq, is_history, computed_at >= now() - INTERVAL 399 DAY AS recent FROM `+audited+`)
		WHERE `+expectedLife(expected)+` GROUP BY src_partition`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	bounds := map[uint16]bound{}
	for rows.Next() {
		var shard uint16
		var aged bool
		var first, least uint64
		if err := rows.Scan(&shard, &aged, &first, &least); err != nil {
			return nil, err
		}
		if least == 0 { // a shard without customers has other rows
			least = first
		}
		b := bound{first: 1, least: least & numberMask}
		switch {
		case aged && first == 0: // all of it has had its time
			b.first = expected[shard]&numberMask + 1
		case aged:
			b.first = first & numberMask
		}
		bounds[shard] = b
	}
	return bounds, rows.Err()
}

// countNumbers counts by shard, within the expected life.
func countNumbers(
	ctx context.Context, conn driver.Conn, expected map[uint16]uint64, bounds map[uint16]bound,
) ([]ShardReport, error) {
	seqOf := func(number func(bound) uint64) string {
		return byShard(expected, func(shard uint16, last uint64) uint64 {
			return last&^numberMask | number(bounds[shard])
		})
	}
	rows, err := conn.Query(ctx, `SELECT src_partition,
			`+byShard(expected, func(_ uint16, last uint64) uint64 { return last })+` AS last,
			`+seqOf(func(b bound) uint64 { return max(1, b.first) })+` AS first,
			`+seqOf(func(b bound) uint64 { return b.least })+` AS least,
			countIf(seq BETWEEN first AND last),
			uniqExactIf(seq, seq BETWEEN first AND last),
			uniqExactIf(seq, seq BETWEEN first AND last AND seq < least),
			countIf(seq > last)
		FROM `+audited+` WHERE `+expectedLife(expected)+` GROUP BY src_partition`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[uint16]counts{}
	for rows.Next() {
		var shard uint16
		var last, first, least uint64
		var c counts
		if err := rows.Scan(&shard, &last, &first, &least, &c.rows, &c.distinct, &c.below, &c.beyond); err != nil {
			return nil, err
		}
		found[shard] = c
	}
	var shards []ShardReport
	for _, shard := range slices.Sorted(maps.Keys(expected)) {
		shards = append(shards, found[shard].report(shard, expected[shard], bounds[shard]))
	}
	return shards, rows.Err()
}

// counts are what the tables hold of a shard's expected life.
type counts struct {
	rows, distinct uint64 // of the numbers that must be there
	below          uint64 // of those, distinct ones below the first row of score_history
	beyond         uint64
}

func (c counts) report(shard uint16, expected uint64, b bound) ShardReport {
	s := ShardReport{
		Shard: shard, Epoch: expected >> signal.EpochShift, Expected: expected & numberMask, First: max(1, b.first),
		Least: b.least, Rows: c.rows, Repeated: c.rows - c.distinct, Beyond: c.beyond,
	}
	if s.Expected >= s.First {
		s.Missing = s.Expected - s.First + 1 - c.distinct
	}
	switch {
	case s.Least == 0 || s.Least > s.Expected:
		s.Before = s.Missing
	case s.Least > s.First:
		s.Before = s.Least - s.First - c.below
	}
	return s
}

// addOthers adds what the tables hold of other lives, and of shards that nothing
// is expected of.
func (r *Report) addOthers(ctx context.Context, conn driver.Conn, expected map[uint16]uint64) error {
	rows, err := conn.Query(ctx, `SELECT src_partition, bitShiftRight(seq, `+strconv.Itoa(signal.EpochShift)+`) AS epoch,
			count(), min(seq), max(seq)
		FROM `+audited+` WHERE NOT (`+expectedLife(expected)+`)
		GROUP BY src_partition, epoch ORDER BY src_partition, epoch`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var life LifeReport
		if err := rows.Scan(&life.Shard, &life.Epoch, &life.Rows, &life.First, &life.Last); err != nil {
			return err
		}
		life.First, life.Last = life.First&numberMask, life.Last&numberMask
		last, asked := expected[life.Shard]
		if !asked {
			r.addUnasked(life)
			continue
		}
		life.Newer = life.Epoch > last>>signal.EpochShift
		r.Lives = append(r.Lives, life)
	}
	return rows.Err()
}

// addUnasked counts a life into its shard, which comes in the order of shards.
func (r *Report) addUnasked(life LifeReport) {
	if n := len(r.Shards); n == 0 || !r.Shards[n-1].Unasked || r.Shards[n-1].Shard != life.Shard {
		r.Shards = append(r.Shards, ShardReport{Shard: life.Shard, Unasked: true})
	}
	r.Shards[len(r.Shards)-1].Beyond += life.Rows
}

// expectedLife writes a condition that holds for the rows of the expected lives.
func expectedLife(expected map[uint16]uint64) string {
	if len(expected) == 0 {
		return "0"
	}
	var shards []string
	for _, shard := range slices.Sorted(maps.Keys(expected)) {
		shards = append(shards, strconv.Itoa(int(shard)))
	}
	epoch := byShard(expected, func(_ uint16, last uint64) uint64 { return last >> signal.EpochShift })
	return fmt.Sprintf("src_partition IN (%s) AND bitShiftRight(seq, %d) = %s", strings.Join(shards, ","),
		signal.EpochShift, epoch)
}

// byShard writes an expression that is a number by src_partition, 0 for shards
// that nothing is expected of.
func byShard(expected map[uint16]uint64, number func(uint16, uint64) uint64) string {
	if len(expected) == 0 {
		return "toUInt64(0)"
	}
	var from, to []string
	for _, shard := range slices.Sorted(maps.Keys(expected)) {
		from = append(from, fmt.Sprintf("toUInt16(%d)", shard))
		to = append(to, fmt.Sprintf("toUInt64(%d)", number(shard, expected[shard])))
	}
	return "transform(src_partition, [" + strings.Join(from, ",") + "], [" + strings.Join(to, ",") + "], toUInt64(0))"
}
