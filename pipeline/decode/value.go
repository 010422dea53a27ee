package decode

// Form is what a value is, whatever the format it was written in.
type Form uint8

// Forms of values.
const (
	FormAbsent  Form = iota // null, or the default of a format that has no null
	FormText                // valid UTF-8
	FormInteger             // Number; its digits may stand in the text
	FormHuge                // an integer beyond 10^18 either way, so beyond every range; its digits are the text
	FormDecimal             // a number with a fraction or an exponent, as the text writes it
	FormInstant             // Number is an event.Instant: of formats that have a type for times
	FormBool                // Number is 0 or 1
	FormObject              // named values
	FormList                // values in an order
)

// Forms is a set of forms: the bit 1<<f for form f.
type Forms uint16

// The sets that fields want.
const (
	wantText    Forms = 1 << FormText
	wantInstant Forms = wantText | 1<<FormInstant
	wantInteger Forms = 1<<FormInteger | 1<<FormHuge
	wantAmount  Forms = wantInteger | 1<<FormDecimal // a fraction is bad_amount, not bad_type
	wantDecimal Forms = wantAmount | wantText
	wantBool    Forms = 1 << FormBool
	wantObject  Forms = 1 << FormObject
	wantList    Forms = 1 << FormList
)

// Has reports whether the set holds a form.
func (s Forms) Has(f Form) bool { return s&(1<<f) != 0 }

// Place is the buffer that a value's text stands in.
type Place uint8

// Places of texts.
const (
	InRecord   Place = iota // the payload given to Fields.Begin
	InArena                 // what has been appended to the arena since then
	inConstant              // the constants of the mapping
)

// Value is one typed value. Its text is a range of bytes and no slice, so that
// fields keep no record alive and filling them writes no pointer.
type Value struct {
	Start, End int32 // of the text in its place; Start == End where there is none
	Place      Place
	Form       Form
	Number     int64 // of FormInteger, FormInstant and FormBool
}

// Constant is a scalar of the configuration that stands for a field in every
// record: a text, a number or a boolean. Text is that of a text, and a number
// as it is written. The zero value is no constant.
type Constant struct {
	Form   Form
	Text   string
	Number int64
}
