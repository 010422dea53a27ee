// Package json reads the events of a topic whose records are JSON objects. It
// is one format of package decode, which has the rules.
package json

import (
	"math/bits"
	"unicode/utf8"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// unknown is the number of a source field that the schema does not know.
const unknown = decode.MaxFields

// Decoder decodes the JSON records of one topic. It reads a record twice: a
// scan checks the syntax and notes where each known field stands, then the
// rules judge the fields and store them. The scan first tries the field names
// in the order of the record before, since a producer writes them in the same
// order every time; nothing else is kept of a record. A decoder is used by one
// goroutine at a time.
type Decoder struct {
	fields decode.Fields
	scanner

	plan    [decode.MaxFields]uint8         // the fields of the record before, in its order
	names8  [decode.MaxFields + 1]quickName // the last one fits nothing
	wants   [decode.MaxFields]decode.Forms
	also    [decode.MaxFields]uint8 // the next field that is read from the same source field, 0 for none
	numbers map[string]uint8        // source field name -> number of the first field read from it

	// The bits of the fields that hold further values, 0 where the type has no
	// such field.
	consent, lines, mergeFrom uint64

	// Of the record in hand, by field number.
	seen    uint64 // stood in the record, if only as null
	escaped uint64 // texts with an escape
}

// New makes the decoder of one topic. It fails when the type has no schema or
// the mapping names what the schema does not have; the error says which.
func New(cfg decode.Config) (*Decoder, error) {
	rules, err := decode.NewRules(cfg)
	if err != nil {
		return nil, err
	}
	d := &Decoder{fields: rules.NewFields(), numbers: make(map[string]uint8)}
	for i := range d.plan {
		d.plan[i] = unknown
	}
	for i := rules.Len() - 1; i >= 0; i-- {
		source := rules.Source(i)
		d.names8[i], d.wants[i] = newQuickName(source), rules.Want(i)
		if source != "" {
			d.also[i], d.numbers[source] = d.numbers[source], uint8(i)
		}
	}
	d.consent, d.lines, d.mergeFrom = bitOf(rules, "consent"), bitOf(rules, "lines"), bitOf(rules, "merge_from")
	return d, nil
}

func bitOf(rules *decode.Rules, name string) uint64 {
	if i, ok := rules.Number(name); ok {
		return 1 << i
	}
	return 0
}

// Decode decodes one record. It overwrites dst completely but for the record's
// place (Input, Partition and Offset become 0; the caller sets them
// afterwards). It returns true when the record is an event, and otherwise why
// it is not; dst is then without meaning. The byte slices of dst alias rec and
// arena: they are valid until either is reused. Decode does not allocate for an
// event it accepts, once the arena has grown to its batch. Its time is linear
// in the size of the value (n log n in the number of fields of one object).
func (d *Decoder) Decode(dst *event.Event, rec *decode.Record, arena *decode.Arena) (decode.Reject, bool) {
	value := event.TrimByteOrderMark(rec.Value)
	reject := d.fields.Begin(dst, rec, value, arena)
	if reject.Reason != decode.None {
		return reject, false
	}
	d.b, d.arena = value, arena
	d.encoding, d.twice, d.seen, d.escaped = false, false, 0, 0
	if d.record() && !d.twice {
		d.complete()
		reject = d.fields.Judge(dst, rec)
	} else {
		reject = unreadable(&d.scanner)
	}
	d.fields.End()
	d.b, d.arena = nil, nil
	if cap(d.names) > 0 {
		d.names.release()
	}
	return reject, reject.Reason == decode.None
}

// unreadable says why the value is not one JSON object. Bad text anywhere
// comes before bad syntax.
func unreadable(s *scanner) decode.Reject {
	switch {
	case event.IsUTF16(s.b):
		return decode.Reject{Reason: decode.BadEncoding, Detail: "the value is UTF-16 or UTF-32; it must be UTF-8"}
	case s.encoding || !utf8.Valid(s.b) || loneSurrogate(s.b):
		return decode.Reject{Reason: decode.BadEncoding, Detail: "the value must be valid UTF-8 without lone surrogates"}
	case s.twice:
		return decode.Reject{Reason: decode.BadSyntax, Detail: "no object may have a field twice"}
	}
	return decode.Reject{Reason: decode.BadSyntax, Detail: "the value must be one JSON object, at most 8 levels deep"}
}

// complete fills in what a scan of the whole record leaves open: texts with
// escapes, and what stands inside of objects and arrays.
func (d *Decoder) complete() {
	for set := d.escaped; set != 0; set &= set - 1 {
		i := bits.TrailingZeros64(set)
		v := d.unescaped(d.fields.Values[i])
		for {
			d.fields.Values[i] = v
			if i = int(d.also[i]); i == 0 {
				break
			}
		}
	}
	if d.fields.Present&^d.fields.Mistyped&(d.consent|d.lines|d.mergeFrom) != 0 {
		d.walkNested()
	}
}

// unescaped is the value of a text with escapes.
func (d *Decoder) unescaped(v decode.Value) decode.Value {
	start := d.arena.Len()
	unescape(d.arena, d.b[v.Start:v.End])
	return d.fields.Appended(decode.FormText, start)
}
