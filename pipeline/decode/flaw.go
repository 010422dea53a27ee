package decode

// flaw is what can be wrong with one field: a reason and the sentence that
// says what would be right.
type flaw uint8

const (
	fine flaw = iota
	idLength64
	idLength128
	idControl
	keyLength
	headerText
	instantForm
	instantRange
	instantEarly
	instantFuture
	notListed
	otherKind
	currencyForm
	amountForm
	amountRange
	amountNegative
	marginRange
	decimalForm
	decimalInexact
	numberRange
	textLength
	mergeIDs
	mergeID
	lineCount
	lineText
	lineQuantity
	lineDate
	flawCount
)

var flaws = [flawCount]struct {
	reason Reason
	detail string
}{
	fine:        {None, ""},
	idLength64:  {BadID, "must be 1 to 64 bytes long"},
	idLength128: {BadID, "must be 1 to 128 bytes long"},
	idControl:   {BadID, "must not hold control characters"},
	keyLength:   {BadID, "the record's key must be at most 1 KiB long"},
	headerText:  {BadID, "the header ce_id must be valid UTF-8"},
	instantForm: {BadTime, "must be RFC 3339 with an offset, such as 2026-03-01T10:15:30Z or " +
		"2026-03-01T11:15:30.123456789+01:00 (offset within 18:00, no leap second)"},
	instantRange:   {BadTime, "must lie in the years 1990 to 2200"},
	instantEarly:   {BadTime, "must not precede time.min_event_time"},
	instantFuture:  {FutureTime, "must not follow the record's timestamp by more than time.max_future"},
	notListed:      {BadValue, "must be one of the schema's closed list"},
	otherKind:      {BadValue, "must be a kind of this event type"},
	currencyForm:   {BadValue, "must be three capital letters"},
	amountForm:     {BadAmount, "must be an integer without fraction or exponent"},
	amountRange:    {BadAmount, "must be at most 10^12"},
	amountNegative: {BadAmount, "must not be negative"},
	marginRange:    {BadAmount, "must be within 10^12 of 0"},
	decimalForm:    {BadAmount, "must be a decimal number without exponent"},
	decimalInexact: {BadAmount, "must not have more decimals than its currency"},
	numberRange:    {BadValue, "must be within the range of the schema"},
	textLength:     {BadValue, "must be at most 256 bytes long"},
	mergeIDs:       {BadValue, "must hold 1 to 16 ids"},
	mergeID:        {BadValue, "must hold ids of 1 to 128 bytes without control characters"},
	lineCount:      {BadValue, "must hold at most 200 lines"},
	lineText:       {BadValue, "texts in lines must be at most 256 bytes long"},
	lineQuantity:   {BadValue, "qty in lines must be 0 to 1000000"},
	lineDate:       {BadValue, "launch_date in lines must be a valid YYYY-MM-DD"},
}

// reject is the Reject of a flaw of the named field.
func (f flaw) reject(field string) Reject {
	return Reject{Reason: flaws[f].reason, Field: field, Detail: flaws[f].detail}
}
