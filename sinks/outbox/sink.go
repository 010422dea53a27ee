package outbox

import (
	"context"

	"github.com/holdfast/holdfast/pipeline/signal"
)

// Sink is a store that rows of the outbox go to, and all that a loader must know
// of it. It is used by several goroutines at once. conformance.Run tests one.
type Sink interface {
	// Name returns the sink's name as metrics and dead letters have it: a lower
	// case word, the same at every call.
	Name() string
	// Tables returns what rows of an outbox table are inserted into, in this
	// order; each is loaded by itself. None says that the sink does not know the
	// table: a newer version wrote the record, and its partition waits.
	Tables(of signal.Table) []string
	// NewRows returns an empty set of rows of an outbox table that Tables knows.
	NewRows(of signal.Table) Rows
	// Check returns nil where the store answers and its tables are what Insert
	// writes to. It must fail where an insert would succeed and the rows would
	// not keep their identity, as in a table with another key.
	Check(ctx context.Context) error
	// Insert stores a range of rows and returns nil only when they are stored for
	// good. It is repeated with the same rows, whole, in parts or together with
	// others, for as long as it returns errors, and once more after a restart: a
	// row that comes again must be one row to whoever reads the store.
	Insert(ctx context.Context, b Batch) error
	// Classify says what an error of Check or Insert asks for.
	Classify(err error) Failure
}

// Rows are joined blocks of one outbox table, in whatever form the sink inserts.
// They belong to one goroutine; Insert reads them and leaves them as they are.
type Rows interface {
	// Add appends the rows of a block, all or none. An error says that the block
	// cannot be of its table: its record is set aside. The block is the rows' own
	// from then on.
	Add(block *signal.Block) error
}

// Batch is what one Insert stores: rows [From, To) of Rows, into Table.
type Batch struct {
	Table    string // one of Sink.Tables
	Rows     Rows   // of Sink.NewRows
	From, To int    // From < To
}

// Class says what an error asks for.
type Class uint8

// Classes of errors. An error that a sink does not know is Ambiguous: to repeat
// is always right, to give up never is.
const (
	Unreachable   Class = iota + 1 // never reached the store: retry
	Busy                           // the store cannot at the moment: retry, slower
	Ambiguous                      // the outcome is unknown: repeat the same rows
	Configuration                  // nothing will work before a person acts: pause and say so
	Refused                        // the rows are at fault: find the bad one and set it aside
	unreadable                     // the outbox cannot be read
	unwritten                      // Kafka takes no dead letter, or no offset
	classEnd
)

var classNames = [classEnd]string{
	"unknown", "unreachable", "busy", "ambiguous", "configuration", "data", "kafka", "kafka_write",
}

// String returns the label of metrics and logs.
func (c Class) String() string {
	if c >= classEnd {
		c = 0
	}
	return classNames[c]
}

// Failure is an error in the words that logs, probes and dead letters have for
// it. Nothing in it may quote a row: customers' ids are in them.
type Failure struct {
	Class Class
	Kind  string // short and the same for equal causes, as "clickhouse.469"
	Text  string // one line, a few hundred bytes
	Fix   string // what a person can do; rows wait in the outbox meanwhile
}

// Error returns the text.
func (f *Failure) Error() string { return f.Text }
