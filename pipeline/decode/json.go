package decode

import (
	"math/bits"
	"unicode/utf8"

	"github.com/holdfast/holdfast/pipeline/event"
)

// maxFields bounds the fields of one event type: they are bits of one word.
const maxFields = 64

// unknown is the number of a source field that the schema does not know.
const unknown = maxFields

// knownSchema is the only schema_version there is so far.
const knownSchema = 1

// JSON decodes the JSON records of one topic. It reads a record twice: a scan
// checks the syntax and notes where each known field stands, then the fields
// are judged and stored in the order of the schema. The scan first tries the
// field names in the order of the record before, since a producer writes them
// in the same order every time.
type JSON struct {
	schema
	scanner

	plan [maxFields]uint8 // the fields of the record before, in its order

	// Of the record in hand, by field number.
	tokens  [maxFields + 1]token // the last is for unknown fields
	seen    uint64               // stood in the record, if only as null
	present uint64               // has a value
	badType uint64               // has a value of another JSON type

	key       []byte
	timestamp event.Instant
	linesFlaw flaw
	mergeFlaw flaw
	consent   tokenKind // of consent.marketing, tokenNull if absent
	isTest    bool

	dates dateCache
}

// New makes the decoder of one topic. It fails when the type has no schema or
// the mapping names what the schema does not have; the error says which.
func New(cfg Config) (*JSON, error) {
	s, err := compile(cfg)
	if err != nil {
		return nil, err
	}
	d := &JSON{schema: s}
	for i := range d.plan {
		d.plan[i] = unknown
	}
	if err := d.storeConstants(); err != nil {
		return nil, err
	}
	return d, nil
}

// Decode implements Decoder.
func (d *JSON) Decode(dst *event.Event, rec *Record, arena *Arena) (Reject, bool) {
	*dst = event.Event{}
	dst.Type, dst.RecordTime = d.cfg.Type, rec.Timestamp
	if !rec.HasValue || len(rec.Value) == 0 {
		return Reject{Reason: Empty, Detail: "the value must not be null or empty"}, false
	}
	if len(rec.Value) > d.cfg.MaxValueBytes {
		return Reject{Reason: TooLarge, Detail: "the value must be at most kafka.max_record_bytes long"}, false
	}
	d.begin(rec, arena)
	reject, ok := d.read(dst, rec)
	d.b, d.key, d.arena = nil, nil, nil
	if cap(d.names) > 0 {
		d.names.release()
	}
	return reject, ok
}

func (d *JSON) begin(rec *Record, arena *Arena) {
	d.b, d.pos, d.arena = rec.Value, 0, arena
	d.encoding, d.twice = false, false
	d.seen, d.present, d.badType = 0, d.constantMask, 0
	d.key, d.timestamp = rec.Key, rec.Timestamp
	d.consent, d.isTest = tokenNull, false
}

func (d *JSON) read(dst *event.Event, rec *Record) (Reject, bool) {
	if !d.record() || d.twice {
		return d.unreadable(), false
	}
	if reject := d.judge(dst, rec); reject.Reason != None {
		return reject, false
	}
	return Reject{}, true
}

// unreadable says why the value is not one JSON object. Bad text anywhere
// comes before bad syntax.
func (d *JSON) unreadable() Reject {
	switch {
	case d.encoding || !utf8.Valid(d.b) || loneSurrogate(d.b):
		return Reject{Reason: BadEncoding, Detail: "the value must be valid UTF-8 without lone surrogates"}
	case d.twice:
		return Reject{Reason: BadSyntax, Detail: "no object may have a field twice"}
	}
	return Reject{Reason: BadSyntax, Detail: "the value must be one JSON object, at most 8 levels deep"}
}

// record scans the whole value: one object and nothing else.
func (d *JSON) record() bool {
	d.space()
	if d.pos >= len(d.b) || d.b[d.pos] != '{' {
		return false
	}
	more, ok := d.open('}', 1)
	for k := 0; more; k++ {
		i, named := d.fieldName(k)
		if !named || !d.value(&d.tokens[i], 1) {
			return false
		}
		if i < unknown {
			d.note(i)
		}
		more, ok = d.next('}')
	}
	if !ok {
		return false
	}
	if len(d.names) > 0 {
		d.twice = d.twice || d.names.twice(0)
		d.names = d.names[:0]
	}
	d.space()
	return d.pos == len(d.b)
}

// fieldName scans the k-th field name and gives its number: by comparing it
// with the k-th of the record before, else by looking it up.
func (d *JSON) fieldName(k int) (uint8, bool) {
	if k < maxFields {
		if i := d.plan[k]; i < unknown {
			quoted := d.specs[i].quoted
			if end := d.pos + len(quoted); end < len(d.b) && string(d.b[d.pos:end]) == quoted {
				d.pos = end
				if d.b[end] <= ' ' {
					d.space()
				}
				return i, true
			}
		}
	}
	name, ok := d.name()
	if !ok {
		return 0, false
	}
	i, known := d.numbers[string(name)]
	if !known {
		i = unknown
		d.names = append(d.names, name)
	}
	if k < maxFields {
		d.plan[k] = i
	}
	return i, true
}

// note records that field i stands in the record, and with it the fields that
// the mapping reads from the same place.
func (d *JSON) note(i uint8) {
	bit := uint64(1) << i
	if d.seen&bit != 0 {
		d.twice = true
	}
	d.seen |= bit
	tok := &d.tokens[i]
	if tok.kind == tokenNull {
		return
	}
	for {
		d.present |= bit
		if d.specs[i].want&(1<<tok.kind) == 0 {
			d.badType |= bit
		}
		next := d.specs[i].also
		if next == 0 {
			return
		}
		d.tokens[next] = *tok
		i, bit = next, 1<<next
	}
}

// reject names the field of number i in the schema's words.
func (d *JSON) reject(i int, f flaw) Reject { return f.reject(d.specs[i].name) }

// lowest is the number of the first field of a set.
func lowest(set uint64) int { return bits.TrailingZeros64(set) }
