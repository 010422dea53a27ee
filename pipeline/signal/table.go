package signal

// Table names the outbox table that a block's rows belong to. One block is of
// one table.
type Table uint8

// Outbox tables. TableCustomer fans out in the loader: every row goes to
// customer_current, and its columns tagged "history" to score_history.
const (
	TableCustomer Table = iota + 1
	TableAlert
	TableModel
	TableQuality
	tableEnd
)

var tableNames = [tableEnd]string{"", "customer", "alert", "model", "quality"}

// String gives the outbox name; "unknown" for a table of a newer writer.
func (t Table) String() string {
	if t == 0 || t >= tableEnd {
		return "unknown"
	}
	return tableNames[t]
}

// Record header of what the process writes to its own topics, by which a reader
// knows the format before it reads the value: a whole number, larger for a later
// format that older readers do not understand.
const (
	FormatHeader  = "holdfast_format"
	FormatVersion = "1"
)

// Limits of one block. A writer flushes before it reaches them (Full); a reader
// refuses what exceeds them, so that no record can ask for more memory than
// some hundred MiB.
const (
	MaxBlockRows    = 1 << 16 // rows
	MaxBlockBytes   = 7 << 20 // encoded, as a writer aims at: a record of 8 MiB is what the outbox takes
	MaxBlockColumns = 512

	maxEncodedBytes = 16 << 20 // encoded, as a reader accepts
	maxBodyBytes    = 64 << 20 // after decompression
	maxCells        = 16 << 20 // rows times columns, and elements of all lists
	maxShards       = 1 << 16
	maxMetaText     = 64 // bytes of a name in Meta
)

// Meta is what holds for every row of a block.
type Meta struct {
	// Currency is the ISO 4217 code of all amounts, CurrencyExponent the number
	// of its decimal places: amounts are in minor units, a loader divides them
	// by 10^CurrencyExponent.
	Currency         string
	CurrencyExponent uint8
	// TimeZone is the IANA name of the business time zone.
	TimeZone string
}

// ShardRange says which row numbers of a shard a block carries: the least and
// the greatest, and how many (they need not be adjacent, because the rows of
// all tables share one sequence).
type ShardRange struct {
	Shard uint16
	First uint64
	Last  uint64
	Rows  uint32
}

// ColumnsOf returns the columns of the alert, the model or the quality table, in the
// order of the row struct. It panics for another table: the columns of the customer table
// are those of its Layout.
func ColumnsOf(t Table) []ColumnSpec {
	var fields []field
	switch t {
	case TableAlert:
		fields = compile[AlertRow]()
	case TableModel:
		fields = compile[ModelRow]()
	case TableQuality:
		fields = compile[QualityRow]()
	default:
		panic("signal: columns of a table without a row struct")
	}
	specs := make([]ColumnSpec, len(fields))
	for i := range fields {
		specs[i] = fields[i].spec
	}
	return specs
}
