package decode

// Reason is why a record was not taken. These are all the reasons there are;
// a dead letter carries the name.
type Reason uint8

// Reasons. TooLate, MergeLoop and RowRejected are given by later stages, never
// by a decoder.
const (
	None          Reason = iota
	Empty                // null or zero-length value
	TooLarge             // value above the limit
	BadSyntax            // not one JSON object, a field twice, nested too deep
	UnknownSchema        // schema_version is not known
	UnknownType          // event_type is not that of the topic
	MissingField         // a field that this kind of event must have
	BadType              // a field has another JSON type than it should
	BadValue             // outside a range or a closed list, or too long
	BadID                // empty, too long, or with control characters
	BadTime              // not an instant of the one form, or out of range
	FutureTime           // occurred_at after the record's timestamp plus the allowance
	BadAmount            // not an integer number of minor units within range
	KeyMismatch          // the record's key is not the customer's id
	TestEvent            // is_test was true
	TooLate              // older than everything retained
	MergeLoop            // forwarded too often
	RowRejected          // refused by the table it was to be written to
	BadEncoding          // invalid UTF-8, a lone surrogate, a batch that cannot be read
	reasonCount

	// ReasonCount is the length of an array indexed by Reason (None included).
	ReasonCount = int(reasonCount)
)

var reasonNames = [reasonCount]string{"",
	"empty", "too_large", "bad_syntax", "unknown_schema", "unknown_type", "missing_field", "bad_type",
	"bad_value", "bad_id", "bad_time", "future_time", "bad_amount", "key_mismatch", "test_event",
	"too_late", "merge_loop", "row_rejected", "bad_encoding"}

// String gives the name that stands in dead letters and metrics.
func (r Reason) String() string { return reasonNames[r] }

// Reject says why a record was not taken, and nothing of its content.
type Reject struct {
	Reason Reason
	Field  string // the schema's name of the field concerned, "" for the record as a whole
	Detail string // a constant sentence for people
}
