package clickhouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/twmb/franz-go/pkg/kgo"
)

// batch is what adjacent outbox records of one table are joined to. It owns its
// rows: an attempt takes slices of them and leaves them as they are.
type batch struct {
	specs   []signal.ColumnSpec
	columns []values // in the order of specs
	rows    int
	sources []source
}

// source is one of the joined records.
type source struct {
	record *kgo.Record
	block  *signal.Block
	from   int // the block's first row in the batch
}

func newBatch(of signal.Table) *batch {
	b := &batch{specs: signal.ColumnsOf(of)}
	for _, c := range b.specs {
		b.columns = append(b.columns, newValues(c.Type))
	}
	return b
}

// add joins a block to the batch, wholly or not at all.
func (b *batch) add(record *kgo.Record, block *signal.Block) error {
	columns := make([]*signal.Column, len(b.specs))
	for i, spec := range b.specs {
		if c, ok := block.Column(spec.Name); ok {
			columns[i] = c
		}
		if !b.columns[i].fits(columns[i]) {
			return fmt.Errorf("%w: %s", errColumnKind, spec.Name)
		}
	}
	for i := range columns {
		b.columns[i].add(columns[i], block.Rows, block.Meta)
	}
	b.sources = append(b.sources, source{record: record, block: block, from: b.rows})
	b.rows += block.Rows
	return nil
}

// source gives the record that a row came with, and its place in the block.
func (b *batch) source(row int) (source, int) {
	at := len(b.sources) - 1
	for at > 0 && b.sources[at].from > row {
		at--
	}
	return b.sources[at], row - b.sources[at].from
}

// insertSettings hold for every insert: an answer that means the rows are
// there, and no limit on the months that a backfill spans.
var insertSettings = clickhouse.Settings{
	"async_insert":                    0,
	"throw_if_no_data_to_insert":      1,
	"max_partitions_per_insert_block": 0,
}

// send inserts rows [from, to) of the batch with one statement. An error means
// that the outcome is unknown, unless its class says otherwise.
func (b *batch) send(ctx context.Context, conn driver.Conn, t table, from, to int, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	known := make([]clickhouse.ColumnNameAndType, len(t.columns))
	for i, c := range t.columns {
		known[i] = clickhouse.ColumnNameAndType{Name: c.Name, Type: c.Type}
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(insertSettings), clickhouse.WithColumnNamesAndTypes(known))
	prepared, err := conn.PrepareBatch(ctx, t.insert)
	if err != nil {
		return fmt.Errorf("prepare insert into %s: %w", t.name, err)
	}
	defer prepared.Close() //nolint:errcheck // after Send it does nothing; before it there is nothing to lose
	for i, place := range t.pick {
		if err := prepared.Column(i).Append(b.columns[place].part(from, to)); err != nil {
			return fmt.Errorf("%w %s.%s: %w", errAppend, t.name, t.columns[i].Name, err)
		}
	}
	if err := prepared.Send(); err != nil {
		return fmt.Errorf("insert into %s: %w", t.name, err)
	}
	return nil
}
