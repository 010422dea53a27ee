package clickhouse

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox"
)

// LoadGroup is the name of the consumer group that loads for a processing group.
func LoadGroup(group string) string { return group + "-load" }

// Sink inserts rows of the outbox into the tables of schemas/clickhouse. Safe for
// concurrent use.
type Sink struct {
	conn   driver.Conn
	tables map[string]table
}

var _ outbox.Sink = (*Sink)(nil)

// NewSink makes a sink on a connection to the database with the tables. The
// caller closes it when no loader uses the sink any more.
func NewSink(conn driver.Conn) *Sink {
	s := &Sink{conn: conn, tables: map[string]table{}}
	for _, of := range outboxTables {
		for _, t := range tablesOf(of) {
			s.tables[t.name] = t
		}
	}
	return s
}

// Name returns "clickhouse".
func (s *Sink) Name() string { return "clickhouse" }

// Tables names what rows of an outbox table are inserted into.
func (s *Sink) Tables(of signal.Table) []string {
	var names []string
	for _, t := range tablesOf(of) {
		names = append(names, t.name)
	}
	return names
}

// Check is CheckSchema.
func (s *Sink) Check(ctx context.Context) error { return CheckSchema(ctx, s.conn) }

// NewRows returns an empty set of typed columns.
func (s *Sink) NewRows(of signal.Table) outbox.Rows { return newColumnSet(of) }

// insertSettings hold for every insert: an answer that means the rows are
// there, and no limit on the months that a backfill spans.
var insertSettings = clickhouse.Settings{
	"async_insert":                    0,
	"throw_if_no_data_to_insert":      1,
	"max_partitions_per_insert_block": 0,
}

// Insert inserts rows with one statement. An error means that the outcome is
// unknown, unless its class says otherwise.
func (s *Sink) Insert(ctx context.Context, b outbox.Batch) error {
	t, rows := s.tables[b.Table], b.Rows.(*columnSet)
	known := make([]clickhouse.ColumnNameAndType, len(t.columns))
	for i, c := range t.columns {
		known[i] = clickhouse.ColumnNameAndType{Name: c.Name, Type: typeOf(c)}
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(insertSettings), clickhouse.WithColumnNamesAndTypes(known))
	prepared, err := s.conn.PrepareBatch(ctx, t.insert)
	if err != nil {
		return fmt.Errorf("prepare insert into %s: %w", t.name, err)
	}
	defer prepared.Close() //nolint:errcheck // after Send it does nothing; before it there is nothing to lose
	for i, place := range t.pick {
		if err := prepared.Column(i).Append(rows.columns[place].part(b.From, b.To)); err != nil {
			return fmt.Errorf("%w %s.%s: %w", errAppend, t.name, t.columns[i].Name, err)
		}
	}
	if err := prepared.Send(); err != nil {
		return fmt.Errorf("insert into %s: %w", t.name, err)
	}
	return nil
}

// columnSet are joined blocks of one outbox table as the driver takes them.
type columnSet struct {
	specs   []signal.ColumnSpec
	columns []values // in the order of specs
}

func newColumnSet(of signal.Table) *columnSet {
	s := &columnSet{specs: columnsOf(of)}
	for _, c := range s.specs {
		s.columns = append(s.columns, newValues(c))
	}
	return s
}

// Add appends a block's rows, all or none.
func (s *columnSet) Add(block *signal.Block) error {
	columns := make([]*signal.Column, len(s.specs))
	for i, spec := range s.specs {
		if c, ok := block.Column(spec.Name); ok {
			columns[i] = c
		}
		if !s.columns[i].fits(columns[i]) {
			return fmt.Errorf("%w: %s", errColumnKind, spec.Name)
		}
	}
	for i := range columns {
		s.columns[i].add(columns[i], block.Rows, block.Meta)
	}
	return nil
}
